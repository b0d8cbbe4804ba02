/* SPDX-License-Identifier: MIT */
#include "sched/store_buffer.h"

#include <string.h>

#include "sched/scheduler.h"

static void *store_memory(const volatile void *address)
{
	return (void *)(uintptr_t)address;
}

void store_buffer_drain(struct store_buffer *buffer, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct store *store = &buffer->store[i];

		sched_look(store->address);
		memcpy(store_memory(store->address), store->value, store->size);
	}
	buffer->count -= count;
	memmove(buffer->store, buffer->store + count, buffer->count * sizeof *buffer->store);
}

void store_buffer_add(struct store_buffer *buffer, volatile void *address, const void *value, unsigned size)
{
	struct store *store;

	if (buffer->count == STORE_BUFFER_MOST)
		store_buffer_drain(buffer, 1);
	store = &buffer->store[buffer->count++];
	store->address = address;
	store->size = size;
	memcpy(store->value, value, size);
}

static bool store_overlaps(const struct store *store, uintptr_t address, size_t size)
{
	uintptr_t at = (uintptr_t)store->address;

	return at < address + size && address < at + store->size;
}

bool store_buffer_has(const struct store_buffer *buffer, uintptr_t address, size_t size)
{
	for (unsigned i = 0; i < buffer->count; i++)
		if (store_overlaps(&buffer->store[i], address, size))
			return true;
	return false;
}

/* The sizes that atomics have, without a call. */
static void store_read(const volatile void *address, void *value, unsigned size)
{
	if (size == 8)
		memcpy(value, store_memory(address), 8);
	else if (size == 4)
		memcpy(value, store_memory(address), 4);
	else
		memcpy(value, store_memory(address), size);
}

void store_buffer_load(struct store_buffer *buffer, const volatile void *address, void *value, unsigned size)
{
	for (unsigned i = buffer->count; i--;) {
		const struct store *store = &buffer->store[i];

		if (!store_overlaps(store, (uintptr_t)address, size))
			continue;
		if (store->address == address && store->size == size) {
			memcpy(value, store->value, size);
			return;
		}
		/* A part of it: a processor waits until that is in memory. */
		store_buffer_drain(buffer, buffer->count);
		break;
	}
	store_read(address, value, size);
}
