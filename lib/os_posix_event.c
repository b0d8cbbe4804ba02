/* SPDX-License-Identifier: MIT
 *
 * An event is a pipe, which is readable while a byte is in it: one kind of
 * byte for signals, another for the alarm, since a clear takes the first away
 * and another moment the second.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "alloc.h"
#include "os_posix_alarm.h"
#include "os_system.h"

enum { EVENT_SIGNALLED = 's', EVENT_DUE = 'd' };

struct event_alarm {
	struct wti_alarm alarm;
	int signal;
};

/* A full pipe (EAGAIN) is readable already. */
static int event_put(int signal, char byte)
{
	int saved = errno;
	int result = write(signal, &byte, 1) < 0 && errno != EAGAIN ? -errno : 0;

	errno = saved;
	return result;
}

/* Empty it. Whether a signal was among what it had, or a negative errno. */
static int event_take(int fd)
{
	int saved = errno;
	bool signalled = false;
	char bytes[512];
	ssize_t count;
	int result;

	while ((count = read(fd, bytes, sizeof bytes)) > 0)
		for (ssize_t i = 0; i < count; i++)
			signalled |= bytes[i] == EVENT_SIGNALLED;
	result = count < 0 && errno != EAGAIN ? -errno : signalled;
	errno = saved;
	return result;
}

static void event_ring(struct wti_alarm *alarm)
{
	event_put(wti_container_of(alarm, struct event_alarm, alarm)->signal, EVENT_DUE);
}

static int event_open_pipe(struct wti_os_event *event)
{
	int ends[2], err;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	err = event->fd = wti_os_high(ends[0]);
	if (err < 0)
		goto out_end;
	err = event->signal = wti_os_high(ends[1]);
	if (err < 0)
		goto out_fd;
	return 0;

out_end:
	close(ends[1]);
	return err;
out_fd:
	close(event->fd);
	return err;
}

/* The pipe is closed where it fails. */
static int event_open_alarm(struct wti_os_event *event)
{
	struct event_alarm *made = wti_alloc_zeroed(sizeof *made);
	int err = -ENOMEM;

	if (!made)
		goto out_pipe;
	made->signal = event->signal;
	err = wti_alarm_add(&made->alarm, event_ring);
	if (err)
		goto out_made;
	event->timer.alarm = &made->alarm;
	return 0;

out_made:
	wti_free(made);
out_pipe:
	close(event->signal);
	close(event->fd);
	return err;
}

int wti_system_event_create(struct wti_os_event *event)
{
	int saved = errno;
	int err = event_open_pipe(event);

	if (!err)
		err = event_open_alarm(event);
	errno = saved;
	return err;
}

int wti_system_event_signal(int signal)
{
	return event_put(signal, EVENT_SIGNALLED);
}

int wti_system_event_clear(const struct wti_os_event *event)
{
	int result = event_take(event->fd);

	if (result >= 0 && wti_alarm_has_rung(event->timer.alarm))
		event_put(event->signal, EVENT_DUE);
	return result < 0 ? result : 0;
}

/* Unset first: what rings from then on is the new moment's. */
int wti_system_event_alarm(const struct wti_os_event *event, int64_t at)
{
	if (wti_alarm_set(event->timer.alarm, INT64_MAX, 0) && event_take(event->fd) > 0)
		event_put(event->signal, EVENT_SIGNALLED);
	wti_alarm_set(event->timer.alarm, at, 0);
	return 0;
}

int wti_system_event_close(const struct wti_os_event *event)
{
	int saved = errno;
	int result;

	wti_alarm_remove(event->timer.alarm);
	wti_free(wti_container_of(event->timer.alarm, struct event_alarm, alarm));
	close(event->signal); /* first: a write to a pipe that nobody reads is a SIGPIPE */
	result = close(event->fd) < 0 ? -errno : 0;
	errno = saved;
	return result;
}
