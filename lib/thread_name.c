/* SPDX-License-Identifier: MIT
 *
 * Names of threads, under the registry's mutex: each in a chain by its hash,
 * and on its owner's list, from which the owner's end gives it up.
 */
#include <string.h>
#include <wt/thread_name.h>

#include "alloc.h"
#include "fork.h"
#include "hash.h"
#include "list.h"
#include "thread.h"
#include "thread_registry.h"

enum { NAME_BUCKETS_LOG2 = 6 };

/* What a name is found by: hashed before the mutex is taken, whatever its size. */
struct name_key {
	const void *bytes;
	size_t size;
	uint64_t hash;
};

struct thread_name {
	struct wti_list own;      /* wti_thread.names */
	struct thread_name *next; /* under the mutex: of the chain */
	struct wti_thread *owner;
	struct name_key key;      /* the bytes follow, in the same block */
};

static struct thread_name *name_buckets[1 << NAME_BUCKETS_LOG2]; /* under the mutex */

static int name_read(struct name_key *key, const void *bytes, size_t size)
{
	if (!bytes && size)
		return WT_EINVAL;
	if (size > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	*key = (struct name_key){ .bytes = bytes, .size = size, .hash = wti_hash(bytes, size) };
	if (wti_forked())
		return WT_EFORKED;
	/* It may be the first use. Where there is no memory for a handler nobody has a name that could be asked for. */
	(void)wti_fork_prepare();
	return 0;
}

static bool name_same(const struct name_key *a, const struct name_key *b)
{
	return a->hash == b->hash && a->size == b->size && (!a->size || memcmp(a->bytes, b->bytes, a->size) == 0);
}

/* The link that leads to the name, or the one at the end of its chain. */
static struct thread_name **name_link(const struct name_key *key)
{
	struct thread_name **link = &name_buckets[wti_hash_bucket(key->hash, NAME_BUCKETS_LOG2)];

	while (*link && !name_same(&(*link)->key, key))
		link = &(*link)->next;
	return link;
}

static void name_free(struct thread_name *name)
{
	wti_list_remove(&name->own);
	wti_free(name);
}

static void name_thread_end(struct wti_thread *self)
{
	wti_registry_lock();
	for (struct wti_list *link = self->names.next; link != &self->names; link = link->next) {
		struct thread_name *name = wti_list_entry(link, struct thread_name, own);

		*name_link(&name->key) = name->next;
	}
	wti_registry_unlock();
	while (!wti_list_empty(&self->names))
		name_free(wti_list_entry(self->names.next, struct thread_name, own));
}

static struct thread_name *name_make(struct wti_thread *self, const struct name_key *key)
{
	struct thread_name *name = wti_alloc(sizeof *name + key->size);

	if (!name)
		return NULL;
	*name = (struct thread_name){ .owner = self, .key = *key };
	name->key.bytes = name + 1;
	if (key->size)
		memcpy(name + 1, key->bytes, key->size);
	wti_list_init(&name->own);
	wti_list_append(&self->names, &name->own);
	self->end[WTI_END_NAMES] = name_thread_end;
	return name;
}

static bool name_enter(struct thread_name *name)
{
	struct thread_name **link;
	bool free;

	wti_registry_lock();
	link = name_link(&name->key);
	free = !*link;
	if (free)
		*link = name;
	wti_registry_unlock();
	return free;
}

int wt_register_thread_name(const void *name, size_t size)
{
	struct thread_name *made;
	struct wti_thread *self;
	struct name_key key;
	int err = name_read(&key, name, size);

	if (err)
		return err;
	self = wti_thread_self();
	if (!self)
		return WT_ENOMEM;
	if (self->messages_over)
		return WT_ENOTSUP;
	made = name_make(self, &key);
	if (!made)
		return WT_ENOMEM;
	if (name_enter(made))
		return 0;
	name_free(made);
	return WT_EEXIST;
}

/* Out of its chain, if it is the thread's own. */
static int name_leave(const struct wti_thread *self, const struct name_key *key, struct thread_name **name)
{
	struct thread_name **link;
	int err = 0;

	wti_registry_lock();
	link = name_link(key);
	*name = *link;
	if (!*name)
		err = WT_ESRCH;
	else if ((*name)->owner != self)
		err = WT_EOWNER;
	else
		*link = (*name)->next;
	wti_registry_unlock();
	return err;
}

int wt_unregister_thread_name(const void *name, size_t size)
{
	struct thread_name *found;
	struct name_key key;
	int err = name_read(&key, name, size);

	if (!err)
		err = name_leave(wti_thread_peek(), &key, &found);
	if (!err)
		name_free(found);
	return err;
}

int wt_find_thread(const void *name, size_t size, uint64_t *id)
{
	const struct thread_name *found;
	struct name_key key;
	int err;

	if (!id)
		return WT_EINVAL;
	*id = 0;
	err = name_read(&key, name, size);
	if (err)
		return err;
	wti_registry_lock();
	found = *name_link(&key);
	if (found)
		*id = found->owner->id;
	wti_registry_unlock();
	return found ? 0 : WT_ESRCH;
}
