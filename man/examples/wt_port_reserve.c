/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

/* Writes a message where its receiver will read it. */
static int post_square(wt_port *port, int n)
{
	wt_slot slot;
	int length;
	int err = wt_port_reserve(port, 64, &slot, WT_NOW);

	if (err)
		return err;
	if (n < 0) {
		/* Nothing to say after all: the receiver sees nothing. */
		wt_port_abandon(port, &slot);
		return 0;
	}
	length = snprintf(slot.data, slot.size, "%d times %d is %d", n, n,
			  n * n);
	/* No more than was written, and a type to go with it. */
	slot.size = (size_t)length;
	slot.type = (uint32_t)n;
	return wt_port_commit(port, &slot);
}

int main(void)
{
	static const int numbers[] = { 2, -1, 3 };
	wt_port *a, *b;
	wt_message message;
	int err = wt_channel_create(&a, &b, NULL);

	if (err)
		return 1;
	for (int i = 0; i < 3 && !err; i++)
		err = post_square(a, numbers[i]);
	while (!err) {
		err = wt_port_receive(b, &message, WT_NOW);
		if (!err)
			printf("type %u: %.*s\n", message.type,
			       (int)message.size,
			       (const char *)message.data);
	}
	wt_port_close(a);
	wt_port_close(b);
	return err != WT_EAGAIN;
}
