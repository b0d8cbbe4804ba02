/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <stddef.h>
#include <string.h>

static const struct error_entry {
	int error;
	const char *name;
	const char *text;
} error_table[] = {
	{ 0, "0", "success" },
	{ WT_E2BIG, "WT_E2BIG", "the options are of a later version of libwt" },
	{ WT_EAGAIN, "WT_EAGAIN", "nothing there, no room, or not done yet" },
	{ WT_EBADF, "WT_EBADF", "the descriptor is not open" },
	{ WT_EBUSY, "WT_EBUSY", "it is running already, or taken" },
	{ WT_ECANCELED, "WT_ECANCELED", "the task was cancelled" },
	{ WT_EDEADLK, "WT_EDEADLK", "the wait could never end" },
	{ WT_EEXIST, "WT_EEXIST", "the name is taken" },
	{ WT_EINVAL, "WT_EINVAL", "an argument is NULL or out of range" },
	{ WT_EMSGSIZE, "WT_EMSGSIZE", "the message is larger than the limit of the port" },
	{ WT_ENOMEM, "WT_ENOMEM", "out of memory" },
	{ WT_ENOTSUP, "WT_ENOTSUP", "not supported" },
	{ WT_EOVERFLOW, "WT_EOVERFLOW", "a size is too large" },
	{ WT_ERANGE, "WT_ERANGE", "the index lies outside of what is there" },
	{ WT_ESRCH, "WT_ESRCH", "no thread has this id or name" },
	{ WT_ETIMEDOUT, "WT_ETIMEDOUT", "the deadline has passed" },
	{ WT_ECLOSED, "WT_ECLOSED", "the port, or its other end, is closed" },
	{ WT_ETERMINATED, "WT_ETERMINATED", "the worker is being terminated" },
	{ WT_EOWNER, "WT_EOWNER", "the object belongs to another thread" },
	{ WT_EUNDECODABLE, "WT_EUNDECODABLE", "a message could not be decoded and was dropped" },
	{ WT_ESOURCE, "WT_ESOURCE", "the transfer list has the port that the message is sent on" },
	{ WT_ETARGET, "WT_ETARGET", "the transfer list has the port at which the message would arrive" },
	{ WT_EDUPLICATE, "WT_EDUPLICATE", "the transfer list has the same thing twice" },
	{ WT_EDETACHED, "WT_EDETACHED", "the object was moved or taken already" },
	{ WT_EUNTRANSFERABLE, "WT_EUNTRANSFERABLE", "the object is not to be moved" },
	{ WT_EINUSE, "WT_EINUSE", "the port is in use by a callback or by an open slot" },
	{ WT_EFORKED, "WT_EFORKED", "the process was forked after libwt was used" },
	{ WT_ESAMETHREAD, "WT_ESAMETHREAD", "the message is for the calling thread itself" },
	{ WT_ENOLISTENER, "WT_ENOLISTENER", "the thread has no listener for messages" },
	{ WT_ELISTENER, "WT_ELISTENER", "the thread's listener failed" },
	{ WT_EDIED, "WT_EDIED", "the thread ended before its listener was done" },
	{ WT_EWORKER, "WT_EWORKER", "the worker ended in the middle of it" },
};

static const struct error_entry *error_find(int error)
{
	for (size_t i = 0; i < sizeof error_table / sizeof *error_table; i++)
		if (error_table[i].error == error)
			return &error_table[i];
	return NULL;
}

/* The constant, untranslated text: strerror's own buffer would not be thread-safe, but where it has none, as in musl. */
static const char *error_system_text(int error)
{
#ifdef HAVE_STRERRORDESC_NP
	return strerrordesc_np(error);
#else
	const char *text = strerror(error);

	return text == strerror(0) ? NULL : text; /* what musl says of those that it does not know */
#endif
}

const char *wt_strerror(int error)
{
	const struct error_entry *entry = error_find(error);
	const char *text = NULL;

	if (entry)
		return entry->text;
	if (error < 0 && error > -4096)
		text = error_system_text(-error);
	return text ? text : "unknown error";
}

const char *wt_err_name(int error)
{
	const struct error_entry *entry = error_find(error);

	return entry && error ? entry->name : NULL;
}

static int options_check(const void *options, size_t known)
{
	const unsigned char *bytes = options;
	size_t size;

	memcpy(&size, options, sizeof size);
	if (size < sizeof size || size > WTI_OPTIONS_MAX)
		return WT_EINVAL;
	for (size_t i = known; i < size; i++)
		if (bytes[i])
			return WT_E2BIG;
	return 0;
}

int wti_options_read(void *to, size_t known, const void *options)
{
	size_t size;
	int err;

	memset(to, 0, known);
	if (!options)
		return 0;
	err = options_check(options, known);
	if (err)
		return err;
	memcpy(&size, options, sizeof size);
	memcpy(to, options, size < known ? size : known);
	return 0;
}

int wti_snapshot_write(void *to, const void *from, size_t known)
{
	size_t size;

	if (!to)
		return WT_EINVAL;
	memcpy(&size, to, sizeof size);
	if (size < sizeof size || size > WTI_OPTIONS_MAX)
		return WT_EINVAL;
	memset(to, 0, size);
	memcpy(to, from, size < known ? size : known);
	memcpy(to, &size, sizeof size);
	return 0;
}
