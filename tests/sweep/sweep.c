/* SPDX-License-Identifier: MIT */
#include "sweep/sweep.h"

#include <stdio.h>
#include <string.h>
#include <wt.h>

/* No operation has as many requests: a sweep that comes here does not end. */
#define SWEEP_MOST 5000

struct verdict sweep_verdict;

/* From the beginning: later a count may still have one that was joined, but is not gone. */
static unsigned sweep_threads;

/* What the process holds apart from what the kind counts. */
struct sweep_balance {
	const struct sweep_kind *kind;
	long held;
	unsigned descriptors;
};

static void sweep_measure(struct sweep_balance *balance, const struct sweep_kind *kind)
{
	*balance = (struct sweep_balance){
		.kind = kind,
		.held = kind->held(),
		.descriptors = support_open_fds(),
	};
}

static bool sweep_is_balanced(void *arg)
{
	const struct sweep_balance *before = arg;
	struct sweep_balance now;

	sweep_measure(&now, before->kind);
	return now.held == before->held && now.descriptors == before->descriptors && support_threads() == sweep_threads;
}

/* Nothing is left. A thread that was detached takes a moment to go. */
static void sweep_check_balance(const struct sweep_balance *before, const char *when)
{
	struct sweep_balance now;

	if (await(sweep_is_balanced, (void *)before))
		return;
	sweep_measure(&now, before->kind);
	verdict_fail(&sweep_verdict, __FILE__, __LINE__, "%s: held %ld, %u fds, %u threads; before: %ld, %u, %u", when,
		     now.held, now.descriptors, support_threads(), before->held, before->descriptors, sweep_threads);
}

/* One run with refusals, and one without. False when nothing was refused, or something is wrong. */
static bool sweep_step(const struct sweep_kind *kind, const struct sweep_operation *operation, unsigned long n,
		       unsigned long count)
{
	struct sweep_balance before;
	bool refused;
	int err;

	sweep_measure(&before, kind);
	kind->refuse(n, count);
	err = operation->run();
	refused = kind->refused();
	kind->refuse(0, 0);
	if (err && !(refused && kind->expected(err)))
		verdict_fail(&sweep_verdict, __FILE__, __LINE__, "it returned %d (%s)", err, wt_strerror(err));
	sweep_check_balance(&before, "after it");
	err = operation->run();
	if (err)
		verdict_fail(&sweep_verdict, __FILE__, __LINE__, "the next one: %d (%s)", err, wt_strerror(err));
	sweep_check_balance(&before, "after the next one");
	return refused && !atomic_load(&sweep_verdict.failed);
}

static bool sweep_one(const struct sweep_kind *kind, const struct sweep_operation *operation, unsigned long count,
		      unsigned number)
{
	const char *how = count ? "once" : "for ever";
	unsigned long n = 1;
	bool failed;

	memset(&sweep_verdict, 0, sizeof sweep_verdict);
	support_allow_seconds(120);
	while (n <= SWEEP_MOST && sweep_step(kind, operation, n, count))
		n++;
	failed = atomic_load(&sweep_verdict.failed) || n > SWEEP_MOST;
	printf("%s %u - %s, %lu requests refused %s\n", failed ? "not ok" : "ok", number, operation->name, n - 1, how);
	if (failed)
		printf("# request %lu: %s\n", n, n > SWEEP_MOST ? "no end" : sweep_verdict.text);
	fflush(stdout);
	return !failed;
}

int sweep_run(const struct sweep_kind *kind)
{
	unsigned number = 0;
	int status = 0;

	support_setup(NULL);
	sweep_threads = support_threads();
	printf("1..%zu\n", 2 * sweep_operation_count);
	for (size_t i = 0; i < sweep_operation_count; i++) {
		const struct sweep_operation *operation = &sweep_operations[i];

		operation->run(); /* what is made once, for the process or the thread, is there from now on */
		for (unsigned long count = 2; count--;)
			if (!sweep_one(kind, operation, count, ++number))
				status = 1;
	}
	return status;
}
