/* SPDX-License-Identifier: MIT
 *
 * A worker's standard streams: FILEs of the C library, whose bytes come and go
 * through functions of ours. Made by their first use, so that a worker that has
 * none pays nothing; ended by the thread's end. Where they lead stands in the
 * thread's record: the creator has put a sender there for what it captures, and
 * the port that is fed.
 *
 * Nothing in our functions leaves by a jump, so that code which does, out of a
 * conversion of printf's or under flockfile, leaves at worst a FILE that its own
 * thread has locked: fclose, on that thread, takes the lock once more.
 *
 * The C library holds the FILE's lock while we write, and may have us do so for
 * a thread that is not the owner: fflush(NULL) writes what is left in any FILE,
 * and so does exit(), which in glibc takes no locks. The first is served as the owner
 * would be; once the process ends, and in a forked child, we take what comes
 * from others and do nothing.
 */
#ifndef WTI_STREAM_H
#define WTI_STREAM_H

#include <wt/stdio.h>

#include "thread.h"

/* What is posted to the port that is fed, by its type. */
enum wti_feed {
	WTI_FEED_DATA,
	WTI_FEED_END
};

/* From now on FILEs are flushed without locks, by the calling thread, whose own streams end here. */
void wti_stream_end_process(void);

/*
 * All exit handlers have run, and exit() is about to end the FILEs. glibc's takes
 * their buffers away without their locks, and who is in the middle of a write
 * would find none. So from now on what the threads that are left write is
 * dropped, and what they write to has no buffer: each sees to that in its next
 * write, and when it opens one. wti_stream_leave does so for a thread that does
 * not write at this moment; false where it does, or keeps a lock. No lock stays
 * held: others may flush all FILEs, or close one.
 */
void wti_stream_process_over(void);
bool wti_stream_leave(struct wti_thread *thread);

#endif
