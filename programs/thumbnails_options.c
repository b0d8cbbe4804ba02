/* SPDX-License-Identifier: MIT */
#include "thumbnails_options.h"

#include "count.h"

#include <getopt.h>
#include <string.h>

enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	WORKERS_MAX = 1024,
	SIDE_DEFAULT = 256,
	SIDE_MAX = 4096,
	SIDE_DIGITS = 4,
	QUALITY_DEFAULT = 90
};

static const char help[] =
	"usage: thumbnails [-s WIDTHxHEIGHT] [-q QUALITY] [-o FOLDER] [-j N] FILE...\n"
	"\n"
	"Makes a small picture of each JPEG file, FOLDER/NAME.thumb.jpg for NAME.jpg.\n"
	"\n"
	"  -s WIDTHxHEIGHT  what it has to fit into, in pixels of 1 to 4096; default\n"
	"                   256x256. Proportions are kept; nothing is made larger\n"
	"  -q QUALITY       of the new files, 1 to 100; default 90\n"
	"  -o FOLDER        which must exist; default the present one\n"
	"  -j N             so many workers; default one for each processor\n"
	"  -h, --help       this text\n"
	"\n"
	"A picture is turned as its Exif orientation says. Of the data beside the\n"
	"picture the colour profile is kept, and nothing else. CMYK becomes RGB, by the\n"
	"simple formula and without its profile.\n"
	"\n"
	"A file that cannot be read, is damaged or cut off, or has more than 268435456\n"
	"pixels is reported and has no thumbnail; the others go on. Older thumbnails are\n"
	"replaced, by whole ones only. A thumbnail that would replace one of the FILEs,\n"
	"or another's thumbnail, is not made.\n"
	"\n"
	"Exit code: 0; 1 when a file has no thumbnail; 2 for a command line that makes\n"
	"no sense.\n";

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int usage(const char *text, const char *what)
{
	fprintf(stderr, "thumbnails: '%s' is not %s\n", text, what);
	return EXIT_USAGE;
}

static bool read_box(struct picture_box *box, const char *text)
{
	char first[SIDE_DIGITS + 1];
	const char *times = strchr(text, 'x');
	size_t digits = times ? (size_t)(times - text) : sizeof first;
	unsigned long width, height;

	if (digits >= sizeof first)
		return false;
	memcpy(first, text, digits);
	first[digits] = '\0';
	if (!count_parse(first, 1, SIDE_MAX, &width) || !count_parse(times + 1, 1, SIDE_MAX, &height))
		return false;
	*box = (struct picture_box){ width, height };
	return true;
}

static int read_option(struct options *options, int option)
{
	unsigned long count = 0;

	switch (option) {
	case 's':
		if (!read_box(&options->form.box, optarg))
			return usage(optarg, "a size such as 256x256, of at most 4096");
		return -1;
	case 'q':
		if (!count_parse(optarg, 1, 100, &count))
			return usage(optarg, "a quality from 1 to 100");
		options->form.quality = (int)count;
		return -1;
	case 'j':
		if (!count_parse(optarg, 1, WORKERS_MAX, &count))
			return usage(optarg, "a number from 1 to 1024");
		options->workers = (unsigned)count;
		return -1;
	case 'o':
		if (!*optarg)
			return usage(optarg, "a folder");
		options->folder = optarg;
		return -1;
	case 'h':
		return fputs(help, stdout) < 0 || fflush(stdout) ? EXIT_FAILED : EXIT_OK;
	default:
		return EXIT_USAGE;
	}
}

int options_read(struct options *options, int argc, char **argv)
{
	int option, code = -1;

	*options = (struct options){
		.form = { .box = { SIDE_DEFAULT, SIDE_DEFAULT }, .quality = QUALITY_DEFAULT },
		.folder = ".",
	};
	while (code < 0 && (option = getopt_long(argc, argv, "s:q:o:j:h", long_options, NULL)) != -1)
		code = read_option(options, option);
	options->files = argv + optind;
	options->file_count = (size_t)(argc - optind);
	if (code < 0 && !options->file_count) {
		fprintf(stderr, "thumbnails: no files: see thumbnails --help\n");
		code = EXIT_USAGE;
	}
	return code;
}
