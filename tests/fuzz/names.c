/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: names and other byte strings, of any bytes and any length, for
 * locks, broadcasts, threads, environment data and variables. What the library
 * says of a name is compared with a list that is searched byte by byte.
 */
#include <stdlib.h>
#include <string.h>
#include <wt.h>

#include "fuzz/fuzz.h"

enum { NAMES_MOST = 16, NAMES_VALUE = 40 };

/* One name that is in use, and for what. */
struct name {
	struct fuzz_input key, value;
	void *object;
};

/* All that are in use for one thing. */
struct names {
	struct name name[NAMES_MOST];
	unsigned count;
};

static struct names locks, topics, threads, data, variables;

/* ---- The model ---- */

static bool names_equal(struct fuzz_input a, struct fuzz_input b)
{
	return a.size == b.size && (!a.size || memcmp(a.next, b.next, a.size) == 0);
}

static struct name *names_find(struct names *names, struct fuzz_input key)
{
	for (unsigned i = 0; i < names->count; i++)
		if (names_equal(names->name[i].key, key))
			return &names->name[i];
	return NULL;
}

static struct name *names_add(struct names *names, struct fuzz_input key)
{
	struct name *name = &names->name[names->count++];

	*name = (struct name){ .key = key };
	return name;
}

static void names_remove(struct names *names, struct name *name)
{
	*name = names->name[--names->count];
}

static bool names_full(const struct names *names)
{
	return names->count == NAMES_MOST;
}

/* A name: again one that is in use, or the bytes that follow. Lengths up to 255, and beyond one block of a hash. */
static struct fuzz_input names_key(struct names *names, struct fuzz_input *input)
{
	unsigned way = fuzz_byte(input);

	if (way < 96 && names->count)
		return names->name[way % names->count].key;
	return fuzz_bytes(input, way < 224 ? way % 16 : way);
}

/* ---- Locks ---- */

/* Also where the name has no bytes. */
static void names_compare(const void *bytes, size_t size, struct fuzz_input key)
{
	FUZZ_CHECK(size == key.size && (!size || memcmp(bytes, key.next, size) == 0));
}

static void try_lock(struct fuzz_input *input)
{
	struct fuzz_input key = names_key(&locks, input);
	struct name *name = names_find(&locks, key);
	wt_lock *lock;
	size_t size;
	int err = wt_lock_acquire(&lock, key.next, key.size, NULL, WT_NOW);

	FUZZ_CHECK(err == (name ? WT_EAGAIN : 0) || (name && err == WT_EDEADLK));
	if (!err && names_full(&locks)) {
		wt_lock_release(lock);
	} else if (!err) {
		names_add(&locks, key)->object = lock;
		names_compare(wt_lock_name(lock, &size), key.size, key);
		FUZZ_CHECK(size == key.size);
	} else {
		wt_lock_release(name->object);
		names_remove(&locks, name);
	}
}

/* Each that is held is there once, with its bytes; in order. */
static void try_lock_query(struct fuzz_input *input)
{
	wt_lock_snapshot *snapshot;

	(void)input;
	FUZZ_CHECK(wt_lock_query(&snapshot) == 0);
	FUZZ_CHECK(wt_lock_snapshot_count(snapshot) == locks.count);
	for (size_t i = 0; i < locks.count; i++) {
		const wt_lock_info *info = wt_lock_snapshot_at(snapshot, i);

		FUZZ_CHECK(names_find(&locks, (struct fuzz_input){ info->name, info->name_size }));
		FUZZ_CHECK(!info->pending && info->thread_id == wt_thread_id());
	}
	wt_lock_snapshot_destroy(snapshot);
}

/* ---- Broadcasts: who has the same name hears it, and nobody else ---- */

static wt_broadcast *names_open(struct fuzz_input key)
{
	wt_broadcast *broadcast;
	size_t size;
	const void *name;

	FUZZ_CHECK(wt_broadcast_open(&broadcast, key.next, key.size, NULL) == 0);
	name = wt_broadcast_name(broadcast, &size);
	names_compare(name, size, key);
	return broadcast;
}

static bool names_hears(wt_broadcast *broadcast)
{
	wt_message message;
	int err = wt_broadcast_receive(broadcast, &message, WT_NOW);

	FUZZ_CHECK(err == 0 || err == WT_EAGAIN);
	wt_message_release(&message);
	return !err;
}

static void try_broadcast(struct fuzz_input *input)
{
	struct fuzz_input key = names_key(&topics, input);
	struct name *name = names_find(&topics, key);
	wt_broadcast *poster = names_open(key);

	FUZZ_CHECK(wt_broadcast_post(poster, "a", 1) == 0);
	for (unsigned i = 0; i < topics.count; i++)
		FUZZ_CHECK(names_hears(topics.name[i].object) == (&topics.name[i] == name));
	if (!name && !names_full(&topics)) {
		names_add(&topics, key)->object = poster;
		return;
	}
	wt_broadcast_close(poster);
	if (name && fuzz_byte(input) % 2) {
		wt_broadcast_close(name->object);
		names_remove(&topics, name);
	}
}

/* ---- Threads ---- */

static void names_find_thread(struct fuzz_input key, bool known)
{
	uint64_t id;
	int err = wt_find_thread(key.next, key.size, &id);

	FUZZ_CHECK(err == (known ? 0 : WT_ESRCH));
	FUZZ_CHECK(id == (known ? wt_thread_id() : 0));
}

static void try_thread(struct fuzz_input *input)
{
	struct fuzz_input key = names_key(&threads, input);
	struct name *name = names_find(&threads, key);

	names_find_thread(key, name);
	if (name && fuzz_byte(input) % 2) {
		FUZZ_CHECK(wt_unregister_thread_name(key.next, key.size) == 0);
		names_remove(&threads, name);
	} else if (!name && names_full(&threads)) {
		FUZZ_CHECK(wt_unregister_thread_name(key.next, key.size) == WT_ESRCH);
	} else {
		FUZZ_CHECK(wt_register_thread_name(key.next, key.size) == (name ? WT_EEXIST : 0));
		if (!name)
			names_add(&threads, key);
	}
	names_find_thread(key, names_find(&threads, key));
}

/* ---- Environment data ---- */

static void names_compare_data(struct fuzz_input key)
{
	const struct name *name = names_find(&data, key);
	size_t size;
	const void *value = wt_get_environment_data(key.next, key.size, &size);

	FUZZ_CHECK(!value == !name);
	names_compare(value, size, name ? name->value : (struct fuzz_input){ 0 });
}

static void try_data(struct fuzz_input *input)
{
	struct fuzz_input key = names_key(&data, input);
	struct name *name = names_find(&data, key);

	if (names_full(&data) || fuzz_byte(input) % 4 == 0) {
		FUZZ_CHECK(wt_delete_environment_data(key.next, key.size) == 0);
		if (name)
			names_remove(&data, name);
	} else {
		struct fuzz_input value = fuzz_bytes(input, fuzz_byte(input) % NAMES_VALUE);

		FUZZ_CHECK(wt_set_environment_data(key.next, key.size, value.next, value.size) == 0);
		(name ? name : names_add(&data, key))->value = value;
	}
	names_compare_data(key);
}

/* ---- Environment variables: strings, so the bytes end at the first zero ---- */

/* As a string of its own, and its bytes. */
static const char *names_string(struct fuzz_input bytes, struct fuzz_input *cut, char *to)
{
	*cut = (struct fuzz_input){ bytes.next, bytes.size ? strnlen((const char *)bytes.next, bytes.size) : 0 };
	memset(to, 0, 256);
	if (cut->size)
		memcpy(to, cut->next, cut->size);
	return to;
}

static void names_compare_variable(const char *string, struct fuzz_input key)
{
	const struct name *name = names_find(&variables, key);
	const char *value = wt_getenv(string);

	FUZZ_CHECK(!value == !name);
	if (name)
		names_compare(value, strlen(value), name->value);
}

static bool names_is_variable(const char *string)
{
	return *string && !strchr(string, '=');
}

static void names_unset(const char *string, struct name *name)
{
	FUZZ_CHECK(wt_unsetenv(string) == (names_is_variable(string) ? 0 : WT_EINVAL));
	if (name)
		names_remove(&variables, name);
}

static void names_set(const char *string, struct fuzz_input key, struct name *name, struct fuzz_input *input)
{
	char text[256];
	struct fuzz_input value;
	const char *string_value = names_string(fuzz_bytes(input, fuzz_byte(input) % NAMES_VALUE), &value, text);
	int err = wt_setenv(string, string_value);

	FUZZ_CHECK(err == (names_is_variable(string) ? 0 : WT_EINVAL));
	if (!err)
		(name ? name : names_add(&variables, key))->value = value;
}

static void try_variable(struct fuzz_input *input)
{
	char text[256];
	struct fuzz_input key;
	const char *string = names_string(names_key(&variables, input), &key, text);
	struct name *name = names_find(&variables, key);

	if (names_full(&variables) || fuzz_byte(input) % 4 == 0)
		names_unset(string, name);
	else
		names_set(string, key, name, input);
	names_compare_variable(string, key);
}

/* ---- A worker has a snapshot [W6] ---- */

static int names_compare_all(wt_port *parent, const void *unused, size_t size)
{
	char text[256];
	struct fuzz_input key;

	(void)parent;
	(void)unused;
	(void)size;
	for (unsigned i = 0; i < data.count; i++)
		names_compare_data(data.name[i].key);
	for (unsigned i = 0; i < variables.count; i++) {
		const char *string = names_string(variables.name[i].key, &key, text);

		names_compare_variable(string, key);
	}
	for (unsigned i = 0; i < locks.count; i++) {
		wt_lock *lock;

		key = locks.name[i].key;
		FUZZ_CHECK(wt_lock_acquire(&lock, key.next, key.size, NULL, WT_NOW) == WT_EAGAIN);
	}
	return 0;
}

static void names_ask_worker(void)
{
	wt_worker *worker;
	int code;

	FUZZ_CHECK(wt_worker_create(&worker, names_compare_all, NULL, 0, NULL) == 0);
	FUZZ_CHECK(wt_worker_join(worker, &code, WT_FOREVER) == 0 && code == 0);
	wt_worker_destroy(worker);
}

/* ---- The target ---- */

static void (*const tries[])(struct fuzz_input *input) = {
	try_lock, try_lock_query, try_broadcast, try_thread, try_data, try_variable,
};

/* What is left goes with the thread. */
static void names_run(struct fuzz_input *input)
{
	locks.count = topics.count = threads.count = data.count = variables.count = 0;
	while (input->size)
		tries[fuzz_byte(input) % (sizeof tries / sizeof *tries)](input);
	names_ask_worker();
}

const struct fuzz_target fuzz_target = { .run = names_run };
