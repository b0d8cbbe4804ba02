/* SPDX-License-Identifier: MIT */
#include "sweep/sweep.h"

#include <string.h>
#include <wt.h>

#include "sweep/operations.h"

static int entry_allocate(wt_port *parent, const void *data, size_t size)
{
	char *text = wt_strdup("text");
	char *larger = text ? wt_realloc(text, 100000) : NULL;

	(void)parent;
	(void)data;
	(void)size;
	if (!text)
		return WT_ENOMEM;
	CHECKED(strcmp(larger ? larger : text, "text") == 0);
	wt_free(wt_calloc(10, 10));
	return larger ? 0 : WT_ENOMEM;
}

/* What a worker leaves in its heap goes with it. */
int heap_blocks(void)
{
	wt_worker *worker;
	int code = 0;
	int err = wt_worker_create(&worker, entry_allocate, NULL, 0, WT_WORKER_OPTIONS(.heap_limit = 1 << 20));

	if (err)
		return err;
	CHECKED(wt_worker_join(worker, &code, wt_after_ms(20000)) == 0);
	wt_worker_destroy(worker);
	return code;
}

static void count_tick(wt_timer *timer, void *arg)
{
	if (++*(int *)arg == 3)
		wt_timer_stop(timer);
}

int timers_in_turn(void)
{
	wt_timer *timer;
	int ticks = 0;
	int err = wt_timer_create(&timer, WT_NOW, 1000, count_tick, &ticks);

	if (err)
		return err;
	err = wt_run();
	CHECKED(err || ticks == 3);
	wt_timer_destroy(timer);
	return err;
}

static int entry_read(wt_port *parent, const void *data, size_t size)
{
	const char *value = wt_getenv("SWEEP");

	(void)parent;
	(void)data;
	(void)size;
	CHECKED(!value || strcmp(value, "set") == 0);
	return wt_get_environment_data("key", 3, NULL) ? 0 : 1;
}

int environment_inherited(void)
{
	wt_worker *worker = NULL;
	int code = 0;
	int err = wt_setenv("SWEEP", "set");
	int undone;

	if (!err)
		err = wt_set_environment_data("key", 3, "data", 4);
	if (!err)
		err = wt_worker_create(&worker, entry_read, NULL, 0, NULL);
	if (!err)
		CHECKED(wt_worker_join(worker, &code, wt_after_ms(20000)) == 0 && code == 0);
	wt_worker_destroy(worker);
	undone = wt_delete_environment_data("key", 3);
	err = err ? err : undone;
	undone = wt_unsetenv("SWEEP");
	return err ? err : undone;
}

/* [M3] [B1] What is refused nobody hears, what is not everybody does. */
static void hear_accepted(wt_broadcast *listener, const size_t *sizes, size_t count, unsigned accepted)
{
	wt_message message;

	for (size_t i = 0; i < count; i++)
		if (accepted & 1u << i)
			CHECKED(wt_broadcast_receive(listener, &message, WT_NOW) == 0 && message.size == sizes[i]);
	CHECKED(wt_broadcast_receive(listener, &message, WT_NOW) == WT_EAGAIN);
}

int broadcasts_to_each(void)
{
	static const size_t sizes[] = { 0, 100, 3000, 70000, 10, 5000 };
	enum { SIZES = sizeof sizes / sizeof *sizes, ENDPOINTS = 3 };
	static const char block[70000];
	wt_broadcast *endpoints[ENDPOINTS] = { NULL };
	unsigned accepted = 0;
	int err = 0;

	for (int i = 0; i < ENDPOINTS && !err; i++)
		err = wt_broadcast_open(&endpoints[i], "sweep", 5, NULL);
	for (size_t i = 0; endpoints[ENDPOINTS - 1] && i < SIZES; i++) {
		int result = wt_broadcast_post(endpoints[0], block, sizes[i]);

		accepted |= (unsigned)!result << i;
		err = err ? err : result;
	}
	for (int i = 1; i < ENDPOINTS && endpoints[ENDPOINTS - 1]; i++)
		hear_accepted(endpoints[i], sizes, SIZES, accepted);
	for (int i = 0; i < ENDPOINTS; i++)
		wt_broadcast_close(endpoints[i]);
	return err;
}

static void note_grant(wt_lock *lock, int result, void *arg)
{
	*(int *)arg = result;
	wt_lock_release(lock);
}

int locks_in_turn(void)
{
	wt_lock *held = NULL, *requested = NULL;
	wt_lock_snapshot *snapshot = NULL;
	int granted = 1;
	int err = wt_lock_acquire(&held, "sweep", 5, NULL, wt_after_ms(20000));

	if (!err)
		err = wt_lock_request(&requested, "sweep", 5, NULL, note_grant, &granted, WT_FOREVER);
	if (!err)
		err = wt_lock_query(&snapshot);
	if (!err)
		CHECKED(wt_lock_snapshot_count(snapshot) == 2);
	wt_lock_snapshot_destroy(snapshot);
	wt_lock_release(held);
	if (requested) {
		int ran = wt_run();

		CHECKED(ran || granted == 0);
		err = err ? err : ran;
		if (ran)
			wt_lock_release(requested);
	}
	return err;
}

static void count_created(wt_worker *worker, void *arg)
{
	(void)worker;
	++*(int *)arg;
}

static int entry_nothing(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return 0;
}

int worker_created_hook(void)
{
	wt_worker *worker = NULL;
	int created = 0;
	int err = wt_on_worker_created(count_created, &created);

	if (!err)
		err = wt_worker_create(&worker, entry_nothing, NULL, 0, NULL);
	CHECKED(created == (worker != NULL));
	wt_worker_destroy(worker);
	wt_off_worker_created(count_created, &created);
	return err;
}

static int entry_posts(wt_port *parent, const void *data, size_t size)
{
	wt_buffer *buffer = NULL;
	wt_transfer list = wt_move_buffer(&buffer);
	uint64_t id;
	int err = wt_buffer_create(&buffer, 100);

	(void)parent;
	memcpy(&id, data, size);
	if (!err)
		err = wt_post_to_thread(id, &(wt_outgoing){ .transfer = &list, .transfer_count = 1 },
					wt_after_ms(20000));
	CHECKED(err == 0 || err == WT_ENOMEM || buffer == NULL);
	wt_buffer_destroy(buffer);
	return err;
}

static int take_buffer(wt_message *message, uint64_t source, void *arg)
{
	wt_buffer *buffer;
	int err = wt_message_take_buffer(message, 0, &buffer);

	(void)source;
	CHECKED(err == 0);
	wt_buffer_destroy(buffer);
	++*(int *)arg;
	return 0;
}

static void note_result(int result, void *arg)
{
	*(int *)arg = result;
}

static void note_exit(wt_worker *worker, int code, void *arg)
{
	(void)worker;
	*(int *)arg = code;
}

/* [M3] */
static int post_to_the_dead(uint64_t id)
{
	wt_buffer *buffer = NULL;
	wt_transfer list = wt_move_buffer(&buffer);
	int result = 1;
	int err = wt_buffer_create(&buffer, 100);

	if (!err)
		err = wt_post_to_thread_async(id, &(wt_outgoing){ .transfer = &list, .transfer_count = 1 },
					      wt_after_ms(20000), note_result, &result);
	CHECKED(err == WT_ESRCH || err == WT_ENOMEM);
	CHECKED(!buffer || wt_buffer_size(buffer) == 100);
	wt_buffer_destroy(buffer);
	return err == WT_ESRCH ? 0 : err;
}

int thread_messages(void)
{
	uint64_t id = wt_thread_id();
	wt_worker *worker = NULL;
	int taken = 0, code = 0;
	int err = wt_on_thread_message(take_buffer, &taken);

	if (!err)
		err = wt_worker_create(&worker, entry_posts, &id, sizeof id, NULL);
	if (!err) {
		wt_worker_on_exit(worker, note_exit, &code);
		err = wt_run();
	}
	if (!err) {
		CHECKED(taken == !code);
		id = wt_worker_id(worker);
		err = code ? code : post_to_the_dead(id);
	}
	wt_worker_destroy(worker);
	if (wt_on_thread_message(NULL, NULL) && !err)
		err = WT_ENOMEM;
	return err;
}

int thread_names(void)
{
	uint64_t id;
	int err = wt_register_thread_name("sweep", 5);

	CHECKED(wt_find_thread("sweep", 5, &id) == (err ? WT_ESRCH : 0));
	CHECKED(err || wt_register_thread_name("sweep", 5) != 0);
	CHECKED(wt_unregister_thread_name("sweep", 5) == (err ? WT_ESRCH : 0));
	return err;
}

static int entry_echoes_lines(wt_port *parent, const void *data, size_t size)
{
	FILE *in = wt_stdin(), *out = wt_stdout();
	char line[64];

	(void)parent;
	(void)data;
	(void)size;
	if (!in || !out)
		return WT_ENOMEM;
	while (fgets(line, sizeof line, in))
		fputs(line, out);
	CHECKED(feof(in) || ferror(in));
	return ferror(in) || fflush(out) || ferror(out) ? WT_ENOMEM : 0;
}

/* A worker that got no memory may have closed its input before all of it was written. */
static int streams_feed(wt_worker *worker)
{
	int code = 0, err = wt_worker_feed_stdin(worker, "over ", 5);

	if (!err)
		err = wt_worker_feed_stdin(worker, "there", 5);
	if (!err)
		err = wt_worker_end_stdin(worker);
	if (err != WT_ECLOSED)
		return err;
	CHECKED(wt_worker_join(worker, &code, wt_after_ms(20000)) == 0);
	return code ? code : err;
}

/* [W2] What was written before the end is there, unless the worker was told that it is not. */
static int streams_heard(wt_worker *worker)
{
	wt_message message;
	int code = 0;

	CHECKED(wt_worker_join(worker, &code, wt_after_ms(20000)) == 0);
	if (code)
		return code;
	CHECKED(wt_port_receive(wt_worker_stdout(worker), &message, WT_NOW) == 0);
	CHECKED(message.size == 10 && memcmp(message.data, "over there", 10) == 0);
	CHECKED(wt_port_receive(wt_worker_stdout(worker), &message, WT_NOW) == WT_ECLOSED);
	return 0;
}

int streams_of_a_worker(void)
{
	char name[] = "name";
	char *argv[] = { name };
	wt_worker *worker;
	int err = wt_worker_create(&worker, entry_echoes_lines, NULL, 0,
				   WT_WORKER_OPTIONS(.capture_stdout = true, .capture_stderr = true, .feed_stdin = true,
						     .argc = 1, .argv = argv));

	CHECKED(err ? !worker : worker != NULL);
	if (err)
		return err;
	err = streams_feed(worker);
	if (!err)
		err = streams_heard(worker);
	wt_worker_destroy(worker);
	return err;
}

int a_dump(void)
{
	FILE *nowhere = fopen("/dev/null", "w");
	int err;

	if (!nowhere)
		return WT_ENOMEM;
	err = wt_dump(nowhere);
	fclose(nowhere);
	return err;
}
