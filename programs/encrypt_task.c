/* SPDX-License-Identifier: MIT */
#include "encrypt_task.h"

#include <microhttpd.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "encrypt_body.h"
#include "encrypt_options.h"

#define DIGEST_SIZE 32

/* Beside the errors, which are negative: the worker fails, but not before it has given everything back. */
#define TASK_IS_TO_FAIL 1

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

static int task_hash(wt_task *task, const char *text, size_t text_size)
{
	static const char digits[] = "0123456789abcdef";
	char body[] = "{\"encrypted\":\"0000000000000000000000000000000000000000000000000000000000000000\"}";
	char *hex = strchr(body, '0');
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size;

	if (!EVP_Digest(text, text_size, digest, &size, EVP_sha256(), NULL) || size != DIGEST_SIZE)
		return WT_ENOTSUP;
	for (unsigned i = 0; i < size; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	return task_reply(task, MHD_HTTP_OK, body);
}

static bool task_is_to_fail(const struct encrypt_hooks *hooks, const struct encrypt_body *body)
{
	size_t size = strlen(hooks->fail);

	return size && body->size == size && memcmp(body->text, hooks->fail, size) == 0;
}

static int task_answer(wt_task *task, wt_buffer *input, const struct encrypt_hooks *hooks)
{
	char reason[ENCRYPT_REASON_SIZE];
	struct encrypt_body body;
	const char *json = wt_buffer_data(input);
	int err;

	if (encrypt_body_read(&body, json ? json : "", wt_buffer_size(input), reason))
		err = task_refuse(task, reason);
	else if (task_is_to_fail(hooks, &body))
		err = TASK_IS_TO_FAIL;
	else
		err = task_hash(task, body.text, body.size);
	encrypt_body_forget(&body);
	return err;
}

static int encrypt_task(wt_task *task, wt_message *input, void *state)
{
	const struct encrypt_hooks *hooks = state;
	wt_buffer *body;
	int err = 0;

	if (hooks->delay)
		err = wt_sleep(wt_after_ns((uint64_t)hooks->delay));
	if (!err)
		err = wt_message_take_buffer(input, 0, &body);
	if (err)
		return err;
	err = task_answer(task, body, hooks);
	wt_buffer_destroy(body);
	if (err == TASK_IS_TO_FAIL)
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
