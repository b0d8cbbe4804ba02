/* SPDX-License-Identifier: MIT */
#include "infer.h"

#include "infer_data.h"
#include "infer_model.h"
#include "progress.h"

#include <stdlib.h>

/* Training is done when the outputs are as near as that to what they should be, in the mean of the squares. */
#define ERROR_WANTED 0.0005F

#define WEIGHT_FIRST 0.1F

static int read_samples(const struct data_text *text, struct fann_train_data *data, char *problem)
{
	struct data_cursor cursor = { text->bytes, text->line };
	int err = 0;

	for (size_t i = 0; i < text->samples && !err; i++) {
		err = data_numbers(&cursor, data->input[i], data->num_input, problem);
		if (!err)
			err = data_numbers(&cursor, data->output[i], data->num_output, problem);
	}
	return err;
}

/* All of an open file. */
static struct fann_train_data *read_data(struct data_file *file, char *problem)
{
	const struct data_shape *shape = &file->shape;
	struct fann_train_data *data = NULL;
	struct data_text text, rest;

	if (data_next(file, shape->samples, &text, problem))
		return NULL;
	if (!text.samples || shape->outputs < 2)
		snprintf(problem, DATA_PROBLEM_SIZE, "nothing to learn: no samples, or less than two outputs");
	else if (!data_next(file, 1, &rest, problem))
		data = fann_create_train((unsigned)text.samples, (unsigned)shape->inputs, (unsigned)shape->outputs);
	if (data && read_samples(&text, data, problem)) {
		fann_destroy_train(data);
		data = NULL;
	}
	free(text.bytes);
	return data;
}

static struct fann_train_data *load_data(const char *name)
{
	char problem[DATA_PROBLEM_SIZE] = "out of memory";
	struct fann_train_data *data = NULL;
	struct data_file file;

	if (!data_open(&file, name, problem)) {
		data = read_data(&file, problem);
		data_close(&file);
	}
	if (!data)
		infer_complain(name, problem);
	return data;
}

/* libfann takes the first weights from rand, after a seed of its own. */
static struct fann *create_network(const struct options *options, const struct fann_train_data *data)
{
	unsigned layers[] = { data->num_input, options->hidden, data->num_output };
	struct fann *network = fann_create_standard_array(3, layers);

	if (!network)
		return NULL;
	fann_set_activation_function_hidden(network, FANN_SIGMOID_SYMMETRIC);
	fann_set_activation_function_output(network, FANN_SIGMOID);
	srand(options->seed);
	fann_randomize_weights(network, -WEIGHT_FIRST, WEIGHT_FIRST);
	return network;
}

static void train(struct fann *network, struct fann_train_data *data, const struct options *options)
{
	struct progress progress;
	float error = 1;
	unsigned epoch = 0;

	progress_begin(&progress, "infer train", options->epochs);
	for (; epoch < options->epochs && error > ERROR_WANTED; epoch++) {
		error = fann_train_epoch(network, data);
		progress_add(&progress, 1);
	}
	progress_hide(&progress);
	fprintf(stderr, "infer: mean square error %.6f after %u epochs\n", (double)error, epoch);
}

int infer_train(const struct options *options)
{
	struct fann_train_data *data = load_data(options->data);
	struct fann *network;
	const char *reason = "out of memory";
	int code = 0;

	if (!data)
		return 1;
	network = create_network(options, data);
	if (network)
		train(network, data, options);
	if (!network || model_save(network, options->model, &reason))
		code = infer_complain(options->model, reason);
	if (network)
		fann_destroy(network);
	fann_destroy_train(data);
	return code;
}
