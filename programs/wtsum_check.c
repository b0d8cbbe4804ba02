/* SPDX-License-Identifier: MIT */
#include "wtsum_check.h"

#include "complain.h"
#include "output.h"
#include "quoted.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <wt.h>

/* One list and what it has come to. */
struct check {
	const struct wtsum_check_options *options;
	struct wtsum_queue *queue;
	struct progress *progress;
	enum wtsum_division *division; /* one for all lists */
	const char *name;
	FILE *stream;
	uint64_t lines;
	uint64_t formatted;
	uint64_t misformatted;
	uint64_t unreadable;
	uint64_t matched;
	uint64_t mismatched;
};

/* ---- What comes of one file ---- */

static void check_say(const char *name, const char *result)
{
	wtsum_line_write_name(stdout, name);
	printf(": %s\n", result);
}

static void check_unreadable(struct check *check, const struct wtsum_hashed *file)
{
	if (file->error == -ENOENT && check->options->ignore_missing)
		return;
	check->unreadable++;
	complain(file->name, file->error);
	if (!check->options->status)
		check_say(file->name, "FAILED open or read");
}

static void check_compare(struct check *check, const struct wtsum_hashed *file)
{
	bool matches = memcmp(file->digest, file->expected, WTSUM_DIGEST) == 0;

	if (matches)
		check->matched++;
	else
		check->mismatched++;
	if (check->options->status || (matches && check->options->quiet))
		return;
	check_say(file->name, matches ? "OK" : "FAILED");
}

static void check_on_hashed(const struct wtsum_hashed *file, void *arg)
{
	struct check *check = arg;

	progress_hide(check->progress);
	if (file->error)
		check_unreadable(check, file);
	else
		check_compare(check, file);
	output_has_failed();
}

/* ---- What is in a list ---- */

/* The length without its end; 0 for a line that says nothing. */
static size_t check_trim(char *text, size_t length)
{
	if (*text == '#')
		return 0;
	if (length && text[length - 1] == '\n')
		length--;
	if (length && text[length - 1] == '\r')
		length--;
	text[length] = '\0';
	return length;
}

/* Where lines are warned about, the warning comes after what the lines before it said. */
static int check_misformatted(struct check *check)
{
	int err = 0;

	check->misformatted++;
	if (!check->options->warn)
		return 0;
	err = wtsum_queue_finish(check->queue);
	progress_hide(check->progress);
	complain_of("%s: %" PRIu64 ": improperly formatted SHA256 checksum line", quoted(check->name), check->lines);
	return err;
}

static int check_line(struct check *check, char *text, size_t length)
{
	struct wtsum_line line;

	if (!wtsum_line_parse(text, length, check->division, &line))
		return check_misformatted(check);
	/* A list cannot name the stream that it is read from. */
	if (check->stream == stdin && strcmp(line.name, "-") == 0)
		return check_misformatted(check);
	check->formatted++;
	return wtsum_queue_add(check->queue, line.name, line.digest);
}

static int check_lines(struct check *check)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t length;
	int err = 0;

	while (!err && !output_has_failed() && (length = getline(&text, &room, check->stream)) > 0) {
		check->lines++;
		length = (ssize_t)check_trim(text, (size_t)length);
		if (length)
			err = check_line(check, text, (size_t)length);
	}
	free(text);
	/* Without anybody to tell it to, the rest need not be known. */
	return err || output_has_failed() ? err : wtsum_queue_finish(check->queue);
}

/* ---- The sum of it ---- */

static void check_warn(uint64_t count, const char *one, const char *many)
{
	if (count)
		complain_of("WARNING: %" PRIu64 " %s", count, count == 1 ? one : many);
}

static void check_warn_all(const struct check *check)
{
	if (!check->formatted) {
		complain_of("%s: no properly formatted checksum lines found", quoted(check->name));
		return;
	}
	if (check->options->status)
		return;
	check_warn(check->misformatted, "line is improperly formatted", "lines are improperly formatted");
	check_warn(check->unreadable, "listed file could not be read", "listed files could not be read");
	check_warn(check->mismatched, "computed checksum did NOT match", "computed checksums did NOT match");
	if (check->options->ignore_missing && !check->matched)
		complain_of("%s: no file was verified", quoted(check->name));
}

static int check_sum(const struct check *check)
{
	bool passed = check->matched && !check->mismatched && !check->unreadable;

	progress_hide(check->progress);
	if (ferror(check->stream)) {
		complain_of("%s: read error", quoted(check->name));
		return 1;
	}
	check_warn_all(check);
	return passed && !(check->options->strict && check->misformatted) ? 0 : 1;
}

/* ---- Lists ---- */

static int check_open(struct check *check, const char *name)
{
	if (strcmp(name, "-") == 0) {
		check->name = "standard input";
		check->stream = stdin;
		return 0;
	}
	check->name = name;
	check->stream = fopen(name, "re");
	return check->stream ? 0 : -errno;
}

static void check_close(struct check *check)
{
	if (check->stream == stdin)
		clearerr(stdin);
	else
		fclose(check->stream);
}

static int check_list(struct check *check, const char *name, int *status)
{
	int err = check_open(check, name);

	if (err) {
		complain(name, err);
		*status = 1;
		return 0;
	}
	wtsum_queue_on_hashed(check->queue, check_on_hashed, check);
	err = check_lines(check);
	if (!err && !output_has_failed())
		*status |= check_sum(check);
	check_close(check);
	return err;
}

int wtsum_check(struct wtsum_queue *queue, const struct wtsum_check_options *options, char *const *lists,
		struct progress *progress, int *status)
{
	enum wtsum_division division = WTSUM_UNDECIDED;
	int err = 0;

	for (; !err && *lists && !output_has_failed(); lists++) {
		struct check check = {
			.options = options, .queue = queue, .progress = progress, .division = &division
		};

		err = check_list(&check, *lists, status);
	}
	return err;
}
