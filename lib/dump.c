/* SPDX-License-Identifier: MIT */
#include "dump.h"

#include <errno.h>
#include <wt/dump.h>
#include <wt/error.h>
#include <wt/lock.h>

#include "alloc.h"
#include "fork.h"
#include "lock.h"
#include "os.h"

enum { DUMP_ROOM = 16 * 1024 }; /* bytes to begin with, and to spare where that was too little */

void wti_dump_seconds(struct wti_text *text, const char *name, int64_t time)
{
	int64_t milliseconds = time / 1000000;
	const char *sign = milliseconds < 0 ? "-" : "";

	if (milliseconds < 0)
		milliseconds = -milliseconds;
	wti_text_add(text, " %s=%s%lld.%03d", name, sign, (long long)(milliseconds / 1000), (int)(milliseconds % 1000));
}

void wti_dump_address(struct wti_text *text, const char *name, const char *kind, const void *address)
{
	wti_text_add(text, " %s=%s%s%#llx", name, kind ? kind : "", kind ? ":" : "",
		     (unsigned long long)(uintptr_t)address);
}

void wti_dump_bool(struct wti_text *text, const char *name, bool value)
{
	wti_text_add(text, " %s=%s", name, value ? "yes" : "no");
}

static void dump_lock(struct wti_text *text, const wt_lock_info *info)
{
	wti_text_add(text, "lock name=");
	wti_text_add_quoted(text, info->name, info->name_size);
	wti_text_add(text, " owner=%llu mode=%s state=%s cycle=%u\n", (unsigned long long)info->thread_id,
		     info->mode == WT_LOCK_SHARED ? "shared" : "exclusive", info->pending ? "pending" : "held",
		     info->cycle);
}

static void dump_locks(struct wti_text *text, const wt_lock_snapshot *locks)
{
	for (size_t i = 0; i < wt_lock_snapshot_count(locks); i++)
		dump_lock(text, wt_lock_snapshot_at(locks, i));
}

static void dump_all(struct wti_text *text, const wt_lock_snapshot *locks)
{
	text->size = 0;
	wti_dump_threads(text, wti_os->clock());
	dump_locks(text, locks);
	wti_text_add(text, "end\n");
}

/* Again with more room, as long as there was too little. 0 or WT_ENOMEM. */
static int dump_collect(struct wti_text *text, const wt_lock_snapshot *locks)
{
	*text = (struct wti_text){ .bytes = NULL };
	do {
		wti_free(text->bytes);
		text->room = text->size + text->size / 4 + DUMP_ROOM;
		text->bytes = wti_alloc(text->room);
		if (!text->bytes)
			return WT_ENOMEM;
		dump_all(text, locks);
	} while (text->size > text->room);
	return 0;
}

int wti_dump_make(struct wti_text *text)
{
	wt_lock_snapshot *locks;
	int err = wti_lock_query(&locks);

	if (err)
		return err;
	err = dump_collect(text, locks);
	wt_lock_snapshot_destroy(locks);
	return err;
}

/* Of the program's stream, which may be of any kind: one that says nothing of its failure has had one nevertheless. */
static int dump_write(FILE *stream, const struct wti_text *text)
{
	int saved = errno;
	int err = 0;

	errno = 0;
	if (fwrite(text->bytes, 1, text->size, stream) != text->size || fflush(stream) != 0)
		err = errno ? -errno : -EIO;
	errno = saved;
	return err;
}

int wt_dump(FILE *stream)
{
	struct wti_text text;
	int err;

	if (!stream)
		return WT_EINVAL;
	if (wti_forked())
		return WT_EFORKED;
	err = wti_dump_make(&text);
	if (err)
		return err;
	err = dump_write(stream, &text);
	wti_free(text.bytes);
	return err;
}
