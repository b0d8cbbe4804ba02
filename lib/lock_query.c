/* SPDX-License-Identifier: MIT
 *
 * A snapshot of the table of locks. It is copied under the table's mutex into
 * memory made before; where that was too small, the pass has counted what is
 * needed, and there is another one. Order and cycles are found without it.
 */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "fork.h"
#include "lock.h"
#include "misuse.h"

/* More than the pass before has counted: what may come meanwhile. */
enum {
	QUERY_ROOM = 32,
	QUERY_NAMES_ROOM = 2048 /* bytes */
};

struct wt_lock_snapshot {
	WTI_HANDLE
	size_t count;
	struct wti_lock_entry entries[]; /* the names follow the last there is room for */
};

/* One pass: what there is, and where what has room goes. */
struct query {
	size_t count, room;
	size_t bytes, bytes_room; /* of names */
	struct wti_lock_entry *entries;
	unsigned char *names;
};

static void query_visit(const struct wt_lock *lock, void *arg)
{
	struct query *query = arg;
	size_t index = query->count++, at = query->bytes;
	unsigned char *name;

	query->bytes += lock->name_size;
	if (query->count > query->room || query->bytes > query->bytes_room)
		return;
	name = query->names + at;
	if (lock->name_size)
		memcpy(name, lock->name, lock->name_size);
	query->entries[index] = (struct wti_lock_entry){
		.info = { .name = name,
			  .name_size = lock->name_size,
			  .thread_id = lock->owner->id,
			  .mode = lock->mode,
			  /* relaxed: it changes under the mutex only */
			  .pending = wti_load(&lock->state) == WTI_LOCK_PENDING },
		.serial = lock->serial,
	};
}

int wti_lock_compare_names(const wt_lock_info *a, const wt_lock_info *b)
{
	size_t common = a->name_size < b->name_size ? a->name_size : b->name_size;
	int order = common ? memcmp(a->name, b->name, common) : 0;

	if (order)
		return order;
	return a->name_size < b->name_size ? -1 : a->name_size > b->name_size;
}

static int query_compare(const void *left, const void *right)
{
	const struct wti_lock_entry *a = left, *b = right;
	int order = wti_lock_compare_names(&a->info, &b->info);

	if (order)
		return order;
	if (a->info.pending != b->info.pending)
		return a->info.pending ? 1 : -1;
	return a->serial < b->serial ? -1 : a->serial > b->serial;
}

/* A pass into new memory that is larger than the pass before has counted. NULL where memory is short. */
static struct wt_lock_snapshot *query_pass(struct query *query)
{
	size_t room = query->count + QUERY_ROOM, bytes_room = query->bytes + QUERY_NAMES_ROOM;
	struct wt_lock_snapshot *made = wti_alloc(sizeof *made + room * sizeof *made->entries + bytes_room);

	if (!made)
		return NULL;
	*query = (struct query){
		.room = room,
		.bytes_room = bytes_room,
		.entries = made->entries,
		.names = (unsigned char *)(made->entries + room),
	};
	wti_lock_each(query_visit, query);
	made->count = query->count;
	return made;
}

int wti_lock_query(wt_lock_snapshot **snapshot)
{
	struct query query = { .count = 0 };
	struct wt_lock_snapshot *made;
	int err = wti_fork_prepare(); /* it may be the first use, as by wt_dump */

	if (err)
		return err;
	while ((made = query_pass(&query)) && (query.count > query.room || query.bytes > query.bytes_room))
		wti_free(made);
	if (!made)
		return WT_ENOMEM;
	qsort(made->entries, made->count, sizeof *made->entries, query_compare);
	if (wti_lock_find_cycles(made->entries, made->count) != 0) {
		wti_free(made);
		return WT_ENOMEM;
	}
	WTI_MADE(made, SNAPSHOT);
	*snapshot = made;
	return 0;
}

int wt_lock_query(wt_lock_snapshot **snapshot)
{
	int err;

	if (!snapshot)
		return WT_EINVAL;
	*snapshot = NULL;
	if (wti_forked())
		return WT_EFORKED;
	err = wti_lock_query(snapshot);
	if (!err)
		WTI_OWED(*snapshot);
	return err;
}

size_t wt_lock_snapshot_count(const wt_lock_snapshot *snapshot)
{
	WTI_USES(snapshot, SNAPSHOT);
	return snapshot ? snapshot->count : 0;
}

const wt_lock_info *wt_lock_snapshot_at(const wt_lock_snapshot *snapshot, size_t index)
{
	WTI_USES(snapshot, SNAPSHOT);
	return index < wt_lock_snapshot_count(snapshot) ? &snapshot->entries[index].info : NULL;
}

void wt_lock_snapshot_destroy(wt_lock_snapshot *snapshot)
{
	WTI_ENDS(snapshot, SNAPSHOT);
	if (snapshot)
		WTI_ENDED(snapshot);
	wti_free_late(snapshot);
}
