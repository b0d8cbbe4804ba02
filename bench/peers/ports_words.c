// SPDX-License-Identifier: MIT
/*
 * The limit of many ports: a ring of words for each, on cache lines of its own, in which a burst has room. Nobody waits
 * for all of them: the receiver knows the order, by a generator that does as the poster's, and spins on the word that comes
 * next. So a message costs the line of its word, what either side counts for itself, and nothing else.
 */
#include "../bursts.h"

#include <sched.h>
#include <stdatomic.h>

enum { SPINS_BEFORE_YIELD = 1000 };

struct port {
	_Alignas(64) _Atomic uint64_t words[BURSTS_LENGTH]; /* one more than what was posted, so that none is 0 */
};

static struct bursts bursts;
static struct port ports[BURSTS_PORTS_MAX];
static _Alignas(128) uint64_t random_there;
static _Alignas(128) _Atomic uint64_t answered;
static uint64_t awaited; /* the poster's */

static void ports_took(unsigned port, uint64_t word);

static void words_await(_Atomic uint64_t *word, uint64_t value)
{
	for (unsigned spins = 1; atomic_load_explicit(word, memory_order_acquire) != value; spins++) {
		if (spins % SPINS_BEFORE_YIELD == 0)
			sched_yield();
	}
}

static void ports_open(unsigned count)
{
	(void)count;
}

static void ports_close(void)
{
}

static void ports_post(unsigned port, uint64_t word)
{
	atomic_store_explicit(&ports[port].words[word % BURSTS_LENGTH], word + 1, memory_order_release);
}

static void ports_await(void)
{
	words_await(&answered, ++awaited);
}

static void ports_answer(void)
{
	atomic_store_explicit(&answered, bursts.received / BURSTS_LENGTH, memory_order_release);
}

static void ports_take(void)
{
	unsigned port = bursts_choose(&bursts, &random_there);
	uint64_t word = (uint64_t)port << BURSTS_PORT_SHIFT | bursts.next[port];

	words_await(&ports[port].words[word % BURSTS_LENGTH], word + 1);
	ports_took(port, word);
}

static const char *peer_version(void)
{
	return NULL;
}

#include "ports.h"
