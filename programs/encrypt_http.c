/* SPDX-License-Identifier: MIT */
#include "encrypt_http.h"

#include <poll.h>
#include <unistd.h>

#include "encrypt_request.h"
#include "encrypt_routes.h"

/* After so many seconds without a byte a connection is closed, unless it waits for the pool. */
#define IDLE_SECONDS 30u

static enum MHD_Result http_begin(struct encrypt_http *http, struct MHD_Connection *connection, const char *path,
				  const char *method, void **slot)
{
	struct encrypt_request *request = encrypt_request_create(http, connection);

	if (!request)
		return MHD_NO;
	*slot = request;
	encrypt_routes_choose(request, path, method);
	if (encrypt_request_is_refused_now(request))
		return encrypt_request_answer_fixed(request, request->refusal);
	return MHD_YES;
}

/* The request is there, or what the pool made of it. */
static enum MHD_Result http_finish(struct encrypt_request *request)
{
	struct MHD_Response *response = request->response;

	request->response = NULL;
	if (response)
		return encrypt_request_answer(request, request->status, response);
	if (request->refusal)
		return encrypt_request_answer_fixed(request, request->refusal);
	return request->route(request);
}

/* Called with the headers, then for each piece of the body, and then with none; once more after a suspension. */
static enum MHD_Result http_on_request(void *cls, struct MHD_Connection *connection, const char *path,
				       const char *method, const char *version, const char *data, size_t *size,
				       void **slot)
{
	bool wanted;

	(void)version;
	if (!*slot)
		return http_begin(cls, connection, path, method, slot);
	if (!*size)
		return http_finish(*slot);
	wanted = encrypt_request_append(*slot, data, *size);
	*size = 0;
	return wanted ? MHD_YES : MHD_NO;
}

static void http_on_completed(void *cls, struct MHD_Connection *connection, void **slot,
			      enum MHD_RequestTerminationCode how)
{
	(void)cls;
	(void)connection;
	(void)how;
	if (*slot)
		encrypt_request_free(*slot);
	*slot = NULL;
}

int encrypt_http_start(struct encrypt_http *http, int listen_fd)
{
	http->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, http_on_request, http,
					MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_NOTIFY_COMPLETED,
					http_on_completed, http, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
					MHD_OPTION_END);
	return http->daemon ? 0 : -1;
}

int encrypt_http_fd(const struct encrypt_http *http)
{
	return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int encrypt_http_timeout(const struct encrypt_http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(http->daemon, &ms) != MHD_YES)
		return -1;
	return ms < IDLE_SECONDS * 1000 ? (int)ms : (int)IDLE_SECONDS * 1000;
}

void encrypt_http_run(struct encrypt_http *http)
{
	(void)MHD_run(http->daemon);
}

/* Those who wait to be accepted have connected before the server was to stop, and would be reset. */
static void http_accept_waiting(struct encrypt_http *http)
{
	struct pollfd listening = { .fd = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_LISTEN_FD)->listen_fd,
				    .events = POLLIN };

	for (int i = 0; i < SOMAXCONN && poll(&listening, 1, 0) == 1; i++)
		encrypt_http_run(http);
}

void encrypt_http_stop_accepting(struct encrypt_http *http)
{
	MHD_socket listening;

	http_accept_waiting(http);
	http->stopping = true;
	listening = MHD_quiesce_daemon(http->daemon);
	if (listening != MHD_INVALID_SOCKET)
		close(listening);
}

void encrypt_http_stop(struct encrypt_http *http)
{
	MHD_stop_daemon(http->daemon);
}
