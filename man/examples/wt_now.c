/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

int main(void)
{
	wt_port *a, *b;
	wt_message message;
	wt_time begin = wt_now();
	wt_time deadline = wt_after_ms(50);
	int err = wt_channel_create(&a, &b, NULL);

	if (err)
		return 1;

	/* Both waits end at the same moment. */
	for (int i = 0; i < 2; i++) {
		err = wt_port_receive(b, &message, deadline);
		printf("%s\n", wt_err_name(err));
	}
	printf("%s\n", wt_now() - begin >= 50000000 ? "on time" : "early");

	wt_port_close(a);
	wt_port_close(b);
	return 0;
}
