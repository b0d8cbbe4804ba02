/* SPDX-License-Identifier: MIT */
#include "infer_data.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <wt.h>

#define BLANK " \t\r\n"

enum {
	SIDE_MAX = 1 << 20, /* inputs or outputs of a sample */
	SHOWN_MAX = 40      /* bytes of what is not a number */
};

static bool is_blank(const char *line)
{
	return !line[strspn(line, BLANK)];
}

static int failed(char *problem, int err)
{
	snprintf(problem, DATA_PROBLEM_SIZE, "%s", wt_strerror(err));
	return -1;
}

/* The next line that is not blank. Returns 1; 0 at the end; -1 with the problem. */
static int next_line(struct data_file *data, char *problem)
{
	errno = 0;
	while (getline(&data->text, &data->room, data->file) >= 0) {
		data->line++;
		if (!is_blank(data->text))
			return 1;
	}
	return feof(data->file) ? 0 : failed(problem, -errno);
}

static int read_header(struct data_file *data, char *problem)
{
	struct data_shape *shape = &data->shape;
	int end = -1;
	int found = next_line(data, problem);

	if (found < 0)
		return -1;
	if (found &&
	    sscanf(data->text, "%zu %zu %zu %n", &shape->samples, &shape->inputs, &shape->outputs, &end) == 3 &&
	    end >= 0 && !data->text[end] && shape->inputs && shape->inputs <= SIDE_MAX && shape->outputs <= SIDE_MAX)
		return 0;
	snprintf(problem, DATA_PROBLEM_SIZE, "does not begin with the numbers of samples, inputs and outputs");
	return -1;
}

int data_open(struct data_file *data, const char *name, char *problem)
{
	int err;

	memset(data, 0, sizeof *data);
	data->file = fopen(name, "re");
	if (!data->file)
		return failed(problem, -errno);
	err = read_header(data, problem);
	if (err)
		data_close(data);
	return err;
}

void data_close(struct data_file *data)
{
	fclose(data->file);
	free(data->text);
}

static int append_line(struct data_text *text, const char *line)
{
	size_t length = strlen(line), needed = text->size + length + 1;

	if (needed > text->room) {
		size_t room = 2 * needed;
		char *bytes = realloc(text->bytes, room);

		if (!bytes)
			return -1;
		text->bytes = bytes;
		text->room = room;
	}
	memcpy(text->bytes + text->size, line, length + 1);
	text->size += length;
	return 0;
}

/* A line of a sample. Of blank ones before it only the ends are kept, so that every line has its number. */
static int append_next(struct data_file *data, struct data_text *text, char *problem)
{
	size_t before = data->line;
	int found = next_line(data, problem);
	int err = 0;

	if (found < 0)
		return -1;
	if (!found) {
		snprintf(problem, DATA_PROBLEM_SIZE, "ends after %zu of %zu samples", data->read, data->shape.samples);
		return -1;
	}
	if (!text->size)
		text->line = before + 1;
	while (!err && ++before < data->line)
		err = append_line(text, "\n");
	if (!err)
		err = append_line(text, data->text);
	return err ? failed(problem, WT_ENOMEM) : 0;
}

static int append_sample(struct data_file *data, struct data_text *text, char *problem)
{
	if (append_next(data, text, problem))
		return -1;
	if (data->shape.outputs && append_next(data, text, problem))
		return -1;
	data->read++;
	text->samples++;
	return 0;
}

static int check_end(struct data_file *data, char *problem)
{
	int found = next_line(data, problem);

	if (found > 0)
		snprintf(problem, DATA_PROBLEM_SIZE, "%zu: more than the %zu samples that line 1 tells of", data->line,
			 data->shape.samples);
	return found ? -1 : 0;
}

int data_next(struct data_file *data, size_t samples, struct data_text *text, char *problem)
{
	memset(text, 0, sizeof *text);
	if (data->read == data->shape.samples)
		return check_end(data, problem);
	while (text->samples < samples && data->read < data->shape.samples)
		if (append_sample(data, text, problem)) {
			free(text->bytes);
			text->bytes = NULL;
			return -1;
		}
	return 0;
}

static int not_a_number(const struct data_cursor *cursor, char *problem)
{
	size_t length = strcspn(cursor->at, BLANK);

	snprintf(problem, DATA_PROBLEM_SIZE, "%zu: '%.*s' is not a number", cursor->line,
		 (int)(length < SHOWN_MAX ? length : SHOWN_MAX), cursor->at);
	return -1;
}

static void skip_blank_lines(struct data_cursor *cursor)
{
	size_t blank;

	while (cursor->at[blank = strspn(cursor->at, " \t\r")] == '\n') {
		cursor->at += blank + 1;
		cursor->line++;
	}
}

/* The end of a line, or of all of them. */
static bool at_end(struct data_cursor *cursor)
{
	cursor->at += strspn(cursor->at, " \t\r");
	return *cursor->at == '\n' || !*cursor->at;
}

int data_numbers(struct data_cursor *cursor, float *numbers, size_t count, char *problem)
{
	size_t found = 0;
	char *end;

	skip_blank_lines(cursor);
	for (; !at_end(cursor); cursor->at = end) {
		float number = strtof(cursor->at, &end);

		if (end == cursor->at || !strchr(BLANK, *end) || !isfinite(number))
			return not_a_number(cursor, problem);
		if (found < count)
			numbers[found] = number;
		found++;
	}
	if (found != count) {
		snprintf(problem, DATA_PROBLEM_SIZE, "%zu: %zu numbers where there should be %zu", cursor->line, found,
			 count);
		return -1;
	}
	cursor->line++;
	cursor->at += *cursor->at == '\n';
	return 0;
}
