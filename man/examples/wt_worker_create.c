/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <wt.h>

struct range {
	uint64_t from, to;
};

static int sum(wt_port *parent, const void *data, size_t size)
{
	const struct range *range = data;
	uint64_t total = 0;

	for (uint64_t n = range->from; n <= range->to; n++)
		total += n;
	return wt_port_post(parent, &total, sizeof total);
}

static void on_message(wt_worker *worker, wt_message *message, void *arg)
{
	const uint64_t *part = message->data;
	uint64_t *total = arg;

	*total += *part;
}

int main(void)
{
	struct range halves[2] = { { 1, 500000 }, { 500001, 1000000 } };
	wt_worker *workers[2] = { NULL, NULL };
	uint64_t total = 0;
	int err = 0;

	for (int i = 0; i < 2 && !err; i++) {
		err = wt_worker_create(&workers[i], sum, &halves[i],
				       sizeof halves[i],
				       WT_WORKER_OPTIONS(.name = "sum"));
		wt_worker_on_message(workers[i], on_message, &total);
	}
	if (!err)
		err = wt_run();
	for (int i = 0; i < 2; i++)
		wt_worker_destroy(workers[i]);
	if (err) {
		fprintf(stderr, "sum: %s\n", wt_strerror(err));
		return 1;
	}
	printf("%" PRIu64 "\n", total);
	return 0;
}
