/* SPDX-License-Identifier: MIT
 *
 * The blocking style: no handlers and no loop. A worker sends back, in upper
 * case, each line that main reads.
 *
 *	$ printf 'hello\nworld\n' | echo
 *	HELLO
 *	WORLD
 */
#define _POSIX_C_SOURCE 200809L /* getline */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <wt.h>

/* The bytes of the message in upper case, from the worker's own heap. */
static unsigned char *upper_case(const wt_message *message)
{
	unsigned char *line = wt_alloc(message->size);

	for (size_t i = 0; line && i < message->size; i++)
		line[i] = (unsigned char)toupper(((const unsigned char *)message->data)[i]);
	return line;
}

/* Runs in the worker: receive, answer, until main has nothing more to say: an empty message. */
static int echo_worker(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	int err;

	(void)data;
	(void)size;
	while ((err = wt_port_receive(parent, &message, WT_FOREVER)) == 0 && message.size) {
		unsigned char *line = upper_case(&message);

		err = line ? wt_port_post(parent, line, message.size) : WT_ENOMEM;
		wt_free(line);
		if (err)
			break;
	}
	return err;
}

static int echo_line(wt_worker *worker, const char *line, size_t size)
{
	wt_message answer;
	int err = wt_worker_post(worker, line, size);

	if (!err)
		err = wt_port_receive(wt_worker_port(worker), &answer, WT_FOREVER);
	if (!err)
		fwrite(answer.data, 1, answer.size, stdout);
	return err;
}

static int echo_lines(wt_worker *worker)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	int err = 0;

	while (!err && (size = getline(&line, &room, stdin)) > 0)
		err = echo_line(worker, line, (size_t)size);
	free(line);
	return err ? err : wt_worker_post(worker, NULL, 0);
}

/* Whether all was read, and written. */
static bool streams_are_sound(void)
{
	bool sound = !ferror(stdin) && fflush(stdout) == 0 && !ferror(stdout);

	if (!sound)
		fprintf(stderr, "echo: not all could be read and written\n");
	return sound;
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
	return err || code || !streams_are_sound() ? 1 : 0;
}
