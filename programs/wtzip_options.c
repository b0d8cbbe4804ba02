/* SPDX-License-Identifier: MIT */
#include "wtzip_options.h"

#include "complain.h"
#include "count.h"
#include "output.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

enum {
	OPTIONS_JOBS_MAX = 1024,
	/* A block takes the 32 KiB before it as its dictionary, so it must not be shorter. */
	OPTIONS_BLOCK_KIB_MIN = 32,
	OPTIONS_BLOCK_KIB_MAX = 64 * 1024,
	OPTIONS_BLOCK_KIB = 128
};

static const struct option options_long[] = {
	{ "best", no_argument, NULL, '9' },
	{ "blocksize", required_argument, NULL, 'b' },
	{ "decompress", no_argument, NULL, 'd' },
	{ "fast", no_argument, NULL, '1' },
	{ "force", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "jobs", required_argument, NULL, 'j' },
	{ "keep", no_argument, NULL, 'k' },
	{ "name", no_argument, NULL, 'N' },
	{ "no-name", no_argument, NULL, 'n' },
	{ "stdout", no_argument, NULL, 'c' },
	{ "test", no_argument, NULL, 't' },
	{ "to-stdout", no_argument, NULL, 'c' },
	{ "uncompress", no_argument, NULL, 'd' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char options_help[] =
	"Usage: wtzip [OPTION]... [FILE]...\n"
	"Compress or decompress FILEs in the gzip format, in place by default.\n"
	"\n"
	"  -1 to -9              compress faster, or better; 6 is the default\n"
	"  -b, --blocksize=KIB   input for one task, 32 to 65536 KiB; 128 is the default\n"
	"  -c, --stdout          write to standard output, keep the files\n"
	"  -d, --decompress      decompress\n"
	"  -f, --force           overwrite, follow links, write to and read from a terminal\n"
	"  -h, --help            display this help and exit\n"
	"  -j, --jobs=N          compress with N workers; the default is one for each\n"
	"                          processor\n"
	"  -k, --keep            keep the files\n"
	"  -n, --no-name         do not save or restore the name and the time\n"
	"  -N, --name            do both: the default where files are compressed\n"
	"  -t, --test            decompress, and write nothing\n"
	"  -V, --version         display the version and exit\n"
	"\n"
	"With no FILE, or when FILE is -, read standard input and write standard output.\n"
	"\n"
	"Blocks of a file are compressed in parallel; the result is one member, as gzip\n"
	"makes it, for any program that reads gzip's. Decompression is sequential.\n"
	"\n"
	"Exit status: 0, or 1 after an error, or 2 after a warning.\n";

static bool options_number(const char *what, unsigned long least, unsigned long most, unsigned long *number)
{
	if (count_parse(optarg, least, most, number))
		return true;
	complain_of("%s is not a number from %lu to %lu: '%s'", what, least, most, optarg);
	return false;
}

static int options_say(const char *text)
{
	fputs(text, stdout);
	return output_is_out() ? 0 : 1;
}

static int options_wrong(void)
{
	fprintf(stderr, "Try 'wtzip --help' for more information.\n");
	return 1;
}

static bool options_sizes(struct wtzip_options *options, int option)
{
	unsigned long number;

	if (option == 'j') {
		if (!options_number("the number of workers", 1, OPTIONS_JOBS_MAX, &number))
			return false;
		options->jobs = (unsigned)number;
	} else {
		if (!options_number("the size of a block", OPTIONS_BLOCK_KIB_MIN, OPTIONS_BLOCK_KIB_MAX, &number))
			return false;
		options->block = (size_t)number * 1024;
	}
	return true;
}

static bool options_flag(struct wtzip_options *options, int option)
{
	switch (option) {
	case 'c':
		options->to_stdout = true;
		return true;
	case 't':
		options->test = true;
		options->decompress = true;
		return true;
	case 'd':
		options->decompress = true;
		return true;
	case 'f':
		options->force = true;
		return true;
	case 'k':
		options->keep = true;
		return true;
	default:
		return false;
	}
}

static bool options_set(struct wtzip_options *options, int option)
{
	if (option >= '1' && option <= '9')
		options->level = option - '0';
	else if (option == 'n' || option == 'N')
		options->names = option == 'N' ? WTZIP_NAMES : WTZIP_NO_NAMES;
	else if (option == 'b' || option == 'j')
		return options_sizes(options, option);
	else
		return options_flag(options, option);
	return true;
}

static unsigned options_processors(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	return processors < 1 ? 1 : processors > OPTIONS_JOBS_MAX ? OPTIONS_JOBS_MAX : (unsigned)processors;
}

int wtzip_options_parse(struct wtzip_options *options, int argc, char **argv)
{
	int option;

	*options = (struct wtzip_options){
		.level = 6, .jobs = options_processors(), .block = OPTIONS_BLOCK_KIB * 1024
	};
	while ((option = getopt_long(argc, argv, "123456789b:cdfhj:knNtV", options_long, NULL)) != -1) {
		if (option == 'h')
			return options_say(options_help);
		if (option == 'V')
			return options_say("wtzip, of libwt " PROGRAM_VERSION "\n");
		if (!options_set(options, option))
			return options_wrong();
	}
	return -1;
}
