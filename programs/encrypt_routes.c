/* SPDX-License-Identifier: MIT */
#include "encrypt_routes.h"

#include <stdio.h>
#include <string.h>

#include "encrypt_task.h"

static const struct encrypt_fixed routes_no_page = { MHD_HTTP_NOT_FOUND, "{\"error\":\"no such page\"}", NULL, NULL };
static const struct encrypt_fixed routes_only_post = {
	MHD_HTTP_METHOD_NOT_ALLOWED, "{\"error\":\"only POST\"}", MHD_HTTP_HEADER_ALLOW, "POST"
};
static const struct encrypt_fixed routes_only_get = {
	MHD_HTTP_METHOD_NOT_ALLOWED, "{\"error\":\"only GET\"}", MHD_HTTP_HEADER_ALLOW, "GET, HEAD"
};
static const struct encrypt_fixed routes_full = {
	MHD_HTTP_SERVICE_UNAVAILABLE, "{\"error\":\"too many requests wait\"}", MHD_HTTP_HEADER_RETRY_AFTER, "1"
};
static const struct encrypt_fixed routes_stopping = {
	MHD_HTTP_SERVICE_UNAVAILABLE, "{\"error\":\"the server stops\"}", MHD_HTTP_HEADER_RETRY_AFTER, "1"
};
static const struct encrypt_fixed routes_failed = {
	MHD_HTTP_INTERNAL_SERVER_ERROR, "{\"error\":\"encryption failed\"}", NULL, NULL
};
static const struct encrypt_fixed routes_healthy = { MHD_HTTP_OK, "{\"status\":\"ok\"}", NULL, NULL };

/* ---- /encrypt ---- */

static const struct encrypt_fixed *encrypt_refusal_of(int err)
{
	switch (err) {
	case WT_EAGAIN:
		return &routes_full;
	case WT_ECLOSED:
	case WT_ECANCELED:
	case WT_ETERMINATED:
		return &routes_stopping;
	case WT_ENOMEM:
		return &encrypt_refused_memory;
	default:
		return &routes_failed;
	}
}

static struct MHD_Response *encrypt_response(const wt_message *reply)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(reply->size, (void *)(uintptr_t)reply->data, MHD_RESPMEM_MUST_COPY);

	if (response)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	return response;
}

static void encrypt_note_failure(int result)
{
	if (encrypt_refusal_of(result) == &routes_failed)
		fprintf(stderr, "encrypt_server: a task failed: %s\n", wt_strerror(result));
}

/* Whether the client is still there shows when the answer is sent. */
static void encrypt_on_done(wt_task *task, int result, wt_message *reply, void *arg)
{
	struct encrypt_request *request = arg;

	(void)task;
	if (result) {
		encrypt_note_failure(result);
	} else {
		request->status = reply->type;
		request->response = encrypt_response(reply);
	}
	if (!request->response)
		encrypt_request_refuse(request, encrypt_refusal_of(result ? result : WT_ENOMEM));
	MHD_resume_connection(request->connection);
}

static enum MHD_Result route_encrypt(struct encrypt_request *request)
{
	wt_pool *pool = request->http->pool;
	char *body = request->body;
	int err;

	if (!pool)
		return encrypt_request_answer_fixed(request, &routes_stopping);
	request->body = NULL;
	err = encrypt_submit(pool, body, request->size, encrypt_on_done, request);
	if (err)
		return encrypt_request_answer_fixed(request, encrypt_refusal_of(err));
	MHD_suspend_connection(request->connection);
	return MHD_YES;
}

/* ---- /metrics, /health ---- */

static enum MHD_Result route_metrics(struct encrypt_request *request)
{
	struct MHD_Response *response;
	size_t size;
	char *page = encrypt_metrics_page(&request->http->metrics, request->http->pool, &size);

	if (!page)
		return encrypt_request_answer_fixed(request, &encrypt_refused_memory);
	response = MHD_create_response_from_buffer(size, page, MHD_RESPMEM_MUST_FREE);
	if (response)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; version=0.0.4");
	return encrypt_request_answer(request, MHD_HTTP_OK, response);
}

static enum MHD_Result route_health(struct encrypt_request *request)
{
	return encrypt_request_answer_fixed(request, request->http->stopping ? &routes_stopping : &routes_healthy);
}

/* ---- */

static const struct {
	const char *path;
	const char *methods[2]; /* the second may be NULL */
	const struct encrypt_fixed *refusal; /* of any other */
	encrypt_route_fn *route;
} routes[] = {
	{ "/encrypt", { MHD_HTTP_METHOD_POST, NULL }, &routes_only_post, route_encrypt },
	{ "/metrics", { MHD_HTTP_METHOD_GET, MHD_HTTP_METHOD_HEAD }, &routes_only_get, route_metrics },
	{ "/health", { MHD_HTTP_METHOD_GET, MHD_HTTP_METHOD_HEAD }, &routes_only_get, route_health },
};

void encrypt_routes_choose(struct encrypt_request *request, const char *path, const char *method)
{
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		const char *const *methods = routes[i].methods;

		if (strcmp(path, routes[i].path) != 0)
			continue;
		request->route = routes[i].route;
		if (strcmp(method, methods[0]) != 0 && (!methods[1] || strcmp(method, methods[1]) != 0))
			encrypt_request_refuse(request, routes[i].refusal);
		return;
	}
	encrypt_request_refuse(request, &routes_no_page);
}
