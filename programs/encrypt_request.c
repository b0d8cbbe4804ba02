/* SPDX-License-Identifier: MIT */
#include "encrypt_request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BODY_FIRST_BYTES 512

/* A client that is still sending when its connection is closed may not see the answer. So this much is read for it. */
#define DISCARD_MAX (8u << 20)

const struct encrypt_fixed encrypt_refused_size = {
	MHD_HTTP_CONTENT_TOO_LARGE, "{\"error\":\"the body is too large\"}", NULL, NULL
};
const struct encrypt_fixed encrypt_refused_memory = {
	MHD_HTTP_SERVICE_UNAVAILABLE, "{\"error\":\"out of memory\"}", MHD_HTTP_HEADER_RETRY_AFTER, "1"
};

static const char *request_header(const struct encrypt_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* 0 where the client does not say; SIZE_MAX for more than can be counted. */
static size_t request_length(const struct encrypt_request *request)
{
	const char *text = request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
	unsigned long long length = text ? strtoull(text, NULL, 10) : 0;

	return length < SIZE_MAX ? (size_t)length : SIZE_MAX;
}

struct encrypt_request *encrypt_request_create(struct encrypt_http *http, struct MHD_Connection *connection)
{
	struct encrypt_request *request = calloc(1, sizeof *request);

	if (!request)
		return NULL;
	request->http = http;
	request->connection = connection;
	http->metrics.active++;
	if (request_length(request) > http->body_max)
		encrypt_request_refuse(request, &encrypt_refused_size);
	return request;
}

void encrypt_request_free(struct encrypt_request *request)
{
	request->http->metrics.active--;
	if (request->response)
		MHD_destroy_response(request->response);
	free(request->body);
	free(request);
}

void encrypt_request_refuse(struct encrypt_request *request, const struct encrypt_fixed *refusal)
{
	if (request->refusal)
		return;
	request->refusal = refusal;
	free(request->body);
	request->body = NULL;
}

static bool request_make_room(struct encrypt_request *request, size_t size)
{
	size_t room = request->room ? request->room : BODY_FIRST_BYTES;
	char *body;

	while (room < size)
		room *= 2;
	if (room == request->room)
		return true;
	body = realloc(request->body, room);
	if (!body)
		return false;
	request->body = body;
	request->room = room;
	return true;
}

bool encrypt_request_append(struct encrypt_request *request, const char *data, size_t size)
{
	if (!request->refusal && size > request->http->body_max - request->size)
		encrypt_request_refuse(request, &encrypt_refused_size);
	if (!request->refusal && !request_make_room(request, request->size + size))
		encrypt_request_refuse(request, &encrypt_refused_memory);
	if (request->refusal) {
		request->discarded += size;
		return request->discarded <= DISCARD_MAX;
	}
	memcpy(request->body + request->size, data, size);
	request->size += size;
	return true;
}

bool encrypt_request_is_refused_now(const struct encrypt_request *request)
{
	const char *expect = request_header(request, MHD_HTTP_HEADER_EXPECT);

	if (!request->refusal)
		return false;
	return (expect && strcasecmp(expect, "100-continue") == 0) || request_length(request) > DISCARD_MAX;
}

enum MHD_Result encrypt_request_answer(struct encrypt_request *request, unsigned status, struct MHD_Response *response)
{
	enum MHD_Result queued;

	if (!response)
		return MHD_NO;
	if (request->http->stopping)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	queued = MHD_queue_response(request->connection, status, response);
	MHD_destroy_response(response);
	if (queued == MHD_YES)
		encrypt_metrics_count(&request->http->metrics, status);
	return queued;
}

enum MHD_Result encrypt_request_answer_fixed(struct encrypt_request *request, const struct encrypt_fixed *fixed)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(fixed->body), (void *)(uintptr_t)fixed->body, MHD_RESPMEM_PERSISTENT);

	if (response) {
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
		if (fixed->header)
			(void)MHD_add_response_header(response, fixed->header, fixed->value);
	}
	return encrypt_request_answer(request, fixed->status, response);
}
