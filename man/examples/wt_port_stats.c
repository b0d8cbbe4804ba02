/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <wt.h>

static int show(const char *name, const wt_port *port)
{
	struct wt_port_stats stats = { .size = sizeof stats };
	int err = wt_port_stats(port, &stats);

	if (!err)
		printf("%s: %" PRIu64 " received, %" PRIu64 " refused, "
		       "%zu of %zu bytes queued\n",
		       name, stats.received, stats.refused, stats.queued,
		       stats.limit);
	return err;
}

int main(void)
{
	wt_port *a, *b;
	wt_message message;
	char block[100] = "a hundred bytes";
	int err;

	err = wt_channel_create(&a, &b, WT_CHANNEL_OPTIONS(.limit = 1024));
	if (err)
		return 1;

	/* Until one finds no room. */
	while ((err = wt_port_post(a, block, sizeof block)) == 0)
		continue;
	printf("%s\n", wt_err_name(err));

	/* Two are read, and their room is given back. */
	for (int i = 0; i < 2; i++) {
		err = wt_port_receive(b, &message, WT_NOW);
		wt_message_release(&message);
	}
	if (!err)
		err = show("a", a);
	if (!err)
		err = show("b", b);
	wt_port_close(a);
	wt_port_close(b);
	return err != 0;
}
