/* SPDX-License-Identifier: MIT */

#include <inttypes.h>
#include <stdio.h>
#include <wt.h>

/* Answers each number with its square, and ends at an empty message. */
static int square(wt_port *parent, const void *data, size_t size)
{
	wt_message question;
	int err = 0;

	while (!err) {
		err = wt_port_receive(parent, &question, WT_FOREVER);
		if (err || question.size == 0)
			break;
		uint64_t n = *(const uint32_t *)question.data;
		uint64_t answer = n * n;
		err = wt_port_post(parent, &answer, sizeof answer);
	}
	return err;
}

/* On the main thread: one question, and the answer to it. */
static int ask(wt_worker *worker, uint32_t n)
{
	wt_message answer;
	int err = wt_worker_post(worker, &n, sizeof n);

	if (!err)
		err = wt_port_receive(wt_worker_port(worker), &answer,
				      WT_FOREVER);
	if (!err)
		printf("%" PRIu32 " squared is %" PRIu64 "\n", n,
		       *(const uint64_t *)answer.data);
	return err;
}

int main(void)
{
	wt_worker *worker;
	int err = wt_worker_create(&worker, square, NULL, 0, NULL);

	if (!err)
		err = ask(worker, 12);
	if (!err)
		err = ask(worker, 4000000000);
	if (!err)
		err = wt_worker_post(worker, NULL, 0); /* you may go */
	if (!err)
		err = wt_worker_join(worker, NULL, WT_FOREVER);
	if (err)
		fprintf(stderr, "answer: %s\n", wt_strerror(err));
	wt_worker_destroy(worker);
	return err != 0;
}
