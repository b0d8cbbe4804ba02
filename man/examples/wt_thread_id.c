/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

/* A helper that was handed nothing still finds its thread's data. */
static void report(void)
{
	size_t size;
	const char *data = wt_worker_data(&size);

	printf("%s: ", wt_thread_name());
	if (wt_is_main_thread())
		printf("the main thread\n");
	else
		printf("worker, given %zu bytes, \"%s\"\n", size, data);
}

static int entry(wt_port *parent, const void *data, size_t size)
{
	uint64_t id = wt_thread_id();

	report();
	return wt_port_post(parent, &id, sizeof id);
}

int main(void)
{
	wt_worker *worker;
	wt_message message;
	const uint64_t *id;
	int err;

	report();
	err = wt_worker_create(&worker, entry, "hello", 6,
			       WT_WORKER_OPTIONS(.name = "reporter"));
	if (err)
		return 1;
	err = wt_port_receive(wt_worker_port(worker), &message,
			      wt_after_ms(5000));
	if (!err) {
		id = message.data;
		if (*id == wt_worker_id(worker))
			printf("the ids agree\n");
	}
	wt_worker_destroy(worker);
	return err != 0;
}
