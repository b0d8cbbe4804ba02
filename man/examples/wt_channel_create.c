/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

int main(void)
{
	wt_port *a, *b;
	wt_message message;
	char block[100] = "a hundred bytes";
	size_t posted = 0, received = 0;
	int err = wt_channel_create(&a, &b, WT_CHANNEL_OPTIONS(.limit = 1024));

	if (err) {
		fprintf(stderr, "channel: %s\n", wt_strerror(err));
		return 1;
	}

	/* What is posted on one port arrives at the other, up to the limit. */
	while ((err = wt_port_post(a, block, sizeof block)) == 0)
		posted++;
	printf("%s after %s messages\n", wt_err_name(err), posted ? "some" : "no");

	/* Close is heard behind all that was posted before it. */
	wt_port_close(a);
	while ((err = wt_port_receive(b, &message, WT_NOW)) == 0)
		received++;
	printf("%s after %s of them\n", wt_err_name(err), received == posted ? "all" : "some");

	wt_port_close(b);
	return 0;
}
