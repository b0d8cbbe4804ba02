/* SPDX-License-Identifier: MIT
 *
 * What the tests of transfer lists share: buffers that count their deleters,
 * descriptors, a list with something of everything, and threads whose stack
 * is small.
 *
 * What returns an error number is for any thread; what asserts is the runner's.
 */
#ifndef SUPPORT_TRANSFER_H
#define SUPPORT_TRANSFER_H

#include <wt/buffer.h>
#include <wt/sender.h>
#include <wt/shared.h>
#include <wt/transfer.h>

#include "support/ports.h"
#include "support/support.h"

/* ---- Sending ---- */

/* Send `text` with the list, without waiting. */
int send_list(wt_port *port, const char *text, const wt_transfer *list, size_t count);
#define send_with(port, text, ...)                                      \
	send_list((port), (text), (const wt_transfer[]){ __VA_ARGS__ }, \
		  sizeof((const wt_transfer[]){ __VA_ARGS__ }) / sizeof(wt_transfer))

/* The next message, taken without waiting, is this text and has so many things with it. */
void assert_message_with(wt_port *port, const char *text, size_t count, wt_message *message, const char *file,
			 int line);
#define assert_receives_with(port, text, count, message) \
	assert_message_with((port), (text), (count), (message), __FILE__, __LINE__)

/* Receive one message and take a port out of it; what wt_port_receive or the take returned. */
int receive_port(wt_port *from, wt_port **port, wt_time deadline);

/* ---- Deleters ---- */

/* How often a buffer's deleter ran, and on which thread it did so last. */
struct deleted {
	atomic_uint count;
	_Atomic(pthread_t) thread;
};

/* A wrapped buffer of 8 bytes whose deleter counts; NULL when there is no memory. */
wt_buffer *wrap_counted(struct deleted *deleted);

/* The deleter itself; its arg is a struct deleted. */
void count_deleted(void *data, void *arg);

bool was_deleted(void *deleted);
#define assert_deleted(deleted, times) assert_int_equal(atomic_load(&(deleted)->count), (times))

/* ---- Descriptors ---- */

bool fd_is_open(int fd);

/* Whether both are the same file. */
bool fd_is_same_file(int fd, int other);

/* ---- Ten things to send ---- */

enum { TEN = 10, TEN_SHARED = 4 };

/* Three buffers, and two each of ports, senders and descriptors, and a shared memory, which is at TEN_SHARED. */
struct ten_things {
	wt_buffer *buffer[3];
	wt_port *port[2];
	wt_sender *sender[2];
	int fd[2];
	wt_shared *shared;
};

struct ten {
	struct ten_things now; /* the variables that the list names */
	struct ten_things was;
	wt_transfer list[TEN];
	struct deleted deleted;   /* of the three buffers together */
	wt_port *peer[2];         /* other ends of the ports */
	struct channel target[2]; /* what sender i posts arrives at target[i].b */
	int same_file[2];
};

void ten_make(struct ten *ten);

/* Each variable, and what it names, are as they were, and work. */
void ten_assert_untouched(struct ten *ten);

/* Each variable holds nothing any more. */
void ten_assert_moved(struct ten *ten);

/* Take all of them out of the message, and put them back into the variables. */
void ten_take(struct ten *ten, wt_message *message);

/* Destroy what is left in the variables, and the rest. */
void ten_end(struct ten *ten);

/* ---- What is left untaken ---- */

/* A message with a counted buffer and a port is under way in the channel. */
struct left {
	struct channel channel;
	struct deleted deleted;
	wt_port *peer; /* of the port */
};
void left_make(struct left *left, const wt_channel_options *options);

/* The deleter ran once, and the port's peer heard of its close, before the channel is closed. */
void left_assert_gone(struct left *left);
void left_end(struct left *left);

/* ---- Threads ---- */

/* Run `fn` on a new thread with a stack of 64 KiB (256 in a sanitizer build), and wait for its end. */
void run_on_small_stack(void (*fn)(void *arg), void *arg);

/* ---- Filling ---- */

/* Post messages of 48 bytes, then of none, until the port has no room; how many there were. */
unsigned fill(wt_port *port);

/* Receive and release all that waits; how many there were. */
unsigned drain_all(wt_port *port);

#endif
