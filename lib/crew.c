/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include <string.h>
#include <wt/error.h>
#include <wt/time.h>

#include "alloc.h"
#include "atomic.h"
#include "base.h"
#include "list.h"
#include "mutex.h"
#include "os.h"
#include "park.h"
#include "wait.h"

enum {
	CREW_MAX = 4,       /* idle hands */
	CREW_POLLS = 600,   /* pauses: longer than a loop takes to come to the next worker, about as long as a wake */
	CREW_YIELDS = 8,
	CREW_PATIENCE = 80, /* pauses for one that is coming: longer than that takes, shorter than to wake or make one */
	CREW_STAY = 2000    /* ms asleep, before it goes */
};

#ifdef WTI_TESTING
_Atomic(unsigned) wti_crew_max = CREW_MAX;
_Atomic(uint64_t) wti_crew_stay = CREW_STAY;
#define crew_max()  wti_load(&wti_crew_max)
#define crew_stay() wti_load(&wti_crew_stay)
#else
#define crew_max()  ((unsigned)CREW_MAX)
#define crew_stay() ((uint64_t)CREW_STAY)
#endif

struct wti_hand {
	/*
	 * A line of its own for what a hand without work looks at all the time, and for what comes with it: whoever
	 * hires writes these three at once, so that the line goes over once.
	 */
	_Atomic(uint32_t) hired; /* set by who hires, its last touch; reset by the hand */
	void (*work)(void *arg); /* who hires, before `hired`; then the hand */
	void *arg;

	/* Set at create. */
	WTI_CACHE_ALIGNED struct wti_os_place place;

	/* Atomic. */
	struct wti_parker parker;

	/* Hand only. */
	union wti_os_thread self; /* asked for once: it costs a system call */
	stack_t signal_stack;     /* as it was made with: the work's own may lie in memory that goes with that */
	bool keep;

	/* Under the lock. */
	struct wti_list idle;
};

static struct wti_mutex crew_lock = WTI_MUTEX_INIT(WTI_RANK_CREW);
static struct wti_list crew_idle = { &crew_idle, &crew_idle }; /* under the lock; hired from the end */
static unsigned crew_count;                                    /* under the lock: of them */

/*
 * Hands that are coming: their work's end is told, or about to be, and they are
 * not idle yet. Relaxed, a hint: who hires waits a moment for them. Whoever
 * makes a worker when the one before has ended is here about as soon as its
 * hand, and would wake another, or make a new one. While that takes, the first
 * falls asleep, and so they go on, one asleep for the other.
 * Kept because it measures better: the life of a worker that is received from
 * and joined took 4.7 to 21 us, by which of these began, and now 3.0.
 */
_Atomic(uint32_t) wti_crew_coming;

/* ---- The hand ---- */

static void hand_free(void *arg)
{
	struct wti_hand *hand = arg;

	wti_parker_destroy(&hand->parker);
	wti_free_lines(hand);
}

/* False where enough are there. */
static bool hand_enter(struct wti_hand *hand)
{
	bool entered;

	wti_store(&hand->hired, 0);
	wti_mutex_lock(&crew_lock);
	entered = crew_count < crew_max();
	if (entered) {
		wti_list_append(&crew_idle, &hand->idle);
		crew_count++;
	}
	wti_mutex_unlock(&crew_lock);
	wti_sub(&wti_crew_coming, 1);
	return entered;
}

/* False when it was hired meanwhile. */
static bool hand_leave(struct wti_hand *hand)
{
	bool idle;

	wti_mutex_lock(&crew_lock);
	idle = !wti_list_empty(&hand->idle);
	if (idle) {
		wti_list_remove(&hand->idle);
		crew_count--;
	}
	wti_mutex_unlock(&crew_lock);
	return idle;
}

static bool hand_is_hired(struct wti_hand *hand)
{
	return wti_load_acq(&hand->hired); /* pairs with crew_engage [crew-1]: the work is written */
}

static bool hand_poll(struct wti_hand *hand)
{
	bool hired = hand_is_hired(hand);

	if (!wti_wait_may_poll())
		return hired;
	for (int i = 0; i < CREW_POLLS && !hired; i++) {
		wti_cpu_relax();
		hired = hand_is_hired(hand);
	}
	for (int i = 0; i < CREW_YIELDS && !hired; i++) {
		wti_os->yield();
		hired = hand_is_hired(hand);
	}
	return hired;
}

/*
 * Who took the token of a hire passes through the lock, under which both the
 * token and the word are written, so that it sees the word.
 */
static bool hand_sleep(struct wti_hand *hand)
{
	wt_time deadline = wt_after_ms(crew_stay());

	while (!hand_is_hired(hand)) {
		if (wti_park(&hand->parker, deadline) == 0) {
			wti_mutex_lock(&crew_lock);
			wti_mutex_unlock(&crew_lock);
		} else if (hand_leave(hand)) {
			return false;
		}
	}
	return true;
}

/*
 * The signal stack is set once the hand is there: a hire that comes before would
 * make a new thread. It cannot be refused, for it was the hand's, which is on
 * none now.
 */
static bool hand_await_work(struct wti_hand *hand)
{
	if (!hand_enter(hand))
		return false;
	wti_os->thread_signal_stack(&hand->signal_stack, NULL);
	return hand_poll(hand) || hand_sleep(hand);
}

static void *hand_main(void *arg)
{
	struct wti_hand *hand = arg;

	hand->self = wti_os->thread_self();
	wti_os->thread_signal_stack(NULL, &hand->signal_stack);
	/* Also where the work leaves by pthread_exit. */
	pthread_cleanup_push(hand_free, hand);
	do {
		hand->keep = false;
		hand->work(hand->arg);
	} while (hand->keep && hand_await_work(hand));
	pthread_cleanup_pop(1);
	return NULL;
}

union wti_os_thread wti_crew_thread(const struct wti_hand *hand)
{
	return hand->self;
}

bool wti_crew_reset(void)
{
	if (!crew_max() || wti_os->thread_reset() != 0)
		return false;
	wti_add(&wti_crew_coming, 1);
	return true;
}

/* A signal that waits for the thread would come to the next worker: SIGPIPE, perhaps, for what another one wrote. */
static bool hand_may_stay(const struct wti_hand *hand)
{
	struct wti_os_place place;

	return wti_os->thread_place(&place) == 0 && memcmp(&place, &hand->place, sizeof place) == 0 &&
	       !wti_os->thread_signal_waits();
}

bool wti_crew_keep(struct wti_hand *hand)
{
	hand->keep = hand_may_stay(hand);
	if (!hand->keep)
		wti_sub(&wti_crew_coming, 1);
	return hand->keep;
}

/* ---- Those who need one ---- */

int wti_crew_start(struct wti_hand **hand, pthread_t *thread, size_t stack_size, void (*work)(void *arg), void *arg)
{
	struct wti_hand *made = wti_alloc_lines(sizeof *made);
	int err;

	if (!made)
		return WT_ENOMEM;
	/* Where the place cannot be read, the hand is never kept: it has one that no thread has. */
	if (wti_os->thread_place(&made->place) != 0)
		made->place.nice = INT32_MAX;
	made->work = work;
	made->arg = arg;
	wti_parker_init(&made->parker);
	wti_list_init(&made->idle);
	*hand = made;
	err = wti_os->thread_create(thread, stack_size, hand_main, made);
	if (err)
		hand_free(made);
	return err;
}

static struct wti_hand *crew_find(const struct wti_os_place *place)
{
	for (struct wti_list *link = crew_idle.prev; link != &crew_idle; link = link->prev) {
		struct wti_hand *hand = wti_list_entry(link, struct wti_hand, idle);

		if (memcmp(&hand->place, place, sizeof *place) == 0)
			return hand;
	}
	return NULL;
}

static void crew_await_coming(void)
{
	int pauses = wti_load_guess(&wti_crew_coming) && wti_wait_may_poll() ? CREW_PATIENCE : 0;

	while (pauses-- && wti_load_guess(&wti_crew_coming))
		wti_cpu_relax();
}

/* Under the lock. Once it sees `hired` the hand may do its work, and be gone, at once. */
static bool crew_engage(struct wti_hand *hand, void (*work)(void *arg), void *arg)
{
	bool sleeps;

	wti_list_remove(&hand->idle);
	crew_count--;
	sleeps = wti_unpark_token(&hand->parker);
	hand->work = work;
	hand->arg = arg;
	wti_store_rel(&hand->hired, 1); /* pairs with hand_is_hired [crew-1] */
	return sleeps;
}

bool wti_crew_hire(struct wti_hand **hand, void (*work)(void *arg), void *arg)
{
	struct wti_os_place place;
	struct wti_hand *found;
	bool sleeps = false;

	if (!crew_max() || wti_os->thread_place(&place) != 0)
		return false;
	crew_await_coming();
	wti_mutex_lock(&crew_lock);
	found = crew_find(&place);
	if (found) {
		*hand = found;
		sleeps = crew_engage(found, work, arg);
	}
	wti_mutex_unlock(&crew_lock);
	if (sleeps)
		wti_unpark_sleeper(&found->parker);
	return found;
}
