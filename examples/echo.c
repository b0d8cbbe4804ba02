/* SPDX-License-Identifier: MIT
 *
 * The blocking style: no handlers and no loop. A worker sends back, in upper
 * case, each line that main reads.
 *
 *	$ printf 'hello\nworld\n' | echo
 *	HELLO
 *	WORLD
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <wt.h>

#define LINE_MAX_BYTES 4096

/* Runs in the worker: receive, answer, until main has nothing more to say: an empty message. */
static int echo_worker(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	int err;

	(void)data;
	(void)size;
	while ((err = wt_port_receive(parent, &message, WT_FOREVER)) == 0 && message.size) {
		char line[LINE_MAX_BYTES];

		for (size_t i = 0; i < message.size; i++)
			line[i] = (char)toupper(((const unsigned char *)message.data)[i]);
		err = wt_port_post(parent, line, message.size);
		if (err)
			break;
	}
	return err;
}

static int echo_lines(wt_worker *worker)
{
	char line[LINE_MAX_BYTES];
	wt_message answer;
	int err = 0;

	while (!err && fgets(line, sizeof line, stdin)) {
		err = wt_worker_post(worker, line, strlen(line));
		if (!err)
			err = wt_port_receive(wt_worker_port(worker), &answer, WT_FOREVER);
		if (!err)
			fwrite(answer.data, 1, answer.size, stdout);
	}
	if (!err)
		err = wt_worker_post(worker, NULL, 0);
	return err;
}

int main(void)
{
	wt_worker *worker;
	int code = 1;
	int err = wt_worker_create(&worker, echo_worker, NULL, 0, WT_WORKER_OPTIONS(.name = "echo"));

	if (err)
		return fprintf(stderr, "echo: worker: %s\n", wt_strerror(err)), 1;
	err = echo_lines(worker);
	if (!err)
		err = wt_worker_join(worker, &code, WT_FOREVER);
	if (err)
		fprintf(stderr, "echo: %s\n", wt_strerror(err));
	wt_worker_destroy(worker);
	return err || code ? 1 : 0;
}
