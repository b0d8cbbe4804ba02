/* SPDX-License-Identifier: MIT */
#include "wtsum_options.h"

#include "complain.h"
#include "count.h"
#include "output.h"

#include <getopt.h>
#include <limits.h>
#include <stdlib.h>

enum { OPTIONS_JOBS_MAX = 1024 };

/* Options that have no letter. */
enum {
	OPTIONS_TAG = CHAR_MAX + 1,
	OPTIONS_IGNORE_MISSING,
	OPTIONS_QUIET,
	OPTIONS_STATUS,
	OPTIONS_STRICT,
	OPTIONS_HELP,
	OPTIONS_VERSION
};

/* What was said of the mode, which --tag says, too. */
enum options_mode {
	OPTIONS_UNSAID,
	OPTIONS_TEXT,
	OPTIONS_BINARY
};

static const struct option options_long[] = {
	{ "binary", no_argument, NULL, 'b' },
	{ "check", no_argument, NULL, 'c' },
	{ "ignore-missing", no_argument, NULL, OPTIONS_IGNORE_MISSING },
	{ "jobs", required_argument, NULL, 'j' },
	{ "quiet", no_argument, NULL, OPTIONS_QUIET },
	{ "status", no_argument, NULL, OPTIONS_STATUS },
	{ "warn", no_argument, NULL, 'w' },
	{ "strict", no_argument, NULL, OPTIONS_STRICT },
	{ "tag", no_argument, NULL, OPTIONS_TAG },
	{ "text", no_argument, NULL, 't' },
	{ "zero", no_argument, NULL, 'z' },
	{ "help", no_argument, NULL, OPTIONS_HELP },
	{ "version", no_argument, NULL, OPTIONS_VERSION },
	{ NULL, 0, NULL, 0 },
};

static const char options_help[] =
	"Usage: wtsum [OPTION]... [FILE]...\n"
	"Print or check SHA-256 checksums, as sha256sum does, of several files at a time.\n"
	"\n"
	"With no FILE, or when FILE is -, read standard input.\n"
	"\n"
	"  -b, --binary          mark the names by '*', as files read in binary mode\n"
	"  -c, --check           read checksums from the FILEs and check them\n"
	"  -j, --jobs=N          hash N files at a time; the default is one for each\n"
	"                          processor\n"
	"      --tag             create a BSD-style checksum\n"
	"  -t, --text            do not mark the names (default)\n"
	"  -z, --zero            end each output line with NUL, not newline,\n"
	"                          and disable file name escaping\n"
	"\n"
	"The following five options are useful only when verifying checksums:\n"
	"      --ignore-missing  don't fail or report status for missing files\n"
	"      --quiet           don't print OK for each successfully verified file\n"
	"      --status          don't output anything, status code shows success\n"
	"      --strict          exit non-zero for improperly formatted checksum lines\n"
	"  -w, --warn            warn about improperly formatted checksum lines\n"
	"\n"
	"      --help            display this help and exit\n"
	"      --version         display the version and exit\n"
	"\n"
	"Results are printed in the order of the files. The SHA-256 of one file is a\n"
	"chain, each block hashed with the result of the one before: a single file is\n"
	"hashed by a single worker, and takes as long as ever.\n"
	"\n"
	"Exit status: 0, or 1 when a file could not be read, a checksum did not match,\n"
	"or an option was wrong.\n";

static void options_say(const char *text)
{
	fputs(text, stdout);
	exit(output_is_out() ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void options_wrong(const char *program)
{
	fprintf(stderr, "Try '%s --help' for more information.\n", program);
	exit(EXIT_FAILURE);
}

static void options_jobs(struct wtsum_options *options)
{
	unsigned long jobs;

	if (!count_parse(optarg, 1, OPTIONS_JOBS_MAX, &jobs)) {
		complain_of("'%s' is not a number of workers from 1 to %d", optarg, OPTIONS_JOBS_MAX);
		exit(EXIT_FAILURE);
	}
	options->jobs = (unsigned)jobs;
}

/* How much is said: each of these three takes back the others. */
static bool options_talk(struct wtsum_check_options *checks, int option)
{
	if (option != OPTIONS_QUIET && option != OPTIONS_STATUS && option != 'w')
		return false;
	checks->quiet = option == OPTIONS_QUIET;
	checks->status = option == OPTIONS_STATUS;
	checks->warn = option == 'w';
	return true;
}

static bool options_mode(struct wtsum_options *options, enum options_mode *mode, int option)
{
	if (option != 'b' && option != 't' && option != OPTIONS_TAG)
		return false;
	if (option == OPTIONS_TAG)
		options->style.tag = true;
	*mode = option == 't' ? OPTIONS_TEXT : OPTIONS_BINARY;
	return true;
}

/* The others that set something. */
static bool options_set(struct wtsum_options *options, int option)
{
	switch (option) {
	case 'c':
		options->check = true;
		return true;
	case 'j':
		options_jobs(options);
		return true;
	case 'z':
		options->style.zero = true;
		return true;
	case OPTIONS_IGNORE_MISSING:
		options->checks.ignore_missing = true;
		return true;
	case OPTIONS_STRICT:
		options->checks.strict = true;
		return true;
	default:
		return false;
	}
}

/* What is wrong with the options as a whole; NULL: nothing. */
static const char *options_conflict(const struct wtsum_options *options, enum options_mode mode)
{
	const struct wtsum_check_options *checks = &options->checks;
	bool check = options->check;
	const struct {
		bool is_so;
		const char *text;
	} conflicts[] = {
		{ options->style.tag && mode == OPTIONS_TEXT, "--tag does not support --text mode" },
		{ check && options->style.zero, "the --zero option is not supported when verifying checksums" },
		{ check && options->style.tag, "the --tag option is meaningless when verifying checksums" },
		{ check && mode, "the --binary and --text options are meaningless when verifying checksums" },
		{ !check && checks->ignore_missing,
		  "the --ignore-missing option is meaningful only when verifying checksums" },
		{ !check && checks->status, "the --status option is meaningful only when verifying checksums" },
		{ !check && checks->warn, "the --warn option is meaningful only when verifying checksums" },
		{ !check && checks->quiet, "the --quiet option is meaningful only when verifying checksums" },
		{ !check && checks->strict, "the --strict option is meaningful only when verifying checksums" },
	};

	for (size_t i = 0; i < sizeof conflicts / sizeof *conflicts; i++)
		if (conflicts[i].is_so)
			return conflicts[i].text;
	return NULL;
}

void wtsum_options_parse(struct wtsum_options *options, int argc, char **argv)
{
	enum options_mode mode = OPTIONS_UNSAID;
	const char *conflict;
	int option;

	while ((option = getopt_long(argc, argv, "bcj:twz", options_long, NULL)) != -1) {
		if (option == OPTIONS_HELP)
			options_say(options_help);
		if (option == OPTIONS_VERSION)
			options_say("wtsum, of libwt " PROGRAM_VERSION "\n");
		if (!options_mode(options, &mode, option) && !options_talk(&options->checks, option) &&
		    !options_set(options, option))
			options_wrong(argv[0]);
	}
	options->style.binary = mode == OPTIONS_BINARY;
	conflict = options_conflict(options, mode);
	if (conflict) {
		complain_of("%s", conflict);
		options_wrong(argv[0]);
	}
}
