/* SPDX-License-Identifier: MIT */
#include "support/station.h"

#include <string.h>
#include <wt/loop.h>
#include <wt/thread.h>
#include <wt/timer.h>

#include "support/ports.h"

enum { STATION_STOP = 0x5709 };

static int station_listen(wt_message *message, uint64_t source, void *arg)
{
	struct station *station = arg;

	if (message->type != STATION_STOP)
		return station->fn(message, source, station->arg);
	wt_stop();
	return 0;
}

static void never_due(wt_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
}

static void *station_run(void *arg)
{
	struct station *station = arg;
	wt_timer *alive;
	int err = wt_timer_create(&alive, wt_after_ms(100000000), 0, never_due, NULL);

	if (!err)
		err = wt_on_thread_message(station_listen, station);
	station->id = wt_thread_id();
	latch_open(&station->ready);
	if (!err)
		err = wt_run();
	return err ? arg : NULL;
}

void station_start(struct station *station, wt_thread_message_fn *fn, void *arg)
{
	*station = (struct station){ .fn = fn, .arg = arg };
	assert_int_equal(pthread_create(&station->thread, NULL, station_run, station), 0);
	assert_true(latch_await(&station->ready));
}

void station_end(struct station *station)
{
	void *result;

	assert_int_equal(wt_post_to_thread(station->id, &(wt_outgoing){ .type = STATION_STOP }, in_time()), 0);
	assert_int_equal(pthread_join(station->thread, &result), 0);
	assert_null(result);
}

int listen_well(wt_message *message, uint64_t source, void *arg)
{
	(void)message;
	(void)source;
	(void)arg;
	return 0;
}

int listen_badly(wt_message *message, uint64_t source, void *arg)
{
	(void)message;
	(void)source;
	(void)arg;
	return 7;
}

int listen_and_count(wt_message *message, uint64_t source, void *arg)
{
	(void)message;
	(void)source;
	atomic_fetch_add((atomic_uint *)arg, 1);
	return 0;
}

int listen_and_leave(wt_message *message, uint64_t source, void *arg)
{
	(void)message;
	(void)source;
	(void)arg;
	pthread_exit(NULL);
}

int post_nothing(uint64_t id, wt_time deadline)
{
	return wt_post_to_thread(id, &(wt_outgoing){ 0 }, deadline);
}

int post_words(uint64_t id, const char *text, wt_time deadline)
{
	return wt_post_to_thread(id, &(wt_outgoing){ .data = text, .size = strlen(text) }, deadline);
}

wt_time in_time(void)
{
	return wt_after_ms(20000ull * support_slowdown());
}
