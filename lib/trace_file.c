/* SPDX-License-Identifier: MIT */
#include "trace_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "os.h"

enum {
	FILE_PATH_MAX = 4096,
	FILE_BUFFER = 1 << 16,
	FILE_PIECE = 1024,     /* what one print makes at the most */
	FILE_PATIENCE = 5000   /* ms, for who reads all of it, where it is no file but a pipe */
};

static char file_path[FILE_PATH_MAX];
static char file_buffer[FILE_BUFFER];
static size_t file_used;
static int file_fd;
static int64_t file_deadline;
static int file_error; /* the first, of this file */

/* ---- The path ---- */

/* False where it does not fit. */
static bool file_append(const char *bytes, size_t size)
{
	size_t length = strlen(file_path);

	if (size >= sizeof file_path - length)
		return false;
	memcpy(file_path + length, bytes, size);
	file_path[length + size] = '\0';
	return true;
}

static bool file_append_id(void)
{
	char id[24];
	int length = snprintf(id, sizeof id, "%ld", (long)getpid());

	return file_append(id, (size_t)length);
}

/* From here on: the program may go elsewhere before it ends. */
static int file_begin_path(const char *path)
{
	int err;

	file_path[0] = '\0';
	if (*path == '/')
		return 0;
	err = wti_os->directory(file_path, sizeof file_path);
	if (err)
		return err;
	return file_append("/", 1) ? 0 : -ENAMETOOLONG;
}

static int file_set_path(const char *path)
{
	int err = file_begin_path(path);
	bool fits = true;

	for (; !err && fits && *path; path++) {
		if (path[0] == '%' && path[1] == 'p') {
			fits = file_append_id();
			path++;
		} else {
			fits = file_append(path, 1);
		}
	}
	if (!err && !fits)
		err = -ENAMETOOLONG;
	return err;
}

int wti_trace_file_choose(const char *path)
{
	int err = *path ? file_set_path(path) : -ENOENT;
	int fd;

	if (err)
		return err;
	fd = wti_os->file_create(file_path);
	if (fd < 0)
		return fd;
	return wti_os->descriptor_close(fd);
}

/* ---- The contents ---- */

int wti_trace_file_open(void)
{
	file_fd = wti_os->file_create(file_path);
	file_used = 0;
	file_deadline = wti_os->clock() + (int64_t)FILE_PATIENCE * 1000000;
	file_error = file_fd < 0 ? file_fd : 0;
	return file_error;
}

/* Whether there is room, or it is worth another look. */
static bool file_await_room(void)
{
	int64_t left = (file_deadline - wti_os->clock()) / 1000000;
	int result = left > 0 ? wti_os->descriptor_await_room(file_fd, (int)left) : 0;

	return result > 0 || result == -EINTR;
}

/* How many were written, or a negative errno. */
static ssize_t file_write_some(const char *bytes, size_t size)
{
	ssize_t written = wti_os->file_write(file_fd, bytes, size);

	if (written == -EINTR || (written == -EAGAIN && file_await_room()))
		return 0;
	return written;
}

static void file_flush(void)
{
	size_t done = 0;

	while (!file_error && done < file_used) {
		ssize_t written = file_write_some(file_buffer + done, file_used - done);

		if (written < 0)
			file_error = (int)written;
		else
			done += (size_t)written;
	}
	file_used = 0;
}

void wti_trace_file_print(const char *format, ...)
{
	va_list args;
	int length;

	if (sizeof file_buffer - file_used < FILE_PIECE)
		file_flush();
	va_start(args, format);
	length = vsnprintf(file_buffer + file_used, FILE_PIECE, format, args);
	va_end(args);
	if (length < 0 || length >= FILE_PIECE)
		file_error = -EOVERFLOW;
	else
		file_used += (size_t)length;
}

/* The bytes of the character that begins here, if it is one of UTF-8; else 0. */
static size_t file_character(const unsigned char *at)
{
	static const struct {
		unsigned char mask, lead, second_min, second_max;
		size_t size;
	} form[] = {
		{ 0x80, 0x00, 0x00, 0x00, 1 }, { 0xff, 0xe0, 0xa0, 0xbf, 3 }, { 0xff, 0xed, 0x80, 0x9f, 3 },
		{ 0xff, 0xf0, 0x90, 0xbf, 4 }, { 0xff, 0xf4, 0x80, 0x8f, 4 }, { 0xfe, 0xc0, 0x01, 0x00, 0 },
		{ 0xe0, 0xc0, 0x80, 0xbf, 2 }, { 0xf0, 0xe0, 0x80, 0xbf, 3 }, { 0xfc, 0xf0, 0x80, 0xbf, 4 },
	};
	size_t i = 0;

	while (i < sizeof form / sizeof *form && (at[0] & form[i].mask) != form[i].lead)
		i++;
	if (i == sizeof form / sizeof *form)
		return 0;
	if (form[i].size > 1 && (at[1] < form[i].second_min || at[1] > form[i].second_max))
		return 0;
	for (size_t n = 2; n < form[i].size; n++)
		if ((at[n] & 0xc0) != 0x80)
			return 0;
	return form[i].size;
}

void wti_trace_file_quote(const char *string)
{
	const unsigned char *at = (const unsigned char *)string;

	wti_trace_file_print("\"");
	while (*at) {
		size_t size = file_character(at);

		if (*at == '"' || *at == '\\')
			wti_trace_file_print("\\%c", *at);
		else if (*at < ' ')
			wti_trace_file_print("\\u%04x", *at);
		else if (size)
			wti_trace_file_print("%.*s", (int)size, (const char *)at);
		else
			wti_trace_file_print("?");
		at += size ? size : 1;
	}
	wti_trace_file_print("\"");
}

int wti_trace_file_close(void)
{
	int fd;

	file_flush();
	wti_os->descriptor_close(file_fd);
	if (!file_error)
		return 0;
	/* Half of a file would be none that can be read. */
	fd = wti_os->file_create(file_path);
	if (fd >= 0)
		wti_os->descriptor_close(fd);
	return file_error;
}
