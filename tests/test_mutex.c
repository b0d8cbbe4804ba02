/* SPDX-License-Identifier: MIT */
#include "mutex.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/support.h"

struct counter {
	struct wti_mutex mutex;
	unsigned long value; /* under the mutex */
	unsigned long rounds;
};

static void *count(void *arg)
{
	struct counter *counter = arg;

	for (unsigned long i = 0; i < counter->rounds; i++) {
		wti_mutex_lock(&counter->mutex);
		counter->value++;
		wti_mutex_unlock(&counter->mutex);
	}
	return NULL;
}

static void count_together(struct counter *counter)
{
	pthread_t threads[4];

	counter->value = 0;
	counter->rounds = 100000 / support_slowdown();
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, counter), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(counter->value, 4 * counter->rounds);
}

static void one_thread_at_a_time_is_inside(void **state)
{
	struct counter counter;

	(void)state;
	wti_mutex_init(&counter.mutex, WTI_RANK_SOURCE);
	count_together(&counter);
	wti_mutex_destroy(&counter.mutex);
}

static void a_mutex_initialised_in_place_is_one(void **state)
{
	static struct counter counter = { .mutex = WTI_MUTEX_INIT(WTI_RANK_PROCESS) };

	(void)state;
	count_together(&counter);
}

static void locks_nest_in_the_order_of_their_ranks(void **state)
{
	struct wti_mutex mutexes[WTI_RANK_COUNT];

	(void)state;
	for (int i = 0; i < WTI_RANK_COUNT; i++)
		wti_mutex_init(&mutexes[i], (enum wti_rank)i);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < WTI_RANK_COUNT; i++)
			wti_mutex_lock(&mutexes[i]);
		for (int i = WTI_RANK_COUNT - 1; i >= 0; i--)
			wti_mutex_unlock(&mutexes[i]);
	}
	for (int i = 0; i < WTI_RANK_COUNT; i++)
		wti_mutex_destroy(&mutexes[i]);
}

#ifdef WTI_DEBUG

/* Whether taking these two, in this order, ends the process by abort; or whether to ask for the second one does. */
static bool aborts(enum wti_rank first, enum wti_rank second, void (*take)(struct wti_mutex *mutex))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		struct wti_mutex a, b;

		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		wti_mutex_init(&a, first);
		wti_mutex_init(&b, second);
		wti_mutex_lock(&a);
		take(&b);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
		return true;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return false;
}

static void check_rank(struct wti_mutex *mutex)
{
	wti_mutex_check_rank(mutex);
}

static void assert_ranks(void (*take)(struct wti_mutex *mutex))
{
	for (int first = 0; first < WTI_RANK_COUNT; first++)
		for (int second = 0; second < WTI_RANK_COUNT; second++)
			assert_int_equal(aborts((enum wti_rank)first, (enum wti_rank)second, take), second <= first);
}

static void a_lock_out_of_rank_aborts(void **state)
{
	(void)state;
	assert_ranks(wti_mutex_lock);
}

static void what_does_without_a_lock_keeps_its_rank(void **state)
{
	(void)state;
	assert_ranks(check_rank);
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_thread_at_a_time_is_inside),
		TEST(a_mutex_initialised_in_place_is_one),
		TEST(locks_nest_in_the_order_of_their_ranks),
#ifdef WTI_DEBUG
		TEST(a_lock_out_of_rank_aborts),
		TEST(what_does_without_a_lock_keeps_its_rank),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
