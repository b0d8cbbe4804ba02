/* SPDX-License-Identifier: MIT */
#include "encrypt_task.h"

#include <jansson.h>
#include <microhttpd.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encrypt_options.h"

#define DIGEST_SIZE 32

/* ---- on a worker ---- */

static int task_reply(wt_task *task, unsigned status, const char *body)
{
	const wt_outgoing reply = { .data = body, .size = strlen(body), .type = status };

	return wt_task_reply(task, &reply);
}

/* The reason may have any text of the client's in it. */
static int task_refuse(wt_task *task, const char *reason)
{
	json_t *document = json_pack("{s:s}", "error", reason);
	char *body = document ? json_dumps(document, JSON_COMPACT) : NULL;
	int err = body ? task_reply(task, MHD_HTTP_BAD_REQUEST, body) : WT_ENOMEM;

	free(body);
	json_decref(document);
	return err;
}

static int task_refuse_malformed(wt_task *task, const json_error_t *error)
{
	char reason[sizeof error->text + 64];

	snprintf(reason, sizeof reason, "malformed JSON, line %d, column %d: %s", error->line, error->column,
		 error->text);
	return task_refuse(task, reason);
}

static int task_hash(wt_task *task, const json_t *text)
{
	static const char digits[] = "0123456789abcdef";
	char body[] = "{\"encrypted\":\"0000000000000000000000000000000000000000000000000000000000000000\"}";
	char *hex = strchr(body, '0');
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size;

	if (!EVP_Digest(json_string_value(text), json_string_length(text), digest, &size, EVP_sha256(), NULL) ||
	    size != DIGEST_SIZE)
		return WT_ENOTSUP;
	for (unsigned i = 0; i < size; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	return task_reply(task, MHD_HTTP_OK, body);
}

static int task_answer(wt_task *task, const json_t *document)
{
	const json_t *text = json_object_get(document, "data");

	if (!json_is_object(document))
		return task_refuse(task, "not a JSON object");
	if (!text)
		return task_refuse(task, "\"data\" is missing");
	if (!json_is_string(text))
		return task_refuse(task, "\"data\" is not a string");
	return task_hash(task, text);
}

static bool task_is_to_fail(const struct encrypt_hooks *hooks, const json_t *document)
{
	const char *text = json_string_value(json_object_get(document, "data"));

	return hooks->fail[0] && text && strcmp(text, hooks->fail) == 0;
}

/* The parsed body, whose text is given back. */
static json_t *task_parse(wt_buffer *body, json_error_t *error)
{
	const char *text = wt_buffer_data(body);
	json_t *document = json_loadb(text ? text : "", wt_buffer_size(body), JSON_ALLOW_NUL, error);

	wt_buffer_destroy(body);
	return document;
}

static int encrypt_task(wt_task *task, wt_message *input, void *state)
{
	const struct encrypt_hooks *hooks = state;
	json_error_t error;
	json_t *document;
	wt_buffer *body;
	bool is_to_fail;
	int err = wt_message_take_buffer(input, 0, &body);

	if (err)
		return err;
	document = task_parse(body, &error);
	if (!document)
		return task_refuse_malformed(task, &error);
	is_to_fail = task_is_to_fail(hooks, document);
	if (hooks->delay)
		err = wt_sleep(wt_after_ns((uint64_t)hooks->delay));
	if (!err)
		err = task_answer(task, document);
	json_decref(document);
	if (is_to_fail)
		wt_fail(WT_ENOTSUP, "this is the text of --test-fail");
	return err;
}

static int task_init(void **state, const void *data, size_t size)
{
	(void)size;
	*state = (void *)(uintptr_t)data; /* the worker's own copy, for all of its life */
	return 0;
}

/* ---- on the main thread ---- */

int encrypt_pool_create(wt_pool **pool, const struct encrypt_options *options)
{
	return wt_pool_create(pool, encrypt_task,
			      WT_POOL_OPTIONS(.name = "encrypt", .max_workers = options->workers,
					      .queue_tasks = options->queue_max, .init = task_init,
					      .data = &options->hooks, .data_size = sizeof options->hooks));
}

static void body_delete(void *body, void *arg)
{
	(void)arg;
	free(body);
}

int encrypt_submit(wt_pool *pool, char *body, size_t size, wt_task_done_fn *done, void *arg)
{
	wt_buffer *buffer;
	int err = wt_buffer_wrap(&buffer, body, size, body_delete, NULL);

	if (err) {
		free(body);
		return err;
	}
	const wt_transfer list[] = { WT_MOVE(&buffer) };
	const wt_outgoing input = { .transfer = list, .transfer_count = 1 };

	err = wt_pool_submit(pool, &input, done, arg, NULL, NULL);
	wt_buffer_destroy(buffer); /* NULL, unless the submit was refused */
	return err;
}
