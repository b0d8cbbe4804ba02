/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <wt.h>

int main(void)
{
	wt_port *port;
	int err = wt_channel_create(&port, NULL, NULL);

	/* libwt returns its errors; errno is not involved. */
	printf("%s: %s\n", wt_err_name(err), wt_strerror(err));

	/* The negative of any errno has a text, too. */
	printf("%s\n", wt_strerror(-ENOENT));
	return 0;
}
