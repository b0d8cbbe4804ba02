/* SPDX-License-Identifier: MIT
 *
 * Called by check-infer:
 *
 *	check_infer make FILE SAMPLES SEED [unlabelled]
 *	check_infer run MODEL DATA
 *
 * The first writes samples of 64 inputs and 10 classes: digits of 8 by 8
 * pixels, shifted and noisy. The second prints what `infer run -o` should:
 * it reads and runs all by libfann itself, in one thread.
 */
#include <fann.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 8, INPUTS = SIDE * SIDE, CLASSES = 10 };

/* Five by seven pixels of each digit, a row in each byte. */
static const unsigned char digits[CLASSES][7] = {
	{ 0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e }, { 0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e },
	{ 0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f }, { 0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e },
	{ 0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02 }, { 0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e },
	{ 0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e }, { 0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08 },
	{ 0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e }, { 0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c },
};

static uint32_t state;

static unsigned random_below(unsigned limit)
{
	state = state * 1664525 + 1013904223;
	return (unsigned)((uint64_t)(state >> 8) * limit >> 24);
}

static int is_set(unsigned digit, int row, int column)
{
	return row >= 0 && row < 7 && column >= 0 && column < 5 && digits[digit][row] >> (4 - column) & 1;
}

static void write_sample(FILE *file, int labelled)
{
	unsigned digit = random_below(CLASSES);
	int down = (int)random_below(2), right = (int)random_below(3);

	for (int i = 0; i < INPUTS; i++) {
		int set = is_set(digit, i / SIDE - down, i % SIDE - right);

		fprintf(file, "%.4f ", (set ? 0.6 : 0) + random_below(5000) / 10000.0);
	}
	for (unsigned i = 0; i < CLASSES && labelled; i++)
		fprintf(file, "%s%d", i ? " " : "\n", i == digit);
	fputs("\n", file);
}

static int make(const char *name, unsigned long samples, int labelled)
{
	FILE *file = fopen(name, "w");

	if (!file)
		return 1;
	fprintf(file, "%lu %d %d\n", samples, INPUTS, labelled ? CLASSES : 0);
	for (unsigned long i = 0; i < samples; i++)
		write_sample(file, labelled);
	return fclose(file) != 0;
}

static void print_sample(const fann_type *outputs)
{
	unsigned best = 0;

	for (unsigned i = 1; i < CLASSES; i++)
		if (outputs[i] > outputs[best])
			best = i;
	printf("%u", best);
	for (unsigned i = 0; i < CLASSES; i++)
		printf(" %a", (double)outputs[i]);
	printf("\n");
}

static int run(const char *model, const char *name)
{
	struct fann *network = fann_create_from_file(model);
	struct fann_train_data *data = fann_read_train_from_file(name);

	if (!network || !data)
		return 1;
	for (unsigned i = 0; i < data->num_data; i++)
		print_sample(fann_run(network, data->input[i]));
	fann_destroy_train(data);
	fann_destroy(network);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 5 && !strcmp(argv[1], "make")) {
		state = (uint32_t)strtoul(argv[4], NULL, 10);
		return make(argv[2], strtoul(argv[3], NULL, 10), argc == 5);
	}
	return argc == 4 && !strcmp(argv[1], "run") ? run(argv[2], argv[3]) : 2;
}
