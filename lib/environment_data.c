/* SPDX-License-Identifier: MIT */
#include <wt/environment.h>

#include "dictionary.h"
#include "environment.h"
#include "fork.h"
#include "thread.h"

static bool data_is_valid(const void *bytes, size_t size)
{
	return bytes || !size;
}

int wt_set_environment_data(const void *key, size_t key_size, const void *data, size_t size)
{
	struct wti_thread *self;
	struct wti_entry *entry, *old;
	int err;

	if (!data_is_valid(key, key_size) || !data_is_valid(data, size))
		return WT_EINVAL;
	if (key_size > WTI_SIZE_MAX || size > WTI_SIZE_MAX - key_size)
		return WT_EOVERFLOW;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	entry = wti_entry_create(key, key_size, data, size);
	if (!entry)
		return WT_ENOMEM;
	self->end[WTI_END_ENVIRONMENT] = wti_environment_drop;
	err = wti_dictionary_put(&self->environment_data, entry, &old);
	wti_entry_release(err ? entry : old);
	return err;
}

const void *wt_get_environment_data(const void *key, size_t key_size, size_t *size)
{
	struct wti_thread *self = wti_thread_peek();
	struct wti_entry *entry = NULL;

	if (self && data_is_valid(key, key_size))
		entry = wti_dictionary_find(self->environment_data, key, key_size);
	if (size)
		*size = entry ? entry->size : 0;
	return entry ? entry->value : NULL;
}

int wt_delete_environment_data(const void *key, size_t key_size)
{
	struct wti_thread *self = wti_thread_peek();
	struct wti_entry *old;
	int err;

	if (!data_is_valid(key, key_size))
		return WT_EINVAL;
	if (!self)
		return wti_fork_error(0);
	err = wti_dictionary_take(&self->environment_data, key, key_size, &old);
	wti_entry_release(old);
	return err;
}
