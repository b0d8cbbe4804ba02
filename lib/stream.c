/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <errno.h>
#include <stdio_ext.h>
#include <string.h>
#include <unistd.h>
#include <wt/port.h>
#include <wt/sender.h>

#include "alloc.h"
#include "fork.h"
#include "line.h"
#include "mutex.h"
#include "os.h"

enum {
	STREAM_BUFFER = 4096,   /* bytes of a FILE's own buffer */
	STREAM_LINE_ROOM = 256, /* bytes of a line that is gathered, at first */
	STREAM_ERRNO_MAX = 4095 /* further errors are libwt's own */
};

struct wti_stream {
	struct wti_thread *owner;
	enum wti_stdio kind;
	FILE *file; /* NULL: the program has closed it; written under stream_lock */
	_Atomic(bool) unbuffering; /* under the FILE's lock, of which tools know nothing */
	_Atomic(bool) unbuffered;  /* exit() leaves its buffer alone */

	/* Written, not captured: the beginning of a line, which waits for its end. */
	char *line;
	size_t used, room;

	/* Read: what is left of the message in the fed port's view. */
	const unsigned char *left;
	size_t left_size;
	bool ended;

	char buffer[STREAM_BUFFER];
};

/*
 * Which streams there are, and which FILE each has: held while that changes, and
 * while a FILE of another thread is used. Who closes one has the FILE's lock and
 * wants this; here that lock is tried once, and not waited for.
 */
static struct wti_mutex stream_lock = WTI_MUTEX_INIT(WTI_RANK_STREAMS);

/* exit() has come so far that it flushes all FILEs, of whatever threads are left. */
static _Atomic(bool) stream_process_ends;

/* No exit handler is left to run, only threads that did not end; written under the lock. */
static _Atomic(bool) stream_process_over;
static _Atomic(struct wti_thread *) stream_process_ender; /* who ends the process, where it has a record */

/* Whether the call comes from one who has no business with the stream any more. */
static bool stream_is_foreign(const struct wti_stream *stream)
{
	if (wti_forked())
		return true;
	/* Relaxed: the thread that set it is the one to see it. */
	return wti_load(&stream_process_ends) && wti_thread_peek() != stream->owner;
}

/* Whether the process leaves its owner behind. */
static bool stream_is_left(const struct wti_stream *stream)
{
	/* Relaxed: who sees it late writes once more, and for the ender itself it is not late. */
	return wti_load(&stream_process_over) && stream->owner != wti_load(&stream_process_ender);
}

/*
 * With the FILE's lock, perhaps in one of its writes: glibc's look at the buffer
 * again behind that, and its exit(), which up to 2.36 takes no locks, leaves alone
 * what has none. What is in it is written by setvbuf, which so may come back here.
 * musl's exit() takes the locks, and no buffers.
 */
static void stream_unbuffer(struct wti_stream *stream)
{
#ifdef __GLIBC__
	if (wti_load(&stream->unbuffering) || !stream->file)
		return;
	wti_store(&stream->unbuffering, true);
	setvbuf(stream->file, NULL, _IONBF, 0);
#endif
	wti_store_rel(&stream->unbuffered, true); /* pairs with stream_leave [stream-left]: before exit() goes on */
}

static void stream_set_errno(int err)
{
	if (err == WT_ETERMINATED)
		errno = EINTR;
	else if (err == WT_ECLOSED)
		errno = EPIPE;
	else
		errno = err < -STREAM_ERRNO_MAX ? EIO : -err;
}

/* ---- Writing ---- */

static int stream_make_room(struct wti_stream *stream, size_t size)
{
	size_t room = stream->room ? stream->room : STREAM_LINE_ROOM;
	char *line;

	while (room - stream->used < size)
		room *= 2;
	if (room == stream->room)
		return 0;
	line = wti_resize(stream->line, room);
	if (!line)
		return WT_ENOMEM;
	stream->line = line;
	stream->room = room;
	return 0;
}

static int stream_gather(struct wti_stream *stream, const char *data, size_t size)
{
	int err = size ? stream_make_room(stream, size) : 0;

	if (err || !size)
		return err;
	memcpy(stream->line + stream->used, data, size);
	stream->used += size;
	return 0;
}

/* What is gathered, and so much more. Gone afterwards, also where it failed: as the C library has it with its own. */
static int stream_put(struct wti_stream *stream, const char *data, size_t size)
{
	const struct iovec pieces[WTI_LINE_PIECES] = {
		{ .iov_base = stream->line, .iov_len = stream->used },
		{ .iov_base = (void *)(uintptr_t)data, .iov_len = size },
	};

	stream->used = 0;
	return wti_line_write(stream->kind == WTI_STDERR ? STDERR_FILENO : STDOUT_FILENO, pieces, WTI_LINE_PIECES);
}

static int stream_write_lines(struct wti_stream *stream, const char *data, size_t size)
{
	const char *last = memrchr(data, '\n', size);
	size_t whole = last ? (size_t)(last - data) + 1 : 0;
	int err = whole ? stream_put(stream, data, whole) : 0;

	return err ? err : stream_gather(stream, data + whole, size - whole);
}

/* What fopencookie takes for an error of its write function, which must not be negative for glibc. */
#ifdef __GLIBC__
#define STREAM_WRITE_ERROR 0
#else
#define STREAM_WRITE_ERROR (-1)
#endif

static ssize_t stream_write(void *cookie, const char *data, size_t size)
{
	struct wti_stream *stream = cookie;
	wt_sender *captured;
	int err;

	/* musl flushes what there is, also where there is nothing. */
	if (!size || stream_is_foreign(stream))
		return (ssize_t)size;
	if (wti_unlikely(stream_is_left(stream))) {
		stream_unbuffer(stream);
		return (ssize_t)size;
	}
	captured = stream->owner->captured[stream->kind];
	err = captured ? wt_sender_post(captured, data, size) : stream_write_lines(stream, data, size);
	if (!err)
		return (ssize_t)size;
	stream_set_errno(err);
	return STREAM_WRITE_ERROR;
}

/* ---- Reading ---- */

/* Wait for the next message. 0, also where it is the end. */
static int stream_await_feed(struct wti_stream *stream)
{
	wt_message message;
	int err = WT_ECLOSED;

	if (stream->owner->fed)
		err = wt_port_receive(stream->owner->fed, &message, WT_FOREVER);
	if (err && err != WT_ECLOSED)
		return err;
	stream->ended = err || message.type == WTI_FEED_END;
	if (!stream->ended) {
		stream->left = message.data;
		stream->left_size = message.size;
	}
	return 0;
}

/* As read(2). */
static ssize_t stream_read(void *cookie, char *buffer, size_t size)
{
	struct wti_stream *stream = cookie;
	int err = 0;

	if (stream_is_foreign(stream) || stream_is_left(stream))
		return 0;
	if (!stream->owner->fed)
		stream->left_size = 0; /* the view has ended with its port */
	/* Also before what is left of a message, which may take long. */
	if (wti_thread_terminating(stream->owner))
		err = WT_ETERMINATED;
	else if (!stream->left_size && !stream->ended)
		err = stream_await_feed(stream);
	if (err) {
		stream_set_errno(err);
		return -1;
	}
	if (size > stream->left_size)
		size = stream->left_size;
	if (!size)
		return 0;
	memcpy(buffer, stream->left, size);
	stream->left += size;
	stream->left_size -= size;
	return (ssize_t)size;
}

/* ---- Their life ---- */

static void stream_set_file(struct wti_stream *stream, FILE *file)
{
	wti_mutex_lock(&stream_lock);
	stream->file = file;
	wti_store(&stream->unbuffering, false);
	wti_store(&stream->unbuffered, false);
	/* With a buffer that is there, it cannot fail. */
	if (file && stream->kind == WTI_STDIN)
		setvbuf(file, stream->buffer, _IOFBF, STREAM_BUFFER);
	else if (file && stream_is_left(stream))
		stream_unbuffer(stream);
	else if (file)
		setvbuf(file, stream->buffer, _IOLBF, STREAM_BUFFER);
	wti_mutex_unlock(&stream_lock);
}

static void stream_set(struct wti_thread *self, enum wti_stdio kind, struct wti_stream *stream)
{
	wti_mutex_lock(&stream_lock);
	self->streams[kind] = stream;
	wti_mutex_unlock(&stream_lock);
}

/* By fclose, the program's or ours. What is left of a line goes out without its end. */
static int stream_close(void *cookie)
{
	struct wti_stream *stream = cookie;
	int err = 0;

	if (wti_forked())
		return 0;
	stream_set_file(stream, NULL);
	if (stream_is_foreign(stream))
		return 0;
	if (stream->used && !stream_is_left(stream))
		err = stream_put(stream, NULL, 0);
	wti_free(stream->line);
	stream->line = NULL;
	stream->room = 0;
	if (err)
		stream_set_errno(err);
	return err ? -1 : 0;
}

/* The program's buffers may lie in its heap, and its lock be held by frames that a jump has left: both end here. */
static void stream_thread_end(struct wti_thread *self)
{
	for (enum wti_stdio kind = WTI_STDIN; kind < WTI_STDIO_COUNT; kind++) {
		struct wti_stream *stream = self->streams[kind];

		if (stream && stream->file)
			fclose(stream->file);
		if (stream)
			stream_set(self, kind, NULL);
		wti_free(stream);
	}
}

static int stream_open_file(struct wti_stream *stream)
{
	static const cookie_io_functions_t reading = { .read = stream_read, .close = stream_close };
	static const cookie_io_functions_t writing = { .write = stream_write, .close = stream_close };
	bool reads = stream->kind == WTI_STDIN;
	FILE *file;
	int err = wti_os->stream_open(&file, stream, reads ? "r" : "w", reads ? reading : writing);

	if (err)
		return err;
	/*
	 * A read may wait for ever, and fflush(NULL), which has nothing to do
	 * there, would wait for its lock. musl's does all the same.
	 */
	if (reads)
		__fsetlocking(file, FSETLOCKING_BYCALLER);
	stream_set_file(stream, file);
	return 0;
}

static struct wti_stream *stream_get(struct wti_thread *self, enum wti_stdio kind)
{
	struct wti_stream *stream = self->streams[kind];

	if (stream)
		return stream;
	stream = wti_alloc_zeroed(sizeof *stream);
	if (!stream)
		return NULL;
	stream->owner = self;
	stream->kind = kind;
	stream_set(self, kind, stream);
	self->end[WTI_END_STREAMS] = stream_thread_end;
	return stream;
}

static FILE *stream_file(enum wti_stdio kind, FILE *process)
{
	struct wti_thread *self = wti_thread_peek();
	struct wti_stream *stream;

	if (!self || !self->worker)
		return process;
	stream = stream_get(self, kind);
	if (!stream || (!stream->file && stream_open_file(stream) != 0))
		return NULL;
	return stream->file;
}

FILE *wt_stdin(void)
{
	return stream_file(WTI_STDIN, stdin);
}

FILE *wt_stdout(void)
{
	return stream_file(WTI_STDOUT, stdout);
}

FILE *wt_stderr(void)
{
	return stream_file(WTI_STDERR, stderr);
}

void wti_stream_end_process(void)
{
	struct wti_thread *self = wti_thread_peek();

	wti_store(&stream_process_ends, true);
	if (self)
		stream_thread_end(self);
}

void wti_stream_process_over(void)
{
	wti_mutex_lock(&stream_lock);
	wti_store(&stream_process_ender, wti_thread_peek());
	wti_store(&stream_process_over, true);
	wti_mutex_unlock(&stream_lock);
}

/* False where its owner is to do it, in its next write. */
static bool stream_leave(struct wti_stream *stream)
{
	FILE *file = stream->file;

	/* Of one whose owner does without the lock, as for stdin, nobody else may touch the buffer. */
	if (!file || __fsetlocking(file, FSETLOCKING_QUERY) == FSETLOCKING_BYCALLER)
		return true;
	if (wti_load_acq(&stream->unbuffered)) /* pairs with stream_unbuffer [stream-left]: exit() sees what it did */
		return true;
	if (ftrylockfile(file) != 0)
		return false;
	stream_unbuffer(stream);
	funlockfile(file);
	return true;
}

bool wti_stream_leave(struct wti_thread *thread)
{
	bool all = true;

	wti_mutex_lock(&stream_lock);
	for (int kind = 0; kind < WTI_STDIO_COUNT; kind++) {
		struct wti_stream *stream = thread->streams[kind];

		if (stream && stream_is_left(stream) && !stream_leave(stream))
			all = false;
	}
	wti_mutex_unlock(&stream_lock);
	return all;
}
