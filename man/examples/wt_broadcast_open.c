/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

int main(void)
{
	struct wt_broadcast_stats stats = { .size = sizeof stats };
	wt_broadcast *speaker, *listener;
	wt_message message;
	int err = wt_broadcast_open(&speaker, "news", 4, NULL);

	if (err)
		return 1;
	/* Room for two messages of up to 8 bytes. */
	err = wt_broadcast_open(&listener, "news", 4,
				WT_BROADCAST_OPTIONS(.limit = 64));
	for (int i = 1; i <= 5 && !err; i++)
		err = wt_broadcast_post(speaker, &i, sizeof i);
	while (!err) {
		err = wt_broadcast_receive(listener, &message, WT_NOW);
		if (!err)
			printf("%d\n", *(const int *)message.data);
	}
	if (err == WT_EAGAIN) /* all is received */
		err = wt_broadcast_stats(listener, &stats);
	printf("%d lost\n", (int)stats.dropped);
	wt_broadcast_close(listener);
	wt_broadcast_close(speaker);
	return err != 0;
}
