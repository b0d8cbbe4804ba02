#include <stdio.h>
#include <wt.h>

static int printer(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	int err = wt_register_thread_name("printer", 7);

	if (!err)
		err = wt_port_post(parent, NULL, 0); /* registered */
	while (!err)
		err = wt_port_receive(parent, &message, WT_FOREVER);
	return err;
}

int main(void)
{
	wt_message message;
	wt_worker *worker;
	uint64_t id;
	int err = wt_worker_create(&worker, printer, NULL, 0, NULL);

	if (err) {
		fprintf(stderr, "worker: %s\n", wt_strerror(err));
		return 1;
	}
	err = wt_port_receive(wt_worker_port(worker), &message,
			      WT_FOREVER);
	if (!err)
		err = wt_find_thread("printer", 7, &id);
	if (!err && id == wt_worker_id(worker))
		printf("found\n");
	err = wt_register_thread_name("printer", 7);
	printf("%s\n", wt_strerror(err));

	/* The name goes with the worker. */
	wt_worker_destroy(worker);
	err = wt_find_thread("printer", 7, &id);
	printf("%s\n", wt_strerror(err));
	return err != WT_ESRCH;
}
