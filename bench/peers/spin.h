// SPDX-License-Identifier: MIT
/*
 * What the two spin rings share. They are limits, not peers: they can only spin, so they show what moving the bytes costs
 * when nobody has to be able to sleep.
 *
 * A ring of variable-length records, each a 64-bit length and the payload, aligned to 8 bytes. The pages are mapped twice
 * in a row, so a record never wraps and neither side has a branch for it. Positions are 64-bit and never wrap.
 */
#ifndef BENCH_SPIN_H
#define BENCH_SPIN_H

#include "../harness.h"
#include "pause.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

typedef _Atomic uint64_t spin_word;

static inline uint64_t spin_record_size(size_t payload)
{
	return sizeof(uint64_t) + ((payload + 7) & ~(uint64_t)7);
}

/* The smallest power of two of whole pages that holds the records of a bounded peer. */
static inline uint64_t spin_ring_size(const struct bench_args *args)
{
	uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE);

	while (size < args->capacity * spin_record_size(args->size))
		size *= 2;
	return size;
}

static inline unsigned char *spin_map(uint64_t size)
{
	int fd = memfd_create("bench-spin", MFD_CLOEXEC);
	unsigned char *base = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (fd < 0 || ftruncate(fd, (off_t)size) || base == MAP_FAILED)
		bench_die("mapping a ring", 0);
	for (int i = 0; i < 2; i++) {
		if (mmap(base + (size_t)i * size, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
			 fd, 0) == MAP_FAILED)
			bench_die("mapping a ring", 0);
	}
	close(fd);
	return base;
}

#endif
