/* SPDX-License-Identifier: MIT */
#include "support/transfer.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Sending ---- */

int send_list(wt_port *port, const char *text, const wt_transfer *list, size_t count)
{
	wt_outgoing outgoing = {
		.data = text,
		.size = strlen(text),
		.transfer = list,
		.transfer_count = count,
	};

	return wt_port_send(port, &outgoing, WT_NOW);
}

void assert_message_with(wt_port *port, const char *text, size_t count, wt_message *message, const char *file, int line)
{
	int err = wt_port_receive(port, message, WT_NOW);

	_assert_int_equal((uint64_t)err, 0, file, line);
	_assert_int_equal(message->size, strlen(text), file, line);
	_assert_memory_equal(message->data, text, message->size, file, line);
	_assert_int_equal(message->transfer_count, count, file, line);
}

int receive_port(wt_port *from, wt_port **port, wt_time deadline)
{
	wt_message message;
	int err;

	*port = NULL;
	err = wt_port_receive(from, &message, deadline);
	if (err)
		return err;
	err = wt_message_take_port(&message, 0, port);
	wt_message_release(&message);
	return err;
}

/* ---- Deleters ---- */

static char wrapped_bytes[8];

void count_deleted(void *data, void *arg)
{
	struct deleted *deleted = arg;

	(void)data;
	atomic_store(&deleted->thread, pthread_self());
	atomic_fetch_add(&deleted->count, 1);
}

wt_buffer *wrap_counted(struct deleted *deleted)
{
	wt_buffer *buffer;

	return wt_buffer_wrap(&buffer, wrapped_bytes, sizeof wrapped_bytes, count_deleted, deleted) ? NULL : buffer;
}

bool was_deleted(void *deleted)
{
	return atomic_load(&((struct deleted *)deleted)->count) != 0;
}

/* ---- Descriptors ---- */

bool fd_is_open(int fd)
{
	return fd >= 0 && fcntl(fd, F_GETFD) >= 0;
}

bool fd_is_same_file(int fd, int other)
{
	struct stat one, two;

	return fstat(fd, &one) == 0 && fstat(other, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

/* ---- Ten things to send ---- */

static void ten_make_fd(struct ten *ten, int i)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	ten->now.fd[i] = ends[1];
	ten->same_file[i] = ends[0];
}

static void ten_make_pair(struct ten *ten, int i)
{
	assert_int_equal(wt_channel_create(&ten->now.port[i], &ten->peer[i], NULL), 0);
	channel_open(&ten->target[i], NULL);
	assert_int_equal(wt_port_sender(ten->target[i].a, &ten->now.sender[i]), 0);
	ten_make_fd(ten, i);
}

void ten_make(struct ten *ten)
{
	struct ten_things *now = &ten->now;

	memset(ten, 0, sizeof *ten);
	for (int i = 0; i < 3; i++)
		assert_non_null(now->buffer[i] = wrap_counted(&ten->deleted));
	for (int i = 0; i < 2; i++)
		ten_make_pair(ten, i);
	assert_int_equal(wt_shared_create(&now->shared, 64, 0), 0);
	ten->was = *now;
	memcpy(ten->list,
	       (const wt_transfer[TEN]){ WT_MOVE(&now->buffer[0]), WT_MOVE(&now->port[0]), WT_MOVE(&now->sender[0]),
					 WT_MOVE(&now->fd[0]), WT_SHARE(now->shared), WT_MOVE(&now->buffer[1]),
					 WT_MOVE(&now->port[1]), WT_MOVE(&now->sender[1]), WT_MOVE(&now->fd[1]),
					 WT_MOVE(&now->buffer[2]) },
	       sizeof ten->list);
}

static void ten_assert_works(struct ten *ten, int i)
{
	char byte = 0;

	post_text(ten->peer[i], "there");
	assert_receives(ten->now.port[i], "there");
	post_text(ten->now.port[i], "and back");
	assert_receives(ten->peer[i], "and back");
	assert_int_equal(wt_sender_post(ten->now.sender[i], "sent", 4), 0);
	assert_receives(ten->target[i].b, "sent");
	assert_int_equal(write(ten->now.fd[i], "x", 1), 1);
	assert_int_equal(read(ten->same_file[i], &byte, 1), 1);
}

void ten_assert_untouched(struct ten *ten)
{
	assert_memory_equal(&ten->now, &ten->was, sizeof ten->now);
	assert_deleted(&ten->deleted, 0);
	for (int i = 0; i < 2; i++)
		ten_assert_works(ten, i);
	memset(wt_shared_data(ten->now.shared), 1, 64);
}

void ten_assert_moved(struct ten *ten)
{
	for (int i = 0; i < 3; i++)
		assert_null(ten->now.buffer[i]);
	for (int i = 0; i < 2; i++) {
		assert_null(ten->now.port[i]);
		assert_null(ten->now.sender[i]);
		assert_int_equal(ten->now.fd[i], -1);
	}
	assert_ptr_equal(ten->now.shared, ten->was.shared);
}

void ten_take(struct ten *ten, wt_message *message)
{
	static const size_t buffer_at[] = { 0, 5, 9 }, port_at[] = { 1, 6 }, sender_at[] = { 2, 7 }, fd_at[] = { 3, 8 };
	wt_shared *shared;

	assert_int_equal(message->transfer_count, TEN);
	for (int i = 0; i < 3; i++)
		assert_int_equal(wt_message_take_buffer(message, buffer_at[i], &ten->now.buffer[i]), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(wt_message_take_port(message, port_at[i], &ten->now.port[i]), 0);
		assert_int_equal(wt_message_take_sender(message, sender_at[i], &ten->now.sender[i]), 0);
		assert_int_equal(wt_message_take_fd(message, fd_at[i], &ten->now.fd[i]), 0);
	}
	assert_int_equal(wt_message_take_shared(message, TEN_SHARED, &shared), 0);
	assert_ptr_equal(wt_shared_data(shared), wt_shared_data(ten->now.shared));
	wt_shared_release(shared);
}

void ten_end(struct ten *ten)
{
	for (int i = 0; i < 3; i++)
		wt_buffer_destroy(ten->now.buffer[i]);
	for (int i = 0; i < 2; i++) {
		wt_port_close(ten->now.port[i]);
		wt_port_close(ten->peer[i]);
		wt_sender_close(ten->now.sender[i]);
		channel_close(&ten->target[i]);
		if (ten->now.fd[i] >= 0)
			close(ten->now.fd[i]);
		close(ten->same_file[i]);
	}
	wt_shared_release(ten->now.shared);
}

/* ---- What is left untaken ---- */

void left_make(struct left *left, const wt_channel_options *options)
{
	wt_buffer *buffer;
	wt_port *port;

	memset(left, 0, sizeof *left);
	channel_open(&left->channel, options);
	assert_non_null(buffer = wrap_counted(&left->deleted));
	assert_int_equal(wt_channel_create(&port, &left->peer, NULL), 0);
	assert_int_equal(send_with(left->channel.a, "left", WT_MOVE(&buffer), WT_MOVE(&port)), 0);
	assert_deleted(&left->deleted, 0);
	assert_receives_nothing(left->peer, WT_EAGAIN);
}

void left_assert_gone(struct left *left)
{
	assert_deleted(&left->deleted, 1);
	assert_receives_nothing(left->peer, WT_ECLOSED);
}

void left_end(struct left *left)
{
	left_assert_gone(left);
	channel_close(&left->channel);
	wt_port_close(left->peer);
	assert_deleted(&left->deleted, 1);
}

/* ---- Threads ---- */

struct small {
	void (*fn)(void *arg);
	void *arg;
};

static void *small_main(void *arg)
{
	struct small *small = arg;

	small->fn(small->arg);
	return NULL;
}

void run_on_small_stack(void (*fn)(void *arg), void *arg)
{
	size_t size = (size_t)(support_slowdown() > 1 ? 256 : 64) * 1024;
	struct small small = { .fn = fn, .arg = arg };
	pthread_attr_t attr;
	pthread_t thread;

	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstacksize(&attr, size), 0);
	assert_int_equal(pthread_create(&thread, &attr, small_main, &small), 0);
	pthread_attr_destroy(&attr);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

/* ---- Filling ---- */

unsigned fill(wt_port *port)
{
	static const char bytes[48];
	unsigned count = 0;

	while (wt_port_post(port, bytes, sizeof bytes) == 0)
		count++;
	while (wt_port_post(port, NULL, 0) == 0)
		count++;
	return count;
}

unsigned drain_all(wt_port *port)
{
	wt_message message;
	unsigned count = 0;

	while (wt_port_receive(port, &message, WT_NOW) == 0) {
		wt_message_release(&message);
		count++;
	}
	return count;
}
