/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

static void heard(wt_broadcast *broadcast, wt_message *message, void *arg)
{
	int *left = arg;

	printf("%.*s\n", (int)message->size, (const char *)message->data);
	if (--*left == 0)
		wt_broadcast_close(broadcast);
}

int main(void)
{
	static const char *const words[] = { "one", "two", "three" };
	wt_broadcast *speaker, *listener;
	int left = 2;
	int err = wt_broadcast_open(&speaker, "words", 5, NULL);

	if (err)
		return 1;
	wt_broadcast_unref(speaker); /* it does not wait for anything */
	err = wt_broadcast_open(&listener, "words", 5, NULL);
	if (!err) {
		wt_broadcast_on_message(listener, heard, &left);
		for (int i = 0; i < 3 && !err; i++)
			err = wt_broadcast_post(speaker, words[i],
						i < 2 ? 3 : 5);
		if (!err)
			err = wt_run(); /* until the listener is closed */
	}
	wt_broadcast_close(speaker);
	return err != 0;
}
