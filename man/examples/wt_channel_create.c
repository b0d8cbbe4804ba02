/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

int main(void)
{
	wt_port *a, *b;
	wt_message message;
	char block[100] = "a hundred bytes";
	int posted = 0, received = 0;
	int err;

	err = wt_channel_create(&a, &b, WT_CHANNEL_OPTIONS(.limit = 1024));
	if (err) {
		fprintf(stderr, "channel: %s\n", wt_strerror(err));
		return 1;
	}

	/* What is posted on one port waits at the other, up to 1 KiB. */
	while ((err = wt_port_post(a, block, sizeof block)) == 0)
		posted++;
	printf("%s after %d messages\n", wt_err_name(err), posted);

	/* Close is heard behind all that was posted before it. */
	wt_port_close(a);
	while ((err = wt_port_receive(b, &message, WT_NOW)) == 0)
		received++;
	printf("%s after %d messages\n", wt_err_name(err), received);

	wt_port_close(b);
	return 0;
}
