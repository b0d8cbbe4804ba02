/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

static unsigned long fibonacci(unsigned n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

/* ---- worker.js ---- */

static void on_question(wt_port *parent, wt_message *n, void *arg)
{
	unsigned long answer;

	if (n->size == 0) { /* parentPort.close() */
		wt_port_on_message(parent, NULL, NULL);
		return;
	}
	answer = fibonacci(*(const unsigned *)n->data);
	if (wt_port_post(parent, &answer, sizeof answer))
		wt_fail(1, "nobody hears the answer");
}

static int worker_js(wt_port *parent, const void *data, size_t size)
{
	wt_port_on_message(parent, on_question, NULL);
	return wt_run(); /* here Node has its event loop */
}

/* ---- main.js ---- */

static void on_answer(wt_worker *worker, wt_message *answer, void *arg)
{
	printf("%lu\n", *(const unsigned long *)answer->data);
	if (wt_worker_post(worker, NULL, 0))
		fprintf(stderr, "the worker has gone\n");
}

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	printf("exit %d\n", code);
	wt_worker_destroy(worker);
}

int main(void)
{
	unsigned n = 20;
	wt_worker *worker;
	int err = wt_worker_create(&worker, worker_js, NULL, 0, NULL);

	if (err) {
		fprintf(stderr, "worker: %s\n", wt_strerror(err));
		return 1;
	}
	wt_worker_on_message(worker, on_answer, NULL);
	wt_worker_on_exit(worker, on_exit_, NULL);
	err = wt_worker_post(worker, &n, sizeof n);
	return err || wt_run();
}
