/* SPDX-License-Identifier: MIT */
#include "infer_options.h"

#include "count.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2
};

static const char help[] =
	"usage: infer train [-n HIDDEN] [-e EPOCHS] [-r SEED] DATA MODEL\n"
	"       infer run [-j N] [-b SAMPLES] [-o] MODEL DATA\n"
	"\n"
	"Trains a neural network to tell classes apart, and asks it for the classes of\n"
	"samples, with libfann. DATA is libfann's text format: a line with the numbers\n"
	"of samples, inputs and outputs; then for each sample a line with its inputs\n"
	"and one with its outputs, of which the greatest is that of its class.\n"
	"\n"
	"train writes the network to MODEL. It uses one thread, and the same arguments\n"
	"give the same network.\n"
	"  -n HIDDEN   neurons between inputs and outputs; default 32\n"
	"  -e EPOCHS   how often each sample is seen, at most; default 200\n"
	"  -r SEED     of the first weights; default 1\n"
	"\n"
	"run prints a line with the class of each sample, counted from 0, and to\n"
	"standard error how many are right, if DATA has outputs, and the speed. Each\n"
	"worker has the network for itself. Trust in MODEL: libfann does.\n"
	"  -j N        so many workers; default one for each processor\n"
	"  -b SAMPLES  that a worker gets at a time; default 256\n"
	"  -o          print the outputs, too, behind the class and in full precision\n"
	"\n"
	"  -h, --help  this text\n"
	"\n"
	"Exit code: 0; 1 when a file cannot be read or written, or is not what it\n"
	"should be; 2 for a command line that makes no sense.\n";

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int read_number(unsigned long least, unsigned long most, unsigned *number)
{
	unsigned long count;

	if (!count_parse(optarg, least, most, &count)) {
		fprintf(stderr, "infer: '%s' is not a number from %lu to %lu\n", optarg, least, most);
		return EXIT_USAGE;
	}
	*number = (unsigned)count;
	return -1;
}

static int read_option(struct options *options, int option)
{
	switch (option) {
	case 'n':
		return read_number(1, 100000, &options->hidden);
	case 'e':
		return read_number(1, 1000000, &options->epochs);
	case 'r':
		return read_number(0, UINT_MAX, &options->seed);
	case 'j':
		return read_number(1, 1024, &options->workers);
	case 'b':
		return read_number(1, 1000000, &options->batch);
	case 'o':
		options->outputs = true;
		return -1;
	case 'h':
		return fputs(help, stdout) < 0 || fflush(stdout) ? EXIT_FAILED : EXIT_OK;
	default:
		return EXIT_USAGE;
	}
}

static int usage(void)
{
	fprintf(stderr, "usage: infer train DATA MODEL, or infer run MODEL DATA; see infer --help\n");
	return EXIT_USAGE;
}

int options_read(struct options *options, int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	const char *letters;
	int option, code = -1;

	*options = (struct options){
		.train = !strcmp(command, "train"), .hidden = 32, .epochs = 200, .seed = 1, .batch = 256
	};
	if (!strcmp(command, "-h") || !strcmp(command, "--help"))
		return read_option(options, 'h');
	if (!options->train && strcmp(command, "run") != 0)
		return usage();
	optind = 2;
	letters = options->train ? "n:e:r:h" : "j:b:oh";
	while (code < 0 && (option = getopt_long(argc, argv, letters, long_options, NULL)) != -1)
		code = read_option(options, option);
	if (code >= 0)
		return code;
	if (argc - optind != 2)
		return usage();
	options->data = argv[options->train ? optind : optind + 1];
	options->model = argv[options->train ? optind + 1 : optind];
	return -1;
}
