/* SPDX-License-Identifier: MIT
 *
 * A bank in shared memory, and one named lock for it. Workers move money,
 * each with the lock to itself; auditors look at all accounts together, and
 * find that none has gone. One worker ends with the lock in its hand, and
 * nobody has to wait for it.
 *
 *	$ locks 4
 *	4 workers made 4000 transfers
 *	every audit found 800
 */
#include <stdio.h>
#include <stdlib.h>
#include <wt.h>

#define ACCOUNTS 8
#define BALANCE 100
#define TRANSFERS 1000
#define WORKERS_MAX 100

static const char name[] = "bank";

struct bank {
	long accounts[ACCOUNTS]; /* under the lock */
	long transfers;          /* under the lock */
};

struct job {
	struct bank *bank; /* the creator holds it until all workers have ended */
	bool careless;
};

static void transfer(struct bank *bank, int number)
{
	bank->accounts[number % ACCOUNTS] -= 10;
	bank->accounts[(number * 5 + 1) % ACCOUNTS] += 10;
	bank->transfers++;
}

static int clerk(wt_port *parent, const void *data, size_t size)
{
	const struct job *job = data;
	wt_lock *lock;

	for (int i = 0; i < TRANSFERS; i++) {
		int err = wt_lock_acquire(&lock, name, sizeof name, NULL, WT_FOREVER);

		if (err)
			return err;
		transfer(job->bank, i);
		if (i == TRANSFERS - 1 && job->careless)
			wt_exit(0); /* what it holds is released */
		wt_lock_release(lock);
	}
	return 0;
}

/* One audit after the other, as long as there are workers. */
struct audit {
	const struct bank *bank;
	wt_lock *lock;
	int workers; /* that have not ended */
	int found_wrong;
	int failed; /* the first error of anybody */
};

static void audit_ask(struct audit *audit);

static void audit_note(struct audit *audit, int error)
{
	if (!audit->failed)
		audit->failed = error;
}

/* Granted, with other auditors if there were some: nothing moves meanwhile. */
static void audit_now(wt_lock *lock, int result, void *arg)
{
	struct audit *audit = arg;
	long sum = 0;

	for (int i = 0; i < ACCOUNTS && !result; i++)
		sum += audit->bank->accounts[i];
	audit_note(audit, result);
	audit->found_wrong += sum != ACCOUNTS * BALANCE;
	wt_lock_release(lock);
	if (audit->workers)
		audit_ask(audit);
}

static void audit_ask(struct audit *audit)
{
	audit_note(audit, wt_lock_request(&audit->lock, name, sizeof name, WT_LOCK_OPTIONS(.mode = WT_LOCK_SHARED),
					  audit_now, audit, WT_FOREVER));
}

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	struct audit *audit = arg;

	audit_note(audit, code);
	audit->workers--;
	wt_worker_destroy(worker);
}

static void start(struct audit *audit, struct bank *bank, bool careless)
{
	struct job job = { .bank = bank, .careless = careless };
	wt_worker *worker;
	int err = wt_worker_create(&worker, clerk, &job, sizeof job, NULL);

	audit_note(audit, err);
	if (err)
		return;
	audit->workers++;
	wt_worker_on_exit(worker, on_exit_, audit);
}

static int run(struct bank *bank, int workers)
{
	struct audit audit = { .bank = bank };

	for (int i = 0; i < ACCOUNTS; i++)
		bank->accounts[i] = BALANCE;
	for (int i = 0; i < workers; i++)
		start(&audit, bank, i == 0);
	audit_ask(&audit);
	audit_note(&audit, wt_run()); /* until the last worker has ended */
	if (audit.failed)
		return fprintf(stderr, "locks: %s\n", wt_strerror(audit.failed)), 1;
	printf("%d workers made %ld transfers\n", workers, bank->transfers);
	if (audit.found_wrong)
		return printf("%d audits found that money had gone\n", audit.found_wrong), 1;
	printf("every audit found %d\n", ACCOUNTS * BALANCE);
	return 0;
}

int main(int argc, char **argv)
{
	wt_shared *shared;
	long workers;
	char *end;
	int result;

	if (argc != 2)
		return fprintf(stderr, "usage: locks WORKERS\n"), 2;
	workers = strtol(argv[1], &end, 10);
	if (end == argv[1] || *end || *argv[1] < '0' || *argv[1] > '9' || workers < 1 || workers > WORKERS_MAX)
		return fprintf(stderr, "locks: '%s' is not a number from 1 to %d\n", argv[1], WORKERS_MAX), 2;
	result = wt_shared_create(&shared, sizeof(struct bank), 0);
	if (result)
		return fprintf(stderr, "locks: memory: %s\n", wt_strerror(result)), 1;
	result = run(wt_shared_data(shared), (int)workers);
	wt_shared_release(shared);
	return result;
}
