/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: structs of options and snapshots with any bytes in them, of any
 * size that they may claim, for each function that takes one. It must return 0
 * or an error that its page knows, with nothing created, moved or left; and a
 * snapshot must end where it says. What a program has to get right itself,
 * where pointers lead, is made right here.
 */
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <wt.h>

#include "error.h"
#include "fuzz/fuzz.h"

enum { OPTIONS_STRINGS = 3, OPTIONS_STRING = 24, OPTIONS_DATA = 4096, OPTIONS_GUARD = 0x5a };

/* A struct as the library sees it: with room behind it for what its size claims. */
static alignas(max_align_t) unsigned char options_bytes[WTI_OPTIONS_MAX + 64];

/* ---- What may be in them ---- */

/* The size that it claims: the right one, near it, or any. Half a pointer is the program's fault. */
static size_t options_size(struct fuzz_input *input, size_t known)
{
	unsigned way = fuzz_byte(input);
	size_t size = known;

	if (way >= 192)
		size = (size_t)fuzz_number(input);
	else if (way >= 128)
		size = known + 8 * (way % 16) - 64;
	return size > sizeof size && size < known ? size - size % sizeof size : size;
}

/*
 * Fields, each of the form where, how long, which value; so that most stay 0,
 * and one can be out of range on its own.
 */
static void *options_make(struct fuzz_input *input, size_t known)
{
	size_t size = options_size(input, known);
	unsigned fields = fuzz_byte(input) % 8;

	memset(options_bytes, 0, sizeof options_bytes);
	while (fields--) {
		size_t at = 4 * (fuzz_byte(input) % (known / 4 + 4));
		unsigned width = 1u << fuzz_byte(input) % 4;
		uint64_t value = fuzz_number(input);

		memcpy(options_bytes + at, &value, width);
	}
	memcpy(options_bytes, &size, sizeof size);
	return options_bytes;
}

/* A bool that is neither is the program's fault. */
static void options_flag(bool *flag)
{
	unsigned char byte;

	memcpy(&byte, flag, 1);
	*flag = byte & 1;
}

/* A string that ends, or none. */
static const char *options_string(struct fuzz_input *input)
{
	static char strings[OPTIONS_STRINGS][OPTIONS_STRING];
	static unsigned turn;
	char *string = strings[turn++ % OPTIONS_STRINGS];
	struct fuzz_input bytes;
	unsigned size = fuzz_byte(input) % OPTIONS_STRING;

	if (!size)
		return NULL;
	bytes = fuzz_bytes(input, size - 1);
	memset(string, 0, OPTIONS_STRING);
	if (bytes.size)
		memcpy(string, bytes.next, bytes.size);
	return string;
}

/* As wt_worker_options.env. */
static const char *const *options_variables(struct fuzz_input *input)
{
	static const char *list[OPTIONS_STRINGS + 1];
	unsigned count = fuzz_byte(input) % (OPTIONS_STRINGS + 3);

	if (count == OPTIONS_STRINGS + 1)
		return WT_SHARE_ENV;
	if (count == OPTIONS_STRINGS + 2)
		return NULL;
	for (unsigned i = 0; i < count; i++)
		list[i] = options_string(input);
	list[count] = NULL;
	return list;
}

/* So many bytes as they claim, where that can be. */
static const void *options_data(struct fuzz_input *input, size_t size)
{
	static unsigned char data[OPTIONS_DATA];

	return size <= sizeof data && fuzz_byte(input) % 4 ? data : NULL;
}

/* ---- The verdict on a result ---- */

#define OPTIONS_RESULT(err, created, ...)                                                              \
	do {                                                                                          \
		static const int known[] = { __VA_ARGS__ };                                           \
		options_judge((err), (created) != NULL, known, sizeof known / sizeof *known); \
	} while (0)

static void options_judge(int err, bool created, const int *known, size_t count)
{
	fuzz_show("%s", err ? wt_err_name(err) : "created");
	FUZZ_CHECK(created == !err);
	for (size_t i = 0; i < count; i++)
		if (known[i] == err)
			return;
	if (err)
		sched_fail("error %d is not one that the page knows", err);
}

/* ---- One function each ---- */

static wt_channel_options *options_make_channel(struct fuzz_input *input)
{
	wt_channel_options *options = options_make(input, sizeof *options);

	options_flag(&options->single_producer);
	return options;
}

static void try_channel(struct fuzz_input *input)
{
	wt_port *a, *b;
	int err = wt_channel_create(&a, &b, options_make_channel(input));

	OPTIONS_RESULT(err, a, WT_EINVAL, WT_E2BIG, WT_EOVERFLOW, WT_ENOMEM);
	FUZZ_CHECK(!a == !b);
	if (err)
		return;
	err = wt_port_post(a, &err, sizeof err);
	FUZZ_CHECK(err == 0 || err == WT_EMSGSIZE);
	wt_port_close(a);
	wt_port_close(b);
}

static int options_entry(wt_port *parent, const void *data, size_t size)
{
	wt_buffer *buffer;

	FUZZ_CHECK(!size == !data);
	(void)wt_getenv("A");
	if (wt_worker_data_take_buffer(0, &buffer) == 0)
		wt_buffer_destroy(buffer);
	return wt_port_post(parent, "a", 1) ? 2 : 3;
}

static void options_judge_worker(wt_worker *worker, const wt_worker_options *options)
{
	struct wt_worker_limits limits = { .size = sizeof limits };
	int code;

	FUZZ_CHECK(wt_worker_limits(worker, &limits) == 0);
	if (options->size >= sizeof *options) {
		FUZZ_CHECK(limits.heap_limit == options->heap_limit && limits.nice == options->nice);
		FUZZ_CHECK(limits.stack_size >= options->stack_size && limits.cpu == options->cpu);
	}
	FUZZ_CHECK(wt_worker_join(worker, &code, WT_FOREVER) == 0 && (code == 2 || code == 3));
	wt_worker_destroy(worker);
}

static void options_complete_worker(struct fuzz_input *input, wt_worker_options *options, wt_transfer *list)
{
	static char first[] = "a", second[] = "";
	static char *arguments[] = { first, second };

	options_flag(&options->fresh_thread);
	options_flag(&options->capture_stdout);
	options_flag(&options->capture_stderr);
	options_flag(&options->feed_stdin);
	options->name = options_string(input);
	options->env = options_variables(input);
	options->channel = NULL;
	options->argv = options->argc > 0 && options->argc <= 2 ? arguments : NULL;
	options->transfer = options->transfer_count == 1 ? list : NULL;
}

/* [M3] */
static void try_worker(struct fuzz_input *input)
{
	wt_worker_options *options = options_make(input, sizeof *options);
	wt_buffer *buffer;
	wt_transfer list[] = { WT_MOVE(&buffer) };
	size_t size = fuzz_byte(input) % 2 * 8;
	wt_worker *worker;
	int err;

	FUZZ_CHECK(wt_buffer_create(&buffer, 8) == 0);
	options_complete_worker(input, options, list);
	err = wt_worker_create(&worker, options_entry, options_data(input, size), size, options);
	OPTIONS_RESULT(err, worker, WT_EINVAL, WT_E2BIG, WT_EOVERFLOW, WT_ENOTSUP, WT_ENOMEM, WT_EAGAIN);
	FUZZ_CHECK(!err || buffer);
	if (!err)
		options_judge_worker(worker, options);
	wt_buffer_destroy(buffer);
}

/* The struct within the struct. */
static void try_worker_channel(struct fuzz_input *input)
{
	wt_worker_options options = { .size = sizeof options };
	wt_worker *worker;
	int err;

	options.channel = options_make_channel(input);
	err = wt_worker_create(&worker, options_entry, NULL, 0, &options);
	OPTIONS_RESULT(err, worker, WT_EINVAL, WT_E2BIG, WT_EOVERFLOW, WT_ENOMEM);
	if (!err)
		options_judge_worker(worker, &options);
}

static unsigned options_inits, options_finis;

static int options_init_state(void **state, const void *data, size_t size)
{
	FUZZ_CHECK(!size == !data);
	*state = &options_inits;
	options_inits++;
	return 0;
}

static int options_init_fails(void **state, const void *data, size_t size)
{
	(void)state;
	(void)data;
	(void)size;
	return WT_ERANGE;
}

static void options_fini(void *state)
{
	(void)state;
	options_finis++;
}

static int options_task(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)input;
	(void)state;
	return 0;
}

static void options_complete_pool(struct fuzz_input *input, wt_pool_options *options)
{
	options->name = options_string(input);
	options->env = options_variables(input);
	options->data = options_data(input, options->data_size);
	options->init = fuzz_byte(input) % 4 ? options_init_state : options_init_fails;
	options->fini = options->init == options_init_state ? options_fini : NULL;
}

static int options_create_pool(wt_pool **pool, const wt_pool_options *options)
{
	int err = wt_pool_create(pool, options_task, options);

	OPTIONS_RESULT(err, *pool, WT_EINVAL, WT_E2BIG, WT_EOVERFLOW, WT_ENOTSUP, WT_ENOMEM, WT_EAGAIN);
	return err;
}

static void try_pool(struct fuzz_input *input)
{
	wt_pool_options *options = options_make(input, sizeof *options);
	wt_pool *pool;

	options_inits = options_finis = 0;
	options_complete_pool(input, options);
	if (options_create_pool(&pool, options))
		return;
	(void)!wt_pool_submit(pool, NULL, NULL, NULL, NULL, NULL);
	wt_pool_destroy(pool);
}

static void try_task(struct fuzz_input *input)
{
	wt_task_options *options = options_make(input, sizeof *options);
	wt_task *task;
	wt_pool *pool;
	int err;

	options->on_progress = NULL;
	if (options->wait_until > WT_NOW)
		options->wait_until = WT_NOW;
	FUZZ_CHECK(wt_pool_create(&pool, options_task, NULL) == 0);
	err = wt_pool_submit(pool, NULL, NULL, NULL, options, &task);
	OPTIONS_RESULT(err, task, WT_EINVAL, WT_E2BIG, WT_EOVERFLOW, WT_ENOMEM);
	if (!err) {
		FUZZ_CHECK(wt_task_wait(task, &err, NULL, WT_FOREVER) == 0);
		FUZZ_CHECK(err == 0 || err == WT_ETIMEDOUT);
		wt_task_release(task);
	}
	wt_pool_destroy(pool);
}

static void try_lock(struct fuzz_input *input)
{
	wt_lock_options *options = options_make(input, sizeof *options);
	wt_lock *lock;
	int err;

	options_flag(&options->if_available);
	options_flag(&options->steal);
	err = wt_lock_acquire(&lock, "n", 1, options, WT_NOW);
	OPTIONS_RESULT(err, lock, WT_EINVAL, WT_E2BIG, WT_EOVERFLOW, WT_ENOMEM);
	wt_lock_release(lock);
}

static void try_broadcast(struct fuzz_input *input)
{
	wt_broadcast_options *options = options_make(input, sizeof *options);
	wt_broadcast *broadcast;
	int err = wt_broadcast_open(&broadcast, "n", 1, options);

	OPTIONS_RESULT(err, broadcast, WT_EINVAL, WT_E2BIG, WT_EOVERFLOW, WT_ENOMEM);
	if (!err)
		FUZZ_CHECK(wt_broadcast_post(broadcast, "a", 1) == 0);
	wt_broadcast_close(broadcast);
}

/* ---- What goes out with a message: of fixed size ---- */

static void try_outgoing(struct fuzz_input *input)
{
	wt_outgoing message;
	wt_transfer entry;
	wt_port *a, *b;
	int err;

	memcpy(&message, options_make(input, sizeof message), sizeof message);
	message.size %= OPTIONS_DATA + 1;
	message.data = options_data(input, message.size);
	message.iov = NULL;
	memcpy(&entry, options_make(input, sizeof entry), sizeof entry);
	entry.what = NULL;
	message.transfer = message.transfer_count == 1 ? &entry : NULL;
	FUZZ_CHECK(wt_channel_create(&a, &b, NULL) == 0);
	err = wt_port_send(a, &message, WT_NOW);
	FUZZ_CHECK(err == 0 || err == WT_EINVAL || err == WT_EOVERFLOW || err == WT_EDETACHED);
	FUZZ_CHECK(err || (!message.transfer_count && !message.iovcnt && !message.zero));
	wt_port_close(a);
	wt_port_close(b);
}

/* ---- Snapshots ---- */

static wt_port *stats_port, *stats_peer;
static wt_broadcast *stats_broadcast;

static int stats_of_port(void *to)
{
	return wt_port_stats(stats_port, to);
}

static int stats_of_broadcast(void *to)
{
	return wt_broadcast_stats(stats_broadcast, to);
}

static int stats_of_heap(void *to)
{
	return wt_heap_stats(to);
}

/* Nothing behind its end has changed, and all in it is set. */
static void options_try_snapshot(struct fuzz_input *input, int (*fill)(void *to), size_t known)
{
	size_t size = options_size(input, known), after;
	int err;

	memset(options_bytes, OPTIONS_GUARD, sizeof options_bytes);
	memcpy(options_bytes, &size, sizeof size);
	err = fill(options_bytes);
	FUZZ_CHECK(err == (size < sizeof size || size > WTI_OPTIONS_MAX ? WT_EINVAL : 0));
	memcpy(&after, options_bytes, sizeof after);
	FUZZ_CHECK(after == size);
	for (size_t i = err ? sizeof size : size; i < sizeof options_bytes; i++)
		FUZZ_CHECK(options_bytes[i] == OPTIONS_GUARD);
	for (size_t i = known; !err && i < size; i++)
		FUZZ_CHECK(options_bytes[i] == 0);
}

static void try_snapshots(struct fuzz_input *input)
{
	FUZZ_CHECK(wt_channel_create(&stats_port, &stats_peer, NULL) == 0);
	FUZZ_CHECK(wt_broadcast_open(&stats_broadcast, "n", 1, NULL) == 0);
	options_try_snapshot(input, stats_of_port, sizeof(struct wt_port_stats));
	options_try_snapshot(input, stats_of_broadcast, sizeof(struct wt_broadcast_stats));
	options_try_snapshot(input, stats_of_heap, sizeof(struct wt_heap_stats));
	wt_broadcast_close(stats_broadcast);
	wt_port_close(stats_port);
	wt_port_close(stats_peer);
}

/* ---- The target ---- */

static void (*const tries[])(struct fuzz_input *input) = {
	try_channel, try_worker, try_worker_channel, try_pool,     try_task,
	try_lock,    try_broadcast, try_outgoing,    try_snapshots,
};

static void options_run(struct fuzz_input *input)
{
	tries[fuzz_byte(input) % (sizeof tries / sizeof *tries)](input);
}

/* A worker that began has ended. */
static void options_check(void)
{
	FUZZ_CHECK(options_inits == options_finis);
	options_inits = options_finis = 0;
}

const struct fuzz_target fuzz_target = { .run = options_run, .check = options_check };
