/* SPDX-License-Identifier: MIT
 *
 * How libFuzzer changes the inputs of the target "operations": whole
 * operations come, go, change and are moved, and so do the pairs of the
 * schedule. Bytes alone would shift all that is behind them.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/world.h"

enum { MUTATE_HEAD = 3, MUTATE_COUNT = 2, MUTATE_OPERATION = 5, MUTATE_PAIR = 2 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* An input in its parts: elements of `width` bytes, from `begin` to `end`. */
struct mutate_part {
	size_t begin, end, width;
};

static unsigned mutate_random(unsigned *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static struct mutate_part mutate_operations(const uint8_t *data, size_t size)
{
	size_t count = data[MUTATE_COUNT] % (OPERATIONS_MOST + 1), there = (size - MUTATE_HEAD) / MUTATE_OPERATION;

	if (count > there)
		count = there;
	return (struct mutate_part){ MUTATE_HEAD, MUTATE_HEAD + count * MUTATE_OPERATION, MUTATE_OPERATION };
}

static size_t mutate_element(const struct mutate_part *part, unsigned *seed)
{
	size_t count = (part->end - part->begin) / part->width;

	return part->begin + (count ? mutate_random(seed) % count : 0) * part->width;
}

/* Room for an element at `at`, filled by chance, or with a copy of another. */
static size_t mutate_insert(uint8_t *data, size_t size, const struct mutate_part *part, unsigned *seed)
{
	size_t at = mutate_element(part, seed), from = mutate_element(part, seed);
	uint8_t element[MUTATE_OPERATION];

	memcpy(element, data + from, from + part->width <= size ? part->width : 0);
	if (from + part->width > size || mutate_random(seed) % 4)
		for (size_t i = 0; i < part->width; i++)
			element[i] = (uint8_t)mutate_random(seed);
	if (mutate_random(seed) % 4) /* few actors; and changes early in the schedule */
		element[0] = (uint8_t)(mutate_random(seed) % (part->width == MUTATE_OPERATION ? ACTORS : 32));
	memmove(data + at + part->width, data + at, size - at);
	memcpy(data + at, element, part->width);
	return size + part->width;
}

static size_t mutate_remove(uint8_t *data, size_t size, const struct mutate_part *part, unsigned *seed)
{
	size_t at = mutate_element(part, seed);

	memmove(data + at, data + at + part->width, size - at - part->width);
	return size - part->width;
}

static void mutate_change(uint8_t *data, const struct mutate_part *part, unsigned *seed)
{
	size_t at = mutate_element(part, seed) + mutate_random(seed) % part->width;

	switch (mutate_random(seed) % 3) {
	case 0:
		data[at] = (uint8_t)mutate_random(seed);
		break;
	case 1:
		data[at] = (uint8_t)(data[at] + mutate_random(seed) % 7 - 3);
		break;
	default:
		data[at] ^= (uint8_t)(1u << mutate_random(seed) % 8);
	}
}

static void mutate_swap(uint8_t *data, const struct mutate_part *part, unsigned *seed)
{
	size_t a = mutate_element(part, seed), b = mutate_element(part, seed);
	uint8_t element[MUTATE_OPERATION];

	memcpy(element, data + a, part->width);
	memmove(data + a, data + b, part->width);
	memcpy(data + b, element, part->width);
}

/* Once. `count`: operations there are now. */
static size_t mutate_once(uint8_t *data, size_t size, size_t max_size, unsigned *seed)
{
	struct mutate_part operations = mutate_operations(data, size);
	struct mutate_part schedule = { operations.end, size - (size - operations.end) % MUTATE_PAIR, MUTATE_PAIR };
	bool of_schedule = mutate_random(seed) % 3 == 0;
	const struct mutate_part *part = of_schedule ? &schedule : &operations;
	size_t count = (operations.end - operations.begin) / MUTATE_OPERATION;
	unsigned way = mutate_random(seed) % 5;

	if (part->begin == part->end || way < 2) {
		if (size + part->width > max_size || (!of_schedule && count == OPERATIONS_MOST))
			return size;
		size = mutate_insert(data, size, part, seed);
		count += !of_schedule;
	} else if (way == 2) {
		size = mutate_remove(data, size, part, seed);
		count -= !of_schedule;
	} else if (way == 3) {
		mutate_change(data, part, seed);
	} else {
		mutate_swap(data, part, seed);
	}
	data[MUTATE_COUNT] = (uint8_t)count;
	return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	if (size <= MUTATE_HEAD || max_size < MUTATE_HEAD + MUTATE_OPERATION) {
		memset(data, 0, MUTATE_HEAD);
		size = MUTATE_HEAD;
	}
	if (mutate_random(&seed) % 16 == 0)
		data[mutate_random(&seed) % MUTATE_COUNT] = (uint8_t)mutate_random(&seed);
	if (mutate_random(&seed) % 64 == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	for (unsigned times = 1 + mutate_random(&seed) % 4; times; times--)
		size = mutate_once(data, size, max_size, &seed);
	return size;
}
