/* SPDX-License-Identifier: MIT
 *
 * One request to encrypt_server, from its first line until it is answered.
 */
#ifndef ENCRYPT_REQUEST_H
#define ENCRYPT_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "encrypt_http.h"

/* An answer without anything of the request's in it. */
struct encrypt_fixed {
	unsigned status;
	const char *body;
	const char *header; /* NULL: none */
	const char *value;
};

extern const struct encrypt_fixed encrypt_refused_size;
extern const struct encrypt_fixed encrypt_refused_memory;

struct encrypt_request;

/* What a path does once the request is there: answer it, or suspend its connection. */
typedef enum MHD_Result encrypt_route_fn(struct encrypt_request *request);

struct encrypt_request {
	struct encrypt_http *http;
	struct MHD_Connection *connection;
	encrypt_route_fn *route;
	const struct encrypt_fixed *refusal; /* what the answer will be, once that is known; NULL: the route's */
	char *body;
	size_t size;
	size_t room;
	size_t discarded; /* bytes of a body that nobody wants */

	/* What the pool brought, to be sent when the connection has been resumed. */
	struct MHD_Response *response;
	unsigned status;
};

struct encrypt_request *encrypt_request_create(struct encrypt_http *http, struct MHD_Connection *connection);
void encrypt_request_free(struct encrypt_request *request);

/* Refuse the request as soon as it is there; the first refusal counts. */
void encrypt_request_refuse(struct encrypt_request *request, const struct encrypt_fixed *refusal);

/* Take some of the body. False: so much was discarded that the connection should close. */
bool encrypt_request_append(struct encrypt_request *request, const char *data, size_t size);

/*
 * Whether a refusal should not wait for the body: the client has not begun
 * to send it, or it is too large to be read only in order to be discarded.
 */
bool encrypt_request_is_refused_now(const struct encrypt_request *request);

/* Answer; the response is the library's then. A NULL response closes the connection, as does MHD_NO. */
enum MHD_Result encrypt_request_answer(struct encrypt_request *request, unsigned status, struct MHD_Response *response);
enum MHD_Result encrypt_request_answer_fixed(struct encrypt_request *request, const struct encrypt_fixed *fixed);

#endif
