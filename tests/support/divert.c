/* SPDX-License-Identifier: MIT */
#include "support/divert.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/support.h"

void divert_begin(struct divert *divert, int fd)
{
	int ends[2];

	*divert = (struct divert){ .fd = fd };
	fflush(stdout);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, DIVERT_ROOM), DIVERT_ROOM);
	divert->saved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	assert_true(divert->saved > 2);
	divert->from = ends[0];
	dup2(ends[1], fd);
	close(ends[1]);
}

static void *divert_run(void *arg)
{
	struct divert *divert = arg;
	size_t room = 0;
	ssize_t got;

	do {
		if (divert->size + 65536 > room)
			divert->text = realloc(divert->text, room = room * 2 + 131072);
		got = read(divert->from, divert->text + divert->size, 65535);
		divert->size += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	divert->text[divert->size] = '\0';
	return NULL;
}

void divert_read(struct divert *divert)
{
	divert->reads = pthread_create(&divert->reader, NULL, divert_run, divert) == 0;
}

void divert_end(struct divert *divert)
{
	if (!divert->reads)
		divert_read(divert);
	dup2(divert->saved, divert->fd); /* the last writing end closes */
	close(divert->saved);
	assert_true(divert->reads);
	pthread_join(divert->reader, NULL);
	close(divert->from);
}

void divert_free(struct divert *divert)
{
	free(divert->text);
}

/* ---- Lines ---- */

size_t line_fill(char *to, size_t size, unsigned producer, unsigned sequence)
{
	size_t head = (size_t)sprintf(to, "<%u %u %zu>", producer, sequence, size);

	for (size_t i = head; i < size; i++)
		to[i] = (char)('a' + (i + producer + sequence) % 26);
	to[size - 1] = '\n';
	to[size] = '\0';
	return size;
}

const char *lines_check(const char *text, unsigned producers, unsigned count)
{
	static char expected[1 << 17], wrong[256];
	unsigned next[64] = { 0 };
	unsigned producer, sequence;
	size_t size;

	while (*text) {
		snprintf(wrong, sizeof wrong, "%.200s", text);
		if (sscanf(text, "<%u %u %zu>", &producer, &sequence, &size) != 3 || producer >= producers ||
		    size < 24 || size >= sizeof expected || sequence != next[producer]++)
			return wrong;
		line_fill(expected, size, producer, sequence);
		if (strncmp(text, expected, size) != 0)
			return wrong;
		text += size;
	}
	for (producer = 0; producer < producers; producer++)
		if (next[producer] != count)
			return "lines are missing";
	return NULL;
}
