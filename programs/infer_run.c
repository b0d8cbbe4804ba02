/* SPDX-License-Identifier: MIT
 *
 * The main thread reads lines and cuts them into batches, which move to the
 * workers of a pool. A worker, with a network of its own, reads the numbers
 * and answers with the outputs; these are printed in the order of the samples.
 */
#include "infer.h"

#include "inorder.h"
#include "infer_data.h"
#include "infer_model.h"
#include "progress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a worker is told of a batch, beside its text. */
struct job {
	size_t samples;
	size_t line;
	size_t outputs; /* in the data: those of the network, or 0 */
};

/* What it answers, beside the outputs. */
struct answer {
	size_t samples;
	size_t right;
};

struct run {
	const struct options *options;
	struct data_file data;
	size_t classes;
	struct inorder inorder;
	struct progress progress;
	struct answer total;
};

/* ---- in the workers ---- */

static int load_network(void **state, const void *data, size_t size)
{
	const char *reason;

	*state = model_load(data, &reason);
	return *state ? 0 : -EIO;
}

static void free_network(void *state)
{
	fann_destroy(state);
}

/* A batch that is being worked on. */
struct batch {
	struct fann *network;
	size_t inputs;
	size_t classes;
	const struct job *job;
	struct data_cursor cursor;
	float *line; /* room for the numbers of one */
	struct answer answer;
	char problem[DATA_PROBLEM_SIZE];
};

static int run_sample(struct batch *batch, float *outputs)
{
	if (data_numbers(&batch->cursor, batch->line, batch->inputs, batch->problem))
		return -1;
	memcpy(outputs, fann_run(batch->network, batch->line), batch->classes * sizeof *outputs);
	if (!batch->job->outputs)
		return 0;
	if (data_numbers(&batch->cursor, batch->line, batch->classes, batch->problem))
		return -1;
	batch->answer.right += infer_class(outputs, batch->classes) == infer_class(batch->line, batch->classes);
	return 0;
}

static int run_samples(struct batch *batch, float *outputs)
{
	size_t longest = batch->inputs > batch->classes ? batch->inputs : batch->classes;
	int err = 0;

	batch->line = malloc(longest * sizeof *batch->line);
	if (!batch->line)
		return WT_ENOMEM;
	for (; batch->answer.samples < batch->job->samples && !err; batch->answer.samples++)
		err = run_sample(batch, outputs + batch->answer.samples * batch->classes);
	free(batch->line);
	return err ? -EBADMSG : 0;
}

/* The outputs, or what is wrong with the text. */
static int reply_batch(wt_task *task, const struct batch *batch, wt_buffer **outputs, int result)
{
	const wt_transfer list[] = { WT_MOVE(outputs) };
	int err;

	if (result)
		err = wt_task_reply(task, &(wt_outgoing){ .data = batch->problem, .size = strlen(batch->problem) + 1 });
	else
		err = wt_task_reply(task, &(wt_outgoing){ .data = &batch->answer, .size = sizeof batch->answer,
							  .transfer = list, .transfer_count = 1 });
	return err ? err : result;
}

static int run_batch(wt_task *task, wt_message *input, void *state)
{
	struct batch batch = {
		.network = state, .inputs = fann_get_num_input(state), .classes = fann_get_num_output(state),
		.job = input->data,
	};
	wt_buffer *text = NULL, *outputs = NULL;
	int err = wt_message_take_buffer(input, 0, &text);

	if (!err)
		err = wt_buffer_create(&outputs, batch.job->samples * batch.classes * sizeof(float));
	if (!err) {
		batch.cursor = (struct data_cursor){ wt_buffer_data(text), batch.job->line };
		err = run_samples(&batch, wt_buffer_data(outputs));
		err = reply_batch(task, &batch, &outputs, err);
	}
	wt_buffer_destroy(text);
	wt_buffer_destroy(outputs); /* NULL when they have moved */
	return err;
}

/* ---- in the main thread ---- */

static int complain(struct run *run, const char *name, const char *problem)
{
	progress_hide(&run->progress);
	return infer_complain(name, problem);
}

static void print_outputs(const struct run *run, const float *outputs, size_t samples)
{
	for (size_t i = 0; i < samples; i++, outputs += run->classes) {
		printf("%zu", infer_class(outputs, run->classes));
		for (size_t k = 0; run->options->outputs && k < run->classes; k++)
			printf(" %a", (double)outputs[k]);
		putchar('\n');
	}
}

static int print_answer(struct run *run, wt_message *reply)
{
	const struct answer *answer = reply->data;
	wt_buffer *outputs;
	int err = wt_message_take_buffer(reply, 0, &outputs);

	if (err)
		return complain(run, "answer", wt_strerror(err));
	progress_hide(&run->progress); /* both may be on one terminal */
	print_outputs(run, wt_buffer_data(outputs), answer->samples);
	run->total.samples += answer->samples;
	run->total.right += answer->right;
	progress_add(&run->progress, answer->samples);
	wt_buffer_destroy(outputs);
	return 0;
}

/* Wait for the oldest batch, and print what it gives. */
static int print_oldest(struct run *run)
{
	wt_message reply;
	void *tag;
	int result, code;
	int err = inorder_peek(&run->inorder, &result, &reply, &tag);

	if (err)
		return complain(run, "pool", wt_strerror(err));
	if (!result)
		code = print_answer(run, &reply);
	else
		code = complain(run, run->options->data, result == -EBADMSG ? reply.data : wt_strerror(result));
	inorder_pop(&run->inorder);
	return code;
}

static void free_text(void *bytes, void *arg)
{
	free(bytes);
}

/* The text is gone when this returns. */
static int submit(struct run *run, const struct data_text *text)
{
	const struct job job = { text->samples, text->line, run->data.shape.outputs };
	wt_buffer *buffer;
	int err = wt_buffer_wrap(&buffer, text->bytes, text->size + 1, free_text, NULL);

	if (err) {
		free(text->bytes);
		return complain(run, "pool", wt_strerror(err));
	}
	const wt_transfer list[] = { WT_MOVE(&buffer) };
	const wt_outgoing input = { .data = &job, .size = sizeof job, .transfer = list, .transfer_count = 1 };

	err = inorder_submit(&run->inorder, &input, NULL);
	wt_buffer_destroy(buffer);
	return err ? complain(run, "pool", wt_strerror(err)) : 0;
}

static int run_data(struct run *run)
{
	char problem[DATA_PROBLEM_SIZE];
	struct data_text text;
	int code = 0, bad = 0;

	while (!code) {
		bad = data_next(&run->data, run->options->batch, &text, problem);
		if (bad || !text.samples)
			break;
		if (inorder_full(&run->inorder))
			code = print_oldest(run);
		if (code)
			free(text.bytes);
		else
			code = submit(run, &text);
	}
	while (!code && run->inorder.count)
		code = print_oldest(run);
	return !code && bad ? complain(run, run->options->data, problem) : code;
}

static int finish(struct run *run, wt_time begin)
{
	double seconds = (double)(wt_now() - begin) / 1e9;

	progress_hide(&run->progress);
	if (fflush(stdout) || ferror(stdout)) /* after a write that failed, a later one may not */
		return infer_complain("standard output", strerror(errno));
	if (run->data.shape.outputs && run->total.samples)
		fprintf(stderr, "infer: accuracy %.2f %% (%zu of %zu)\n",
			100.0 * (double)run->total.right / (double)run->total.samples, run->total.right,
			run->total.samples);
	fprintf(stderr, "infer: %.0f samples/s\n", (double)run->total.samples / seconds);
	return 0;
}

static int run_pool(struct run *run)
{
	const char *model = run->options->model;
	wt_time begin = wt_now();
	int code, err = inorder_init(&run->inorder, run_batch,
				     WT_POOL_OPTIONS(.name = "infer", .min_workers = run->options->workers,
						     .init = load_network, .fini = free_network, .data = model,
						     .data_size = strlen(model) + 1));

	if (err)
		return infer_complain("pool", wt_strerror(err));
	progress_begin(&run->progress, "infer run", run->data.shape.samples);
	code = run_data(run);
	if (!code)
		code = finish(run, begin);
	inorder_free(&run->inorder);
	return code;
}

static int check_shape(const struct run *run, struct fann *network)
{
	const struct data_shape *shape = &run->data.shape;
	size_t inputs = fann_get_num_input(network);
	char problem[DATA_PROBLEM_SIZE];

	if (run->classes < 2)
		return infer_complain(run->options->model, "less than two outputs are no classes");
	if (shape->inputs == inputs && (shape->outputs == run->classes || !shape->outputs))
		return 0;
	snprintf(problem, sizeof problem, "%zu inputs and %zu outputs; the model has %zu and %zu", shape->inputs,
		 shape->outputs, inputs, run->classes);
	return infer_complain(run->options->data, problem);
}

int infer_run(const struct options *options)
{
	struct run run = { .options = options };
	char problem[DATA_PROBLEM_SIZE];
	const char *reason;
	struct fann *network = model_load(options->model, &reason);
	int code;

	if (!network)
		return infer_complain(options->model, reason);
	run.classes = fann_get_num_output(network);
	if (data_open(&run.data, options->data, problem)) {
		fann_destroy(network);
		return infer_complain(options->data, problem);
	}
	code = check_shape(&run, network);
	fann_destroy(network);
	if (!code)
		code = run_pool(&run);
	data_close(&run.data);
	return code;
}
