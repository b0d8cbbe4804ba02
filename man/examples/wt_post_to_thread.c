#include <stdio.h>
#include <wt.h>

static int greet(wt_message *message, uint64_t source, void *arg)
{
	printf("hello, %.*s\n", (int)message->size,
	       (const char *)message->data);
	return 0;
}

static int greeter(wt_port *parent, const void *data, size_t size)
{
	int err = wt_on_thread_message(greet, NULL);

	if (!err)
		err = wt_port_post(parent, NULL, 0); /* ready */
	if (err)
		return err;
	wt_port_ref(parent); /* a listener alone keeps no loop alive */
	return wt_run();
}

int main(void)
{
	const wt_outgoing message = { .data = "world", .size = 5 };
	wt_message ready;
	wt_worker *worker;
	uint64_t id;
	int err = wt_worker_create(&worker, greeter, NULL, 0, NULL);

	if (err) {
		fprintf(stderr, "worker: %s\n", wt_strerror(err));
		return 1;
	}
	id = wt_worker_id(worker);
	err = wt_port_receive(wt_worker_port(worker), &ready, WT_FOREVER);
	if (!err)
		err = wt_post_to_thread(id, &message, wt_after_ms(5000));
	printf("%s\n", wt_strerror(err)); /* it has been handled */
	wt_worker_destroy(worker);

	err = wt_post_to_thread(id, &message, wt_after_ms(5000));
	printf("%s\n", wt_strerror(err));
	return err != WT_ESRCH;
}
