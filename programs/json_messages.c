/* SPDX-License-Identifier: MIT
 *
 * JSON documents as messages between two threads. Each line of a file goes to
 * a worker as it is written; the worker decodes it (jansson) and answers with
 * a document, encoded into the message, that tells what it is. What is
 * malformed is reported, and the next one is handled.
 *
 *	$ printf '{"a":[1,2]}\n[1,\n"x"\n' | json_messages
 *	{"line":1,"type":"object","depth":2,"values":4,"document":{"a":[1,2]}}
 *	json_messages: line 2: malformed document, column 3: unexpected token near end of file
 *	{"line":3,"type":"string","depth":0,"values":1,"document":"x"}
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <wt.h>

#include "count.h"
#include "descriptors.h"
#include "json_session.h"

#define COUNT_MAX    1000000000ul
#define SIZE_LARGEST (64ul << 20)
#define SIZE_USUAL   256

enum { EXIT_MALFORMED = 1, EXIT_TROUBLE = 2 };

static const char messages_help[] =
	"usage: json_messages [OPTION]... [FILE]\n"
	"Send each line of FILE, a JSON document, to a worker, and print its answers,\n"
	"one a line: type, depth, number of values, and the document itself. Without\n"
	"FILE, or when it is -, standard input is read. Blank lines are skipped. What is\n"
	"malformed is reported on standard error, and the next one is handled.\n"
	"\n"
	"  -b, --blocking          one request and its answer after the other, instead of\n"
	"                          handlers with many under way\n"
	"  -n, --count=N           send N documents that are made up, and compare what\n"
	"                          comes back\n"
	"  -s, --size=BYTES        the size of each of them, about; default 256\n"
	"      --spoil-requests=N  cut each N-th document short before it is sent\n"
	"      --spoil-answers=N   cut each N-th answer short\n"
	"  -h, --help              print this text\n"
	"\n"
	"Status: 0; 1 when something was malformed or came back changed; 2 for anything\n"
	"else that went wrong.\n";

enum { OPTION_SPOIL_REQUESTS = 256, OPTION_SPOIL_ANSWERS };

struct messages_options {
	struct json_settings settings;
	uint32_t count; /* of made-up documents; 0: read a file */
	size_t size;
	const char *file; /* NULL: standard input */
};

static int messages_number(const char *option, const char *text, unsigned long max, unsigned long *number)
{
	if (count_parse(text, 1, max, number))
		return 0;
	fprintf(stderr, "json_messages: --%s: '%s' is not a number from 1 to %lu\n", option, text, max);
	return -1;
}

/* One option; -1 after it said what is wrong with it. */
static int messages_option(struct messages_options *options, int option, const char *text)
{
	unsigned long number;

	switch (option) {
	case 'b':
		options->settings.blocking = true;
		return 0;
	case 'n':
		if (messages_number("count", text, COUNT_MAX, &number))
			return -1;
		options->count = (uint32_t)number;
		return 0;
	case 's':
		return messages_number("size", text, SIZE_LARGEST, &options->size);
	case OPTION_SPOIL_REQUESTS:
		if (messages_number("spoil-requests", text, COUNT_MAX, &number))
			return -1;
		options->settings.spoil_requests = (uint32_t)number;
		return 0;
	case OPTION_SPOIL_ANSWERS:
		if (messages_number("spoil-answers", text, COUNT_MAX, &number))
			return -1;
		options->settings.spoil_answers = (uint32_t)number;
		return 0;
	default:
		return -1;
	}
}

static int messages_operand(struct messages_options *options, int count, char **operands)
{
	if (count > 1 || (count && options->count)) {
		fprintf(stderr, "json_messages: one FILE, or --count without one\n");
		return -1;
	}
	if (count && strcmp(operands[0], "-") != 0)
		options->file = operands[0];
	return 0;
}

/* 0; 1 when help was wanted; -1 after it said what is wrong. */
static int messages_parse(struct messages_options *options, int argc, char **argv)
{
	static const struct option known[] = { { "blocking", no_argument, NULL, 'b' },
					       { "count", required_argument, NULL, 'n' },
					       { "size", required_argument, NULL, 's' },
					       { "spoil-requests", required_argument, NULL, OPTION_SPOIL_REQUESTS },
					       { "spoil-answers", required_argument, NULL, OPTION_SPOIL_ANSWERS },
					       { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	int option;

	*options = (struct messages_options){ .size = SIZE_USUAL };
	while ((option = getopt_long(argc, argv, "bn:s:h", known, NULL)) != -1) {
		if (option == 'h')
			return 1;
		if (messages_option(options, option, optarg))
			return -1;
	}
	return messages_operand(options, argc - optind, argv + optind);
}

static int messages_open(const struct messages_options *options, struct json_documents *documents)
{
	*documents = (struct json_documents){ .count = options->count, .size = options->size };
	if (options->count)
		return 0;
	documents->file = options->file ? fopen(options->file, "r") : stdin;
	if (documents->file)
		return 0;
	fprintf(stderr, "json_messages: %s: %s\n", options->file, strerror(errno));
	return -1;
}

/* The answers, or the last line, may not have reached their file. */
static int messages_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	fprintf(stderr, "json_messages: standard output: %s\n", strerror(errno));
	return -1;
}

static void messages_sum_up(const struct json_report *report, wt_time elapsed)
{
	printf("%" PRIu64 " documents: %" PRIu64 " came back equal, %" PRIu64 " malformed documents and %" PRIu64
	       " malformed answers\n",
	       report->answers, report->equal, report->malformed_documents, report->malformed_answers);
	fprintf(stderr, "json_messages: %.2f us a document\n",
		(double)elapsed / 1e3 / (double)(report->answers ? report->answers : 1));
}

static int messages_run(const struct messages_options *options)
{
	struct json_documents documents;
	struct json_report report = { .documents = &documents };
	wt_time begin = wt_now();
	uint64_t right;
	int err;

	if (messages_open(options, &documents))
		return EXIT_TROUBLE;
	progress_begin(&report.progress, "documents", options->count);
	if (!options->count)
		report.progress.next = WT_FOREVER; /* the answers may go to the same terminal */
	err = json_session_run(&documents, &report, &options->settings);
	progress_hide(&report.progress);
	if (options->count && !err)
		messages_sum_up(&report, wt_now() - begin);
	json_documents_free(&documents);
	if (messages_flush() || err)
		return EXIT_TROUBLE;
	right = options->count ? report.equal : report.answers - report.malformed_documents - report.malformed_answers;
	return right == report.answers ? 0 : EXIT_MALFORMED;
}

int main(int argc, char **argv)
{
	struct messages_options options;
	int parsed;

	descriptors_reserve();
	parsed = messages_parse(&options, argc, argv);
	if (parsed > 0)
		return fputs(messages_help, stdout), messages_flush() ? EXIT_TROUBLE : 0;
	if (parsed < 0)
		return fprintf(stderr, "Try 'json_messages --help'.\n"), EXIT_TROUBLE;
	json_object_seed(0); /* before two threads would do it at once */
	return messages_run(&options);
}
