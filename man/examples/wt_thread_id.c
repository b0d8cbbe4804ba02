/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

/* A helper that was handed nothing still finds what belongs to its thread. */
static int report(void)
{
	size_t size;
	const char *greeting = wt_worker_data(&size);

	printf("%s: main %d, greeting \"%s\" of %zu bytes, parent port %s\n",
	       wt_thread_name(), wt_is_main_thread(), greeting ? greeting : "",
	       size, wt_parent_port() ? "yes" : "no");
	return 0;
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
	int err;

	report();
	err = wt_worker_create(&worker, entry, "hello", 6,
			       WT_WORKER_OPTIONS(.name = "reporter"));
	if (err)
		return 1;
	err = wt_port_receive(wt_worker_port(worker), &message, wt_after_ms(5000));
	if (!err)
		printf("the ids %s\n", *(const uint64_t *)message.data == wt_worker_id(worker)
						? "agree" : "differ");
	wt_worker_destroy(worker);
	return err != 0;
}
