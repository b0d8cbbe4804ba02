/* SPDX-License-Identifier: MIT
 *
 * What workers write and read. Each text is spelled by a worker of its own, all
 * at the same time, letter by letter: whole lines reach standard output, and
 * the loop has nothing to do with it. Then one worker reads the texts, a line
 * each, from its standard input, and what it writes passes through our hands.
 *
 *	$ console hello "two words"
 *	1: h e l l o
 *	2: t w o   w o r d s
 *	upper| HELLO
 *	upper| TWO WORDS
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <wt.h>

/* A main function: its arguments, its standard streams, its exit code. */
static int spell(wt_port *parent, const void *data, size_t size)
{
	char **argv = wt_argv(NULL);
	FILE *out = wt_stdout();

	if (!out)
		return WT_ENOMEM;
	fprintf(out, "%s:", argv[0]);
	for (const char *c = argv[1]; *c; c++) {
		putc(' ', out);
		putc(*c, out);
	}
	putc('\n', out);
	return ferror(out) ? 1 : 0;
}

static int upper(wt_port *parent, const void *data, size_t size)
{
	FILE *in = wt_stdin(), *out = wt_stdout();
	int c;

	if (!in || !out)
		return WT_ENOMEM;
	while ((c = getc(in)) != EOF)
		putc(toupper(c), out);
	return ferror(in) || ferror(out) ? 1 : 0;
}

/* ---- The creator ---- */

static int failed;

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	if (code) {
		fprintf(stderr, "console: %s: exit code %d\n", wt_worker_name(worker), code);
		failed = 1;
	}
	wt_worker_destroy(worker);
}

static int spell_all(char **texts, int count)
{
	for (int i = 0; i < count; i++) {
		char number[16];
		char *argv[] = { number, texts[i] };
		wt_worker *worker;
		int err;

		snprintf(number, sizeof number, "%d", i + 1);
		err = wt_worker_create(&worker, spell, NULL, 0,
				       WT_WORKER_OPTIONS(.name = "spell", .argc = 2, .argv = argv));
		if (err)
			return err;
		wt_worker_on_exit(worker, on_exit_, NULL);
	}
	return wt_run();
}

/* Our mark before each line. A piece need not end with its line: `arg` says where the last one did. */
static void on_stdout(wt_worker *worker, const void *data, size_t size, void *arg)
{
	int *inside = arg;
	const char *text = data;

	for (size_t i = 0; i < size; i++) {
		if (!*inside)
			printf("%s| ", wt_worker_name(worker));
		putchar(text[i]);
		*inside = text[i] != '\n';
	}
}

static int feed(wt_worker *worker, char **texts, int count)
{
	for (int i = 0; i < count; i++) {
		int err = wt_worker_feed_stdin(worker, texts[i], strlen(texts[i]));

		if (!err)
			err = wt_worker_feed_stdin(worker, "\n", 1);
		if (err)
			return err;
	}
	return wt_worker_end_stdin(worker);
}

static int upper_all(char **texts, int count)
{
	const wt_worker_options *options =
		WT_WORKER_OPTIONS(.name = "upper", .capture_stdout = true, .feed_stdin = true);
	int inside = 0;
	wt_worker *worker;
	int err = wt_worker_create(&worker, upper, NULL, 0, options);

	if (err)
		return err;
	wt_worker_on_stdout(worker, on_stdout, &inside);
	wt_worker_on_exit(worker, on_exit_, NULL);
	err = feed(worker, texts, count);
	if (err)
		wt_worker_destroy(worker);
	return err ? err : wt_run();
}

int main(int argc, char **argv)
{
	int err;

	if (argc < 2)
		return fprintf(stderr, "usage: console text ...\n"), 2;
	err = spell_all(argv + 1, argc - 1);
	if (!err)
		err = upper_all(argv + 1, argc - 1);
	if (err)
		fprintf(stderr, "console: %s\n", wt_strerror(err));
	return err || failed;
}
