/* SPDX-License-Identifier: MIT */
#include "support/element.h"

#include <string.h>

#include "support/random.h"

struct element {
	uint64_t sequence;
	uint32_t producer;
	uint32_t check; /* over both and the size */
	unsigned char pattern[];
};

static uint32_t element_sum(uint32_t producer, uint64_t sequence, size_t size)
{
	uint64_t state = sequence * 31 + producer + size * 0x10001;

	return (uint32_t)support_random(&state);
}

void element_fill(void *bytes, size_t size, uint32_t producer, uint64_t sequence)
{
	struct element element = {
		.sequence = sequence,
		.producer = producer,
		.check = element_sum(producer, sequence, size),
	};
	unsigned char *pattern = (unsigned char *)bytes + sizeof element;

	memcpy(bytes, &element, sizeof element);
	for (size_t i = 0; i < size - sizeof element; i++)
		pattern[i] = (unsigned char)(element.check + i);
}

bool element_check(const void *bytes, size_t size, uint32_t *producer, uint64_t *sequence)
{
	const unsigned char *pattern = (const unsigned char *)bytes + sizeof(struct element);
	struct element element;

	if (size < sizeof element)
		return false;
	memcpy(&element, bytes, sizeof element);
	*producer = element.producer;
	*sequence = element.sequence;
	if (element.check != element_sum(element.producer, element.sequence, size))
		return false;
	for (size_t i = 0; i < size - sizeof element; i++)
		if (pattern[i] != (unsigned char)(element.check + i))
			return false;
	return true;
}
