/* SPDX-License-Identifier: MIT */
#include "os_posix_alarm.h"

#include <pthread.h>

#include "os.h"
#include "os_posix.h"

static pthread_mutex_t alarm_lock = PTHREAD_MUTEX_INITIALIZER;

/* All under the lock. */
static struct wti_list alarms = { &alarms, &alarms };
static pthread_cond_t alarm_changed; /* for the thread: there is an earlier one, or it is to end */
static int alarm_changed_error;      /* why there is none, or 0 */
static pthread_t alarm_thread;       /* while there are alarms */
static unsigned alarm_thread_serial; /* of the latest: one with another serial is on its way out */
static int64_t alarm_awaited;        /* the moment at which it looks again by itself */

static void alarm_ring(struct wti_alarm *alarm, int64_t now)
{
	alarm->rung = true;
	if (!alarm->period)
		alarm->at = INT64_MAX;
	else if (now - alarm->at < alarm->period)
		alarm->at += alarm->period;
	else
		alarm->at = now + alarm->period; /* what was missed is not made up for */
	alarm->ring(alarm);
}

/* Ring what is due. Returns the next moment. They are few, and so not in order. */
static int64_t alarm_look(void)
{
	int64_t now = wti_os_real.clock();
	int64_t next = INT64_MAX;

	for (struct wti_list *link = alarms.next; link != &alarms; link = link->next) {
		struct wti_alarm *alarm = wti_list_entry(link, struct wti_alarm, link);

		if (alarm->at <= now)
			alarm_ring(alarm, now);
		if (alarm->at < next)
			next = alarm->at;
	}
	return next;
}

static void *alarm_main(void *serial)
{
	pthread_mutex_lock(&alarm_lock);
	while (alarm_thread_serial == (uintptr_t)serial) {
		alarm_awaited = alarm_look();
		wti_posix_cond_wait(&alarm_changed, &alarm_lock, alarm_awaited);
	}
	pthread_mutex_unlock(&alarm_lock);
	return NULL;
}

static void alarm_init(void)
{
	alarm_changed_error = wti_posix_cond_init(&alarm_changed);
}

/* Under the lock. */
static int alarm_start(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, alarm_init);
	if (alarm_changed_error)
		return alarm_changed_error;
	return wti_os_real.thread_create(&alarm_thread, 0, alarm_main, (void *)(uintptr_t)alarm_thread_serial);
}

int wti_alarm_add(struct wti_alarm *alarm, void (*ring)(struct wti_alarm *alarm))
{
	int err = 0;

	*alarm = (struct wti_alarm){ .ring = ring, .at = INT64_MAX };
	pthread_mutex_lock(&alarm_lock);
	if (wti_list_empty(&alarms))
		err = alarm_start();
	if (!err)
		wti_list_append(&alarms, &alarm->link);
	pthread_mutex_unlock(&alarm_lock);
	return err;
}

bool wti_alarm_set(struct wti_alarm *alarm, int64_t at, int64_t period)
{
	bool rung;

	pthread_mutex_lock(&alarm_lock);
	rung = alarm->rung;
	alarm->rung = false;
	alarm->at = at;
	alarm->period = period;
	if (at < alarm_awaited)
		pthread_cond_broadcast(&alarm_changed);
	pthread_mutex_unlock(&alarm_lock);
	return rung;
}

bool wti_alarm_has_rung(const struct wti_alarm *alarm)
{
	bool rung;

	pthread_mutex_lock(&alarm_lock);
	rung = alarm->rung;
	pthread_mutex_unlock(&alarm_lock);
	return rung;
}

void wti_alarm_remove(struct wti_alarm *alarm)
{
	pthread_t thread;
	bool last;

	pthread_mutex_lock(&alarm_lock);
	wti_list_remove(&alarm->link);
	last = wti_list_empty(&alarms);
	thread = alarm_thread;
	if (last) {
		alarm_thread_serial++;
		pthread_cond_broadcast(&alarm_changed);
	}
	pthread_mutex_unlock(&alarm_lock);
	if (last)
		wti_os_real.thread_join(thread, INT64_MAX);
}
