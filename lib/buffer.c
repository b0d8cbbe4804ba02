/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <string.h>

#include "alloc.h"
#include "fork.h"
#include "thread.h"

static void buffer_delete_own(void *data, void *arg)
{
	(void)arg;
	wti_free(data);
}

static void buffer_destroy(struct wti_transferable *object, struct wti_list *dropped)
{
	wt_buffer *buffer = wti_container_of(object, wt_buffer, transferable);

	(void)dropped;
	WTI_ENDED(buffer);
	if (buffer->deleter)
		buffer->deleter(buffer->data, buffer->arg);
	wti_free_late(buffer);
}

static const struct wti_transferable_ops buffer_transferable_ops = { .destroy = buffer_destroy };

static int buffer_make(wt_buffer **buffer, void *data, size_t size, void (*deleter)(void *data, void *arg), void *arg)
{
	wt_buffer *made;
	int err;

	if (wti_forked())
		return WT_EFORKED;
	err = wti_fork_prepare();
	if (err)
		return err;
	made = wti_alloc(sizeof *made);
	if (!made)
		return WT_ENOMEM;
	*made = (wt_buffer){ .data = data, .size = size, .deleter = deleter, .arg = arg };
	wti_transferable_init(&made->transferable, &buffer_transferable_ops);
	WTI_MADE(made, BUFFER);
	WTI_OWED(made);
	*buffer = made;
	return 0;
}

/* Memory of the library's own; one of 0 bytes has an address, too. */
static int buffer_create(wt_buffer **buffer, void *(*alloc)(size_t size), size_t size)
{
	void *data;
	int err;

	if (size > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	data = alloc(size ? size : 1);
	if (!data)
		return WT_ENOMEM;
	err = buffer_make(buffer, data, size, buffer_delete_own, NULL);
	if (err)
		wti_free(data);
	return err;
}

int wt_buffer_create(wt_buffer **buffer, size_t size)
{
	if (!buffer)
		return WT_EINVAL;
	*buffer = NULL;
	return buffer_create(buffer, wti_alloc_zeroed, size);
}

int wt_buffer_wrap(wt_buffer **buffer, void *data, size_t size, void (*deleter)(void *data, void *arg), void *arg)
{
	if (!buffer)
		return WT_EINVAL;
	*buffer = NULL;
	if (!data && size)
		return WT_EINVAL;
	if (size > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	return buffer_make(buffer, data, size, deleter, arg);
}

int wt_buffer_slice_copy(wt_buffer **copy, const wt_buffer *buffer, size_t offset, size_t size)
{
	int err;

	WTI_USES(buffer, BUFFER);
	if (!copy)
		return WT_EINVAL;
	*copy = NULL;
	if (!buffer)
		return WT_EINVAL;
	if (offset > buffer->size || size > buffer->size - offset)
		return WT_ERANGE;
	err = buffer_create(copy, wti_alloc, size);
	if (!err && size)
		memcpy((*copy)->data, (const unsigned char *)buffer->data + offset, size);
	return err;
}

void *wt_buffer_data(const wt_buffer *buffer)
{
	WTI_USES(buffer, BUFFER);
	return buffer ? buffer->data : NULL;
}

size_t wt_buffer_size(const wt_buffer *buffer)
{
	WTI_USES(buffer, BUFFER);
	return buffer ? buffer->size : 0;
}

void wt_buffer_mark_untransferable(wt_buffer *buffer)
{
	WTI_USES(buffer, BUFFER);
	if (buffer)
		buffer->untransferable = true;
}

bool wt_buffer_is_marked_untransferable(const wt_buffer *buffer)
{
	WTI_USES(buffer, BUFFER);
	return buffer && buffer->untransferable;
}

void wt_buffer_destroy(wt_buffer *buffer)
{
	struct wti_list dropped;

	WTI_ENDS(buffer, BUFFER);
	if (!buffer || wti_forked())
		return;
	/* As one that nobody takes: the deleter may not run the loop, whoever calls it. The thread's record says so. */
	if (buffer->deleter != buffer_delete_own)
		(void)wti_thread_self();
	wti_list_init(&dropped);
	wti_list_append(&dropped, &buffer->transferable.link);
	wti_cargo_destroy_all(&dropped);
}
