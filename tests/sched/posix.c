/* SPDX-License-Identifier: MIT */
#include "sched/posix.h"

#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "sched/replace.h"
#include "sched/scheduler.h"

static void (*posix_destructor)(void *value);

int sched_once(pthread_once_t *once, void (*fn)(void))
{
	static const pthread_once_t fresh = PTHREAD_ONCE_INIT, done = PTHREAD_ONCE_INIT + 1;

	if (memcmp(once, &fresh, sizeof fresh) != 0)
		return 0;
	*once = done;
	sched_calm(1);
	fn();
	sched_calm(-1);
	return 0;
}

int sched_key_create(pthread_key_t *key, void (*destructor)(void *value))
{
	*key = 0;
	posix_destructor = destructor;
	return 0;
}

int sched_setspecific(pthread_key_t key, const void *value)
{
	(void)key;
	*sched_specific() = value;
	return 0;
}

void posix_end(void)
{
	const void *value = *sched_specific();

	*sched_specific() = NULL;
	if (value)
		posix_destructor((void *)(uintptr_t)value);
}

pthread_t sched_self(void)
{
	return sched_current() + 1;
}

long sched_syscall(long number, ...)
{
	if (number != SYS_gettid)
		sched_fail("system call %ld goes through no table", number);
	return getpid() + (long)sched_current();
}

int sched_setname(pthread_t thread, const char *name)
{
	(void)thread;
	(void)name;
	return 0;
}
