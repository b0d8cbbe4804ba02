/* SPDX-License-Identifier: MIT */
#include "jsonstat_options.h"

#include "count.h"
#include "jsonstat_chunk.h"

#include <getopt.h>
#include <stdio.h>

enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	WORKERS_MAX = 1024,
	CHUNK_MIN = 16,
	CHUNK_DEFAULT = 1 << 20
};

/* Those of one letter are their letters. */
enum { OPTION_CHUNK = AGGREGATES, OPTION_GROUP };

static const char help[] =
	"usage: jsonstat OPTION... [FILE]...\n"
	"\n"
	"Aggregates documents of JSON, one on each line of the files or, without any or\n"
	"for '-', of standard input. Prints one line of JSON; with --group-by one for\n"
	"each group, in the order of jq's sort.\n"
	"\n"
	"  --count PATH      how many values there are that are not null\n"
	"  --sum PATH        of the numbers among them, as for the next three;\n"
	"  --min PATH          null where there are none\n"
	"  --max PATH\n"
	"  --mean PATH\n"
	"  --distinct PATH   how many different values there are that are not null\n"
	"  --group-by PATH   a group for each value, null included\n"
	"  -j N              so many workers; default one for each processor\n"
	"  --chunk BYTES     what a worker gets at a time, unless a line is longer;\n"
	"                    default 1048576\n"
	"  -h, --help        this text\n"
	"\n"
	"At least one of the first six is needed; each may be given several times. A\n"
	"PATH is .name.name, or . for the document; it leads to null where it meets\n"
	"something that has no such name. Numbers are doubles, added in the order of\n"
	"the input, so that the sums are jq's, whatever the number of workers.\n"
	"\n"
	"Lines that are not JSON are reported with their number and left out, as are\n"
	"those longer than 64 MiB; empty ones are ignored. The memory used does not\n"
	"depend on the input but for its groups and distinct values.\n"
	"\n"
	"Exit code: 0; 1 when a line was left out, or a file or all could not be\n"
	"read; 2 for a command line that makes no sense.\n";

static const struct option long_options[] = {
	{ "count", required_argument, NULL, AGGREGATE_COUNT },
	{ "sum", required_argument, NULL, AGGREGATE_SUM },
	{ "min", required_argument, NULL, AGGREGATE_MIN },
	{ "max", required_argument, NULL, AGGREGATE_MAX },
	{ "mean", required_argument, NULL, AGGREGATE_MEAN },
	{ "distinct", required_argument, NULL, AGGREGATE_DISTINCT },
	{ "group-by", required_argument, NULL, OPTION_GROUP },
	{ "chunk", required_argument, NULL, OPTION_CHUNK },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int read_path(struct options *options, int option, const char *text)
{
	int err = option == OPTION_GROUP ? query_group(&options->query, text) :
					   query_add(&options->query, (enum aggregate)option, text);

	if (err == -1)
		return fprintf(stderr, "jsonstat: '%s' is not a path: they begin with a dot, as .name.name\n", text),
		       EXIT_USAGE;
	if (err)
		return fprintf(stderr, "jsonstat: out of memory\n"), EXIT_FAILED;
	return -1;
}

static int read_count(unsigned long least, unsigned long most, unsigned long *count)
{
	if (count_parse(optarg, least, most, count))
		return -1;
	fprintf(stderr, "jsonstat: '%s' is not a number from %lu to %lu\n", optarg, least, most);
	return EXIT_USAGE;
}

static int read_option(struct options *options, int option)
{
	unsigned long count = 0;
	int code;

	switch (option) {
	case 'h':
		return fputs(help, stdout) < 0 || fflush(stdout) ? EXIT_FAILED : EXIT_OK;
	case 'j':
		code = read_count(1, WORKERS_MAX, &count);
		options->workers = (unsigned)count;
		return code;
	case OPTION_CHUNK:
		code = read_count(CHUNK_MIN, CHUNK_LINE_MAX, &count);
		options->chunk = count;
		return code;
	case '?':
		return EXIT_USAGE;
	default:
		return read_path(options, option, optarg);
	}
}

int options_read(struct options *options, int argc, char **argv)
{
	int option, code = -1;

	*options = (struct options){ .chunk = CHUNK_DEFAULT };
	while (code < 0 && (option = getopt_long(argc, argv, "j:h", long_options, NULL)) != -1)
		code = read_option(options, option);
	if (code < 0 && !options->query.count) {
		fprintf(stderr, "jsonstat: nothing to aggregate: see jsonstat --help\n");
		code = EXIT_USAGE;
	}
	options->files = argv + optind;
	options->file_count = (size_t)(argc - optind);
	return code;
}
