/* SPDX-License-Identifier: MIT */
#include "message.h"

int wti_outgoing_check_all(const wt_outgoing *message, size_t *size)
{
	size_t sum = 0;

	if (message->zero || message->reserved[0] || message->reserved[1])
		return WT_EINVAL;
	if ((message->iov || message->iovcnt) && (message->data || message->size))
		return WT_EINVAL;
	if (message->iovcnt && !message->iov)
		return WT_EINVAL;
	if (!message->data && message->size)
		return WT_EINVAL;
	for (size_t i = 0; i < message->iovcnt; i++) {
		if (!message->iov[i].iov_base && message->iov[i].iov_len)
			return WT_EINVAL;
		if (__builtin_add_overflow(sum, message->iov[i].iov_len, &sum))
			return WT_EOVERFLOW;
	}
	*size = message->iovcnt ? sum : message->size;
	return 0;
}

void wti_outgoing_copy_pieces(void *to, const wt_outgoing *message)
{
	unsigned char *bytes = to;

	for (size_t i = 0; i < message->iovcnt; i++) {
		wti_copy(bytes, message->iov[i].iov_base, message->iov[i].iov_len);
		bytes += message->iov[i].iov_len;
	}
}
