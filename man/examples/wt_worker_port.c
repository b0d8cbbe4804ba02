/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <wt.h>

/* Answers each message, until an empty one. */
static int upper(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	char word[32];
	int err;

	for (;;) {
		err = wt_port_receive(parent, &message, WT_FOREVER);
		if (err || message.size == 0)
			return err;
		if (message.size > sizeof word)
			return WT_EMSGSIZE;
		memcpy(word, message.data, message.size);
		for (size_t i = 0; i < message.size; i++)
			word[i] = (char)toupper((unsigned char)word[i]);
		err = wt_port_post(parent, word, message.size);
		if (err)
			return err;
	}
}

static int converse(wt_worker *worker)
{
	static const char *const words[] = { "no", "loop", "here", NULL };
	wt_message answer;
	int err;

	for (int i = 0; words[i]; i++) {
		err = wt_worker_post(worker, words[i], strlen(words[i]));
		if (err)
			return err;
		err = wt_port_receive(wt_worker_port(worker), &answer,
				      wt_after_ms(5000));
		if (err)
			return err;
		printf("%.*s\n", (int)answer.size,
		       (const char *)answer.data);
	}
	return wt_worker_post(worker, NULL, 0);
}

int main(void)
{
	wt_worker *worker;
	int code = 0;
	int err = wt_worker_create(&worker, upper, NULL, 0, NULL);

	if (!err)
		err = converse(worker);
	if (!err)
		err = wt_worker_join(worker, &code, wt_after_ms(5000));
	if (err || code)
		fprintf(stderr, "upper: error %d, code %d\n", err, code);
	wt_worker_destroy(worker);
	return err || code;
}
