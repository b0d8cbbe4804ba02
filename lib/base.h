/* SPDX-License-Identifier: MIT
 *
 * What every file of the library may use: compiler hints, checked sizes,
 * and the cache line.
 */
#ifndef WTI_BASE_H
#define WTI_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define wti_likely(x)   __builtin_expect(!!(x), 1)
#define wti_unlikely(x) __builtin_expect(!!(x), 0)

/* Keeps a slow path out of the hot function that calls it. */
#define WTI_COLD __attribute__((noinline, cold))

/* Two words that two threads write often must not share one of these. */
#define WTI_CACHE_LINE 64
#define WTI_CACHE_ALIGNED _Alignas(WTI_CACHE_LINE)

#define wti_container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

_Static_assert(sizeof(size_t) == 8, "positions, and the sizes compared with them, have 64 bits");

/* The largest size that libwt counts with: half of the position space, twice over. */
#define WTI_SIZE_MAX ((size_t)1 << 62)

/* Ask for a line that is to be read soon. */
static inline void wti_prefetch(const volatile void *address)
{
	__builtin_prefetch((const void *)address);
}

/* Ask for a line that is to be written soon. GCC's builtin asks for reading only, unless told of the processor. */
static inline void wti_prefetch_write(const volatile void *address)
{
#if defined(__x86_64__)
	__asm__ volatile("prefetchw %0" ::"m"(*(const volatile char *)address));
#else
	__builtin_prefetch((const void *)address, 1);
#endif
}

/* 16 to 64 bytes: as one or two pairs of words from either end, which may overlap. */
static inline void wti_copy_short(unsigned char *to, const unsigned char *from, size_t size)
{
	if (size > 32) {
		memcpy(to + 16, from + 16, 16);
		memcpy(to + size - 32, from + size - 32, 16);
	}
	memcpy(to, from, 16);
	memcpy(to + size - 16, from + size - 16, 16);
}

/* memcpy, without a call for what most messages are. `from` may be NULL where size is 0. */
static inline void wti_copy(void *to, const void *from, size_t size)
{
	if (size == sizeof(uint64_t))
		memcpy(to, from, sizeof(uint64_t));
	else if (size >= 16 && size <= 64)
		wti_copy_short((unsigned char *)to, (const unsigned char *)from, size);
	else if (size)
		memcpy(to, from, size);
}

/* `n` rounded up to a multiple of `to`, a power of two; n is at most WTI_SIZE_MAX. */
static inline size_t wti_round_up(size_t n, size_t to)
{
	return (n + to - 1) & ~(to - 1);
}

#endif
