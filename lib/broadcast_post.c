/* SPDX-License-Identifier: MIT
 *
 * Posting, by any thread that knows the endpoint to be open. What can fail
 * comes first: the record's room is there, or a chunk for it is made, outside
 * of the lock, before anything is written.
 */
#include "broadcast.h"
#include "cargo.h"
#include "fork.h"
#include "message.h"
#include "seam.h"
#include "trace.h"
#include "transfer.h"

/* A message on its way. */
struct broadcast_posting {
	wt_broadcast *broadcast;
	const wt_outgoing *message;
	size_t size;    /* bytes of the message */
	size_t payload; /* of the record: with what it carries */
};

static void broadcast_write(void *at, const struct broadcast_posting *posting)
{
	unsigned char *bytes = at;
	struct wti_cargo *cargo = at;

	/* Of shared memory only: nothing is dropped by it. */
	if (posting->payload != posting->size) {
		wti_transfer_pack(cargo, 0, posting->message, NULL, NULL);
		cargo->kept = 1;
	}
	wti_outgoing_copy(bytes + (posting->payload - posting->size), posting->message);
}

/* Under the lock, after the record is written. */
static void broadcast_publish(const struct broadcast_posting *posting)
{
	struct wti_log *log = &posting->broadcast->topic->log;

	wti_trace_post(posting->broadcast->trace, log->end);
	wti_log_publish(log);
	WTI_YIELD(WTI_YIELD_COMMITTED, log);
	for (struct wti_list *link = log->cursors.next; link != &log->cursors; link = link->next)
		wti_source_notify(&wti_list_entry(link, wt_broadcast, cursor.link)->source);
}

/* In a chunk of its own, which is written before the lock is taken. */
static int broadcast_post_solo(const struct broadcast_posting *posting, struct wti_list *retired)
{
	struct wti_log *log = &posting->broadcast->topic->log;
	enum wti_log_kind kind = posting->payload == posting->size ? WTI_LOG_BYTES : WTI_LOG_CARGO;
	struct wti_chunk *solo;
	bool heard;
	void *at;

	solo = wti_log_make_solo(posting->payload, posting->message->type, kind, &at);
	if (!solo)
		return WT_ENOMEM;
	broadcast_write(at, posting);
	wti_mutex_lock(&log->lock);
	heard = wti_log_has_readers(log, &posting->broadcast->cursor);
	if (heard) {
		wti_log_append_solo(&posting->broadcast->cursor, solo, retired);
		broadcast_publish(posting);
	}
	wti_mutex_unlock(&log->lock);
	if (!heard)
		wti_list_append(retired, &solo->link);
	return 0;
}

/* Under the lock: 0, or WT_EAGAIN where a chunk of *wanted bytes is to be made. */
static int broadcast_try(const struct broadcast_posting *posting, struct wti_chunk **fresh, size_t *wanted,
			 struct wti_list *retired)
{
	struct wti_cursor *author = &posting->broadcast->cursor;
	struct wti_log *log = author->log;
	void *at;

	if (!wti_log_has_readers(log, author))
		return 0;
	at = wti_log_append(author, posting->payload, posting->message->type, fresh, retired);
	if (wti_unlikely(!at)) {
		*wanted = wti_log_wanted(log, posting->payload);
		return WT_EAGAIN;
	}
	broadcast_write(at, posting);
	broadcast_publish(posting);
	return 0;
}

static int broadcast_post_small(const struct broadcast_posting *posting, struct wti_list *retired)
{
	struct wti_log *log = &posting->broadcast->topic->log;
	struct wti_chunk *fresh = NULL;
	size_t wanted;
	int err;

	for (;;) {
		wti_mutex_lock(&log->lock);
		err = broadcast_try(posting, &fresh, &wanted, retired);
		wti_mutex_unlock(&log->lock);
		if (wti_likely(err != WT_EAGAIN))
			break;
		if (fresh)
			wti_list_append(retired, &fresh->link); /* another has ended the chunk that it was for */
		fresh = wti_log_make(wanted);
		if (!fresh)
			return WT_ENOMEM;
	}
	if (fresh)
		wti_list_append(retired, &fresh->link);
	return err;
}

static int broadcast_post(const struct broadcast_posting *posting)
{
	struct wti_list retired;
	int err;

	if (wti_forked())
		return WT_EFORKED;
	if (wti_load(&posting->broadcast->closed)) /* relaxed: as if it had come before the close */
		return WT_ECLOSED;
	if (wti_unlikely(posting->broadcast->trace))
		(void)wti_thread_self(); /* before the lock: to make a record takes others */
	wti_list_init(&retired);
	if (posting->payload != posting->size || posting->payload > WTI_CHUNK_SOLO)
		err = broadcast_post_solo(posting, &retired);
	else
		err = broadcast_post_small(posting, &retired);
	wti_log_free(&retired);
	return err;
}

int wt_broadcast_post(wt_broadcast *broadcast, const void *data, size_t size)
{
	const wt_outgoing message = { .data = data, .size = size };

	WTI_USES(broadcast, BROADCAST);
	if (!broadcast || (!data && size))
		return WT_EINVAL;
	if (size > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	return broadcast_post(&(struct broadcast_posting){
		.broadcast = broadcast, .message = &message, .size = size, .payload = size });
}

int wt_broadcast_send(wt_broadcast *broadcast, const wt_outgoing *message)
{
	struct broadcast_posting posting = { .broadcast = broadcast, .message = message };
	int err;

	WTI_USES(broadcast, BROADCAST);
	if (!broadcast || !message)
		return WT_EINVAL;
	err = wti_outgoing_check(message, &posting.size);
	if (err)
		return err;
	err = wti_transfer_check(message->transfer, message->transfer_count, &(struct wti_route){ .several = true });
	if (err)
		return err;
	if (posting.size > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	posting.payload = posting.size;
	if (message->transfer_count)
		posting.payload += wti_cargo_size(message->transfer_count);
	return broadcast_post(&posting);
}
