/* SPDX-License-Identifier: MIT
 *
 * Error numbers: 0 is success, every error is negative. Where the C library
 * has an errno of the same meaning, the number is its negative. errno itself
 * is never changed by libwt.
 */
#ifndef WT_ERROR_H
#define WT_ERROR_H

#include <errno.h>
#include <wt/base.h>

WT_BEGIN_DECLS

enum {
	WT_E2BIG = -E2BIG,         /* options of a later libwt, with a field that this one does not know */
	WT_EBADF = -EBADF,         /* the descriptor is not open */
	WT_EAGAIN = -EAGAIN,       /* nothing there, no room, or not done yet, and WT_NOW was given */
	WT_EBUSY = -EBUSY,         /* running already: the call came from a callback; or taken */
	WT_ECANCELED = -ECANCELED, /* the task was cancelled */
	WT_EDEADLK = -EDEADLK,     /* the wait could never end */
	WT_EEXIST = -EEXIST,       /* the name is taken */
	WT_EINVAL = -EINVAL,       /* an argument is NULL or out of range */
	WT_EMSGSIZE = -EMSGSIZE,   /* the message is larger than the port's limit */
	WT_ENOMEM = -ENOMEM,       /* out of memory; nothing changed */
	WT_ENOTSUP = -ENOTSUP,     /* not available in this build or version */
	WT_EOVERFLOW = -EOVERFLOW, /* a size is too large to be counted */
	WT_ERANGE = -ERANGE,       /* the index lies outside of what is there */
	WT_ESRCH = -ESRCH,         /* no thread has this id or name, or not any more */
	WT_ETIMEDOUT = -ETIMEDOUT, /* the deadline has passed; never reported early */

	/* Those that have no errno. The numbers are part of the ABI. */
	WT_ECLOSED = -20001,     /* the port, or its other end, is closed */
	WT_ETERMINATED = -20002, /* this worker is being terminated: clean up and return */
	WT_EOWNER = -20003,      /* the object belongs to another thread */
	WT_EUNDECODABLE = -20004, /* a message arrived that cannot be made whole; it was dropped */

	/* What a transfer list may have wrong with it. */
	WT_ESOURCE = -20005,         /* it has the port that the message is sent on */
	WT_ETARGET = -20006,         /* it has the port at which the message would arrive */
	WT_EDUPLICATE = -20007,      /* it has the same thing twice */
	WT_EDETACHED = -20008,       /* the variable holds nothing any more: it was moved, or taken, already */
	WT_EUNTRANSFERABLE = -20009, /* the object is to stay where it is */
	WT_EINUSE = -20010,          /* the port is in its own callback, or somebody writes a message on it */

	WT_EFORKED = -20011, /* this process was forked from one that used libwt */

	/* Why a message that was posted to a thread has not been handled. */
	WT_ESAMETHREAD = -20012, /* it was for the calling thread itself */
	WT_ENOLISTENER = -20013, /* the thread has no listener */
	WT_ELISTENER = -20014,   /* the listener failed */
	WT_EDIED = -20015,       /* the thread ended before the listener was done */

	/* Pools. */
	WT_EWORKER = -20016 /* the worker has ended in the middle of it */
};

/*
 * Say what an error means, in English, without a newline. Also takes the
 * negative of any errno. The string is static. Any thread.
 */
WT_API const char *wt_strerror(int error);

/* The name of an error, "WT_ECLOSED"; NULL for a number that is not one. The string is static. Any thread. */
WT_API const char *wt_err_name(int error);

WT_END_DECLS

#endif
