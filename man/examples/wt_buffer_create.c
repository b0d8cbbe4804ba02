/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wt.h>

/* Called once, on the thread that destroys the buffer. */
static void free_text(void *data, void *arg)
{
	printf("%s frees \"%s\"\n", wt_thread_name(), (char *)data);
	free(data);
}

/* A buffer of memory that we have, without a copy. */
static int wrap_text(wt_buffer **buffer, const char *text)
{
	char *memory = strdup(text);
	int err;

	if (!memory)
		return WT_ENOMEM;
	err = wt_buffer_wrap(buffer, memory, strlen(text) + 1,
			     free_text, NULL);
	if (err)
		free(memory); /* still ours */
	return err;
}

static int worker_main(wt_port *parent, const void *data, size_t size)
{
	wt_buffer *text;
	int err = wt_worker_data_take_buffer(0, &text);

	if (!err)
		((char *)wt_buffer_data(text))[0] = 'm';
	wt_buffer_destroy(text);
	return err;
}

static int give_to_worker(wt_buffer **text)
{
	const wt_transfer list[] = { WT_MOVE(text) };
	wt_worker *worker;
	int code = 0;
	int err = wt_worker_create(
		&worker, worker_main, NULL, 0,
		WT_WORKER_OPTIONS(.name = "worker", .transfer = list,
				  .transfer_count = 1));

	if (!err)
		err = wt_worker_join(worker, &code, WT_FOREVER);
	wt_worker_destroy(worker);
	return err ? err : code;
}

int main(void)
{
	wt_buffer *text = NULL, *word = NULL;
	int err = wrap_text(&text, "dove");

	/* What we want to keep, we copy: "ove" and the end. */
	if (!err)
		err = wt_buffer_slice_copy(&word, text, 1, 4);
	if (!err)
		err = give_to_worker(&text);
	if (!err)
		printf("%s has \"%s\", and text is %s\n",
		       wt_thread_name(), (char *)wt_buffer_data(word),
		       text ? "still here" : "NULL");
	wt_buffer_destroy(word);
	wt_buffer_destroy(text); /* NULL, unless something failed */
	return err != 0;
}
