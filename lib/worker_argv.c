/* SPDX-License-Identifier: MIT
 *
 * A worker's arguments: a copy of strings and of the array that names them, in
 * the worker's block, so that it may change both.
 */
#include <string.h>

#include "worker.h"

static size_t argv_array_size(int argc)
{
	return ((size_t)argc + 1) * sizeof(char *);
}

int wti_worker_argv_size(const wt_worker_options *options, size_t *size)
{
	size_t total;

	*size = 0;
	if (options->argc < 0 || (options->argc && !options->argv))
		return WT_EINVAL;
	if (!options->argc)
		return 0;
	total = argv_array_size(options->argc);
	for (int i = 0; i < options->argc; i++) {
		if (!options->argv[i])
			return WT_EINVAL;
		if (__builtin_add_overflow(total, strlen(options->argv[i]) + 1, &total) || total > WTI_SIZE_MAX)
			return WT_EOVERFLOW;
	}
	*size = wti_round_up(total, _Alignof(max_align_t));
	return 0;
}

void wti_worker_argv_copy(struct wt_worker *worker, void *to, const wt_worker_options *options)
{
	char *text = (char *)to + argv_array_size(options->argc);

	worker->argc = options->argc;
	worker->argv = to;
	for (int i = 0; i < options->argc; i++) {
		size_t size = strlen(options->argv[i]) + 1;

		worker->argv[i] = memcpy(text, options->argv[i], size);
		text += size;
	}
	worker->argv[options->argc] = NULL;
}

char **wt_argv(int *argc)
{
	const struct wti_thread *self = wti_thread_peek();
	const struct wt_worker *worker = self ? self->worker : NULL;

	if (argc)
		*argc = worker ? worker->argc : 0;
	return worker ? worker->argv : NULL;
}
