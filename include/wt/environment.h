/* SPDX-License-Identifier: MIT
 *
 * What a thread hands down to the workers that it creates: environment data,
 * byte strings under byte-string keys, and environment variables. A worker
 * gets both as they are at its creation; changes are seen by the thread that
 * makes them, and by the workers that it creates afterwards.
 *
 * The variables are libwt's own. libwt never changes the C library's, which
 * no thread can change safely while another reads them.
 */
#ifndef WT_ENVIRONMENT_H
#define WT_ENVIRONMENT_H

#include <wt/base.h>
#include <wt/error.h>

WT_BEGIN_DECLS

/*
 * Set this thread's environment data under a key to a copy of `size` bytes
 * at `data`; both may be empty. Any thread, about itself.
 *
 * Returns 0; WT_EINVAL for NULL with a size that is not 0; WT_EOVERFLOW for
 * sizes above 2^62; WT_ENOMEM. On failure nothing changed.
 */
WT_API WT_NODISCARD int wt_set_environment_data(const void *key, size_t key_size, const void *data, size_t size);

/*
 * This thread's environment data under a key, aligned for any type, and its
 * size in *size, which may be NULL. It lasts until this thread sets or
 * deletes environment data, or ends. NULL, and *size 0, where there is none.
 * Any thread, about itself.
 */
WT_API const void *wt_get_environment_data(const void *key, size_t key_size, size_t *size);

/*
 * Forget what is set under a key, if anything. Any thread, about itself.
 * Returns 0; WT_EINVAL for a NULL key with a size; WT_ENOMEM, and it is
 * still set.
 */
WT_API WT_NODISCARD int wt_delete_environment_data(const void *key, size_t key_size);

/* As wt_worker_options.env: the worker uses its creator's variables instead of a copy, and both see each change. */
#define WT_SHARE_ENV ((const char *const *)-1)

/*
 * The value of this thread's environment variable; NULL where it is not set,
 * or memory for the thread's first call ran out. It lasts until this thread's
 * next call of wt_getenv, wt_setenv or wt_unsetenv, or its end. Any thread.
 *
 * The main thread, and any that libwt did not start, begin with the
 * variables that the process had when libwt first looked: at the first of
 * these calls, or at the first wt_worker_create.
 */
WT_API const char *wt_getenv(const char *name);

/*
 * Set or unset an environment variable of this thread. Any thread.
 *
 * Return 0, also where there was nothing to unset; WT_EINVAL (NULL, a name
 * that is empty or has a '='); WT_ENOMEM. On failure nothing changed.
 */
WT_API WT_NODISCARD int wt_setenv(const char *name, const char *value);
WT_API WT_NODISCARD int wt_unsetenv(const char *name);

WT_END_DECLS

#endif
