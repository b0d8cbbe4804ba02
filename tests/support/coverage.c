/* SPDX-License-Identifier: MIT
 *
 * Only in builds with --enable-coverage: what a process has run is written
 * down by its exit handlers, which _exit and abort leave out. The linker sends
 * the calls of both here.
 */
#include <stdlib.h>

void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __real_abort(void) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));
void __wrap_abort(void) __attribute__((noreturn));

void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

void __wrap_abort(void)
{
	__gcov_dump();
	__real_abort();
}
