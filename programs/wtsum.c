/* SPDX-License-Identifier: MIT
 *
 * SHA-256 of files, several at a time: prints and checks what coreutils'
 * sha256sum does, sooner.
 *
 *	$ wtsum *.iso >SUMS
 *	$ wtsum -c SUMS
 */
#include "complain.h"
#include "descriptors.h"
#include "output.h"
#include "wtsum_options.h"
#include "wtsum_queue.h"

#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct wtsum {
	struct wtsum_options options;
	struct progress progress;
	int status;
};

static void wtsum_on_hashed(const struct wtsum_hashed *file, void *arg)
{
	struct wtsum *wtsum = arg;

	progress_hide(&wtsum->progress);
	if (file->error) {
		complain(file->name, file->error);
		wtsum->status = 1;
	} else {
		wtsum_line_write(stdout, &wtsum->options.style, file->name, file->digest);
		output_has_failed();
	}
}

/* Only a bar wants to know. 0 where it cannot be told. */
static uint64_t wtsum_total(char *const *names)
{
	uint64_t total = 0;

	if (!isatty(STDERR_FILENO))
		return 0;
	for (; *names; names++) {
		struct stat status;

		if (strcmp(*names, "-") == 0)
			return 0;
		if (stat(*names, &status) == 0 && S_ISREG(status.st_mode))
			total += (uint64_t)status.st_size;
	}
	return total;
}

static int wtsum_print(struct wtsum *wtsum, struct wtsum_queue *queue, char *const *names)
{
	int err = 0;

	progress_begin(&wtsum->progress, "hashing", wtsum_total(names));
	wtsum_queue_on_hashed(queue, wtsum_on_hashed, wtsum);
	for (; !err && *names && !output_has_failed(); names++)
		err = wtsum_queue_add(queue, *names, NULL);
	if (!err && !output_has_failed())
		err = wtsum_queue_finish(queue);
	progress_hide(&wtsum->progress);
	return err;
}

static int wtsum_run(struct wtsum *wtsum, char *const *names)
{
	struct wtsum_queue *queue;
	int err = wtsum_queue_create(&queue, wtsum->options.jobs, &wtsum->progress);

	if (err)
		return err;
	if (wtsum->options.check) {
		progress_begin(&wtsum->progress, "checking", 0);
		err = wtsum_check(queue, &wtsum->options.checks, names, &wtsum->progress, &wtsum->status);
	} else {
		err = wtsum_print(wtsum, queue, names);
	}
	wtsum_queue_destroy(queue);
	return err;
}

int main(int argc, char **argv)
{
	char name[] = "-";
	char *const input[] = { name, NULL };
	struct wtsum wtsum = { .status = 0 };
	int err;

	descriptors_reserve();
	setlocale(LC_CTYPE, "");
	/* A reader that goes away is an error like any other. */
	signal(SIGPIPE, SIG_IGN);
	/* Who reads the lines as they come gets whole ones. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	wtsum_options_parse(&wtsum.options, argc, argv);
	err = wtsum_run(&wtsum, optind < argc ? argv + optind : input);
	if (err) {
		complain("workers", err);
		return 1;
	}
	return output_is_out() ? wtsum.status : 1;
}
