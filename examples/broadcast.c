/* SPDX-License-Identifier: MIT
 *
 * Settings that every worker has a copy of. Main changes them, and says so
 * under a name; each worker has opened that name, and keeps its copy up to
 * date in its loop. A message is kept once, however many hear it.
 *
 *	$ broadcast 4 1000
 *	4 workers heard 1000 changes each, and agree
 */
#include <stdio.h>
#include <stdlib.h>
#include <wt.h>

#define SETTINGS 16
#define WORKERS_MAX 100
#define CHANGES_MAX 1000000

static const char name[] = "settings";

/* The types of messages. */
enum { CHANGE, DONE };

struct change {
	unsigned setting; /* below SETTINGS */
	long value;
};

/* What each has a copy of. */
struct settings {
	long values[SETTINGS];
	long changes; /* so far */
};

static void apply(struct settings *settings, const struct change *change)
{
	settings->values[change->setting] = change->value;
	settings->changes++;
}

/* A number that depends on all of them. */
static long summary(const struct settings *settings)
{
	long sum = settings->changes;

	for (int i = 0; i < SETTINGS; i++)
		sum = (sum * 31 + settings->values[i]) % 1000003;
	return sum;
}

/* ---- These run in each worker ---- */

static void on_broadcast(wt_broadcast *broadcast, wt_message *message, void *arg)
{
	struct settings *settings = arg;
	long sum;

	if (message->type == CHANGE) {
		apply(settings, message->data);
		return;
	}
	wt_broadcast_close(broadcast); /* the loop has nothing to wait for then */
	sum = summary(settings);
	if (wt_port_post(wt_parent_port(), &sum, sizeof sum))
		wt_fail(1, "no room for the answer");
}

static int listener(wt_port *parent, const void *data, size_t size)
{
	struct settings settings = { .changes = 0 };
	wt_broadcast *broadcast;
	int err = wt_broadcast_open(&broadcast, name, sizeof name, NULL);

	if (err)
		return err;
	wt_broadcast_on_message(broadcast, on_broadcast, &settings);
	err = wt_port_post(parent, NULL, 0); /* I hear you from now on */
	return err ? err : wt_run();
}

/* ---- These run in main ---- */

struct house {
	wt_worker *workers[WORKERS_MAX];
	unsigned count;
	wt_broadcast *broadcast;
	struct settings settings;
};

static int announce(struct house *house, long changes)
{
	int err = 0;

	for (long i = 0; i < changes && !err; i++) {
		struct change change = { .setting = (unsigned)(i * 7 % SETTINGS), .value = i };
		const wt_outgoing message = { .data = &change, .size = sizeof change, .type = CHANGE };

		apply(&house->settings, &change);
		err = wt_broadcast_send(house->broadcast, &message);
	}
	return err ? err : wt_broadcast_send(house->broadcast, &(wt_outgoing){ .type = DONE });
}

/* One message from each: that it listens; in the end, what it has heard. */
static int hear_all(struct house *house, unsigned *agree)
{
	wt_message message;
	int err = 0;

	for (unsigned i = 0; i < house->count && !err; i++) {
		err = wt_port_receive(wt_worker_port(house->workers[i]), &message, WT_FOREVER);
		if (!err && message.size)
			*agree += *(const long *)message.data == summary(&house->settings);
	}
	return err;
}

static int run(struct house *house, unsigned workers, long changes, unsigned *agree)
{
	int err = wt_broadcast_open(&house->broadcast, name, sizeof name, NULL);

	while (!err && house->count < workers) {
		err = wt_worker_create(&house->workers[house->count], listener, NULL, 0, NULL);
		house->count += !err;
	}
	if (!err)
		err = hear_all(house, agree);
	if (!err)
		err = announce(house, changes);
	return err ? err : hear_all(house, agree);
}

static long number(const char *text, long min, long max)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end != text && !*end && *text >= '0' && *text <= '9' && value >= min && value <= max)
		return value;
	fprintf(stderr, "broadcast: '%s' is not a number from %ld to %ld\n", text, min, max);
	exit(2);
}

int main(int argc, char **argv)
{
	struct house house = { .count = 0 };
	unsigned workers, agree = 0;
	long changes;
	int err;

	if (argc != 3)
		return fprintf(stderr, "usage: broadcast WORKERS CHANGES\n"), 2;
	workers = (unsigned)number(argv[1], 1, WORKERS_MAX);
	changes = number(argv[2], 0, CHANGES_MAX);
	err = run(&house, workers, changes, &agree);
	for (unsigned i = 0; i < house.count; i++)
		wt_worker_destroy(house.workers[i]);
	wt_broadcast_close(house.broadcast);
	if (err)
		return fprintf(stderr, "broadcast: %s\n", wt_strerror(err)), 1;
	if (agree < workers)
		return printf("%u workers disagree\n", workers - agree), 1;
	printf("%u workers heard %ld changes each, and agree\n", workers, changes);
	return 0;
}
