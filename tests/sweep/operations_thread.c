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
	CHECKED(feof(in) && !ferror(in));
	return fflush(out) || ferror(out) ? WT_ENOMEM : 0;
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
	err = wt_worker_feed_stdin(worker, "over ", 5);
	if (!err)
		err = wt_worker_feed_stdin(worker, "there", 5);
	if (!err)
		err = wt_worker_end_stdin(worker);
	if (!err)
		err = streams_heard(worker);
	wt_worker_destroy(worker);
	return err;
}
