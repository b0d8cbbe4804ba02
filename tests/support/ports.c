/* SPDX-License-Identifier: MIT */
#include "support/ports.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "port.h"

/* ---- Channels ---- */

void channel_open(struct channel *channel, const wt_channel_options *options)
{
	assert_int_equal(wt_channel_create(&channel->a, &channel->b, options), 0);
	assert_non_null(channel->a);
	assert_non_null(channel->b);
}

void channel_close(struct channel *channel)
{
	wt_port_close(channel->a);
	wt_port_close(channel->b);
	channel->a = NULL;
	channel->b = NULL;
}

void post_text(wt_port *port, const char *text)
{
	assert_int_equal(wt_port_post(port, text, strlen(text)), 0);
}

void assert_receives_text(wt_port *port, const char *text, const char *file, int line)
{
	wt_message message;
	int err = wt_port_receive(port, &message, WT_NOW);

	_assert_int_equal((uint64_t)err, 0, file, line);
	_assert_int_equal(message.size, strlen(text), file, line);
	_assert_memory_equal(message.data, text, message.size, file, line);
}

void assert_no_message(wt_port *port, int error, const char *file, int line)
{
	wt_message message;
	int err;

	memset(&message, 0x55, sizeof message);
	err = wt_port_receive(port, &message, WT_NOW);
	_assert_int_equal((uint64_t)err, (uint64_t)error, file, line);
	_assert_true(message.data == NULL, "message.data == NULL", file, line);
	_assert_true(message.port == NULL, "message.port == NULL", file, line);
	_assert_int_equal(message.size, 0, file, line);
	_assert_int_equal(message.type, 0, file, line);
}

/* ---- Events ---- */

void events_add(struct events *events, const char *format, ...)
{
	size_t left = sizeof events->text - events->length;
	va_list args;
	int n;

	if (events->length && left > 1) {
		strcpy(events->text + events->length++, " ");
		left--;
	}
	va_start(args, format);
	n = vsnprintf(events->text + events->length, left, format, args);
	va_end(args);
	if (n > 0)
		events->length += (size_t)n < left ? (size_t)n : left - 1;
}

void events_on_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	events_add(arg, "%.*s", (int)message->size, (const char *)message->data);
}

void events_on_error(wt_port *port, int error, void *arg)
{
	const char *name = wt_err_name(error);

	(void)port;
	events_add(arg, "error:%s", name ? name : "?");
}

void events_on_close(wt_port *port, void *arg)
{
	(void)port;
	events_add(arg, "close");
}

void count_message(wt_port *port, wt_message *message, void *arg)
{
	unsigned long *count = arg;

	(void)port;
	(void)message;
	++*count;
}

void ignore_failure(wt_worker *worker, const wt_failure *failure, void *arg)
{
	(void)worker;
	(void)failure;
	(void)arg;
}

/* ---- Threads ---- */

struct new_thread {
	void (*fn)(void *arg);
	void *arg;
};

static void *new_thread_run(void *arg)
{
	struct new_thread *thread = arg;

	thread->fn(thread->arg);
	return NULL;
}

void run_on_new_thread(void (*fn)(void *arg), void *arg)
{
	struct new_thread what = { .fn = fn, .arg = arg };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, new_thread_run, &what), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void *other_main(void *arg)
{
	struct other *other = arg;

	pthread_mutex_lock(&other->lock);
	other->record = wti_thread_self();
	pthread_cond_broadcast(&other->changed);
	while (!other->over) {
		if (other->fn) {
			pthread_mutex_unlock(&other->lock);
			other->fn(other->arg);
			pthread_mutex_lock(&other->lock);
			other->fn = NULL;
			pthread_cond_broadcast(&other->changed);
		} else {
			pthread_cond_wait(&other->changed, &other->lock);
		}
	}
	pthread_mutex_unlock(&other->lock);
	return NULL;
}

void other_start(struct other *other)
{
	memset(other, 0, sizeof *other);
	pthread_mutex_init(&other->lock, NULL);
	pthread_cond_init(&other->changed, NULL);
	assert_int_equal(pthread_create(&other->thread, NULL, other_main, other), 0);
	pthread_mutex_lock(&other->lock);
	while (!other->record)
		pthread_cond_wait(&other->changed, &other->lock);
	pthread_mutex_unlock(&other->lock);
}

void other_begin(struct other *other, void (*fn)(void *arg), void *arg)
{
	pthread_mutex_lock(&other->lock);
	other->arg = arg;
	other->fn = fn;
	pthread_cond_broadcast(&other->changed);
	pthread_mutex_unlock(&other->lock);
}

void other_wait(struct other *other)
{
	pthread_mutex_lock(&other->lock);
	while (other->fn)
		pthread_cond_wait(&other->changed, &other->lock);
	pthread_mutex_unlock(&other->lock);
}

void other_run(struct other *other, void (*fn)(void *arg), void *arg)
{
	other_begin(other, fn, arg);
	other_wait(other);
}

void other_end(struct other *other)
{
	other_wait(other);
	pthread_mutex_lock(&other->lock);
	other->over = true;
	pthread_cond_broadcast(&other->changed);
	pthread_mutex_unlock(&other->lock);
	assert_int_equal(pthread_join(other->thread, NULL), 0);
	pthread_cond_destroy(&other->changed);
	pthread_mutex_destroy(&other->lock);
}

void channel_open_between(struct channel *channel, struct other *other, const wt_channel_options *options)
{
	assert_int_equal(wti_channel_create(wti_thread_self(), other->record, options, &channel->a, &channel->b), 0);
}

/* ---- Time ---- */

bool polls_readable(int fd, int milliseconds)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, milliseconds) == 1 && (poll_fd.revents & POLLIN);
}
