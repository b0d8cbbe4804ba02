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

/* The compiler is to know nothing of `x` from here on. */
#define wti_opaque(x) __asm__ volatile("" : "+r"(x))

/* Keeps a slow path out of the hot function that calls it, and the registers and the stack that it needs. */
#define WTI_COLD  __attribute__((noinline, cold))
#define WTI_APART __attribute__((noinline)) /* the same for one that is not so rare */

/* Part of the hot function that calls it, however large. */
#define WTI_INLINE inline __attribute__((always_inline))

/* Two words that two threads write often must not share one of these. */
#define WTI_CACHE_LINE 64
#define WTI_CACHE_ALIGNED _Alignas(WTI_CACHE_LINE)
#define WTI_LINE_OF_CODE  __attribute__((aligned(WTI_CACHE_LINE))) /* of a function: it begins a line */

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

/* Sizes that are copied without a loop or a call: what most messages have. */
#define WTI_SHORT_MIN ((size_t)8)
#define WTI_SHORT_MAX ((size_t)64)

static inline bool wti_is_short(size_t size)
{
	return size - WTI_SHORT_MIN <= WTI_SHORT_MAX - WTI_SHORT_MIN;
}

/* As one or two words, or pairs of words, from either end, which may overlap. */
static inline void wti_copy_short(unsigned char *to, const unsigned char *from, size_t size)
{
	if (size < 16) {
		memcpy(to, from, 8);
		memcpy(to + size - 8, from + size - 8, 8);
		return;
	}
	if (size > 32) {
		memcpy(to + 16, from + 16, 16);
		memcpy(to + size - 32, from + size - 32, 16);
	}
	memcpy(to, from, 16);
	memcpy(to + size - 16, from + size - 16, 16);
}

/* memcpy; `from` may be NULL where size is 0. */
static inline void wti_copy(void *to, const void *from, size_t size)
{
	if (wti_is_short(size))
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
