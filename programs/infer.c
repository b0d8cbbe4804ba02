/* SPDX-License-Identifier: MIT
 *
 * Classifies samples by a neural network on all processors: `infer --help`.
 */
#include "infer.h"

#include "descriptors.h"

#include <fann.h>
#include <stdio.h>

int infer_complain(const char *name, const char *problem)
{
	fprintf(stderr, "infer: %s: %s\n", name, problem);
	return 1;
}

size_t infer_class(const float *outputs, size_t count)
{
	size_t best = 0;

	for (size_t i = 1; i < count; i++)
		if (outputs[i] > outputs[best])
			best = i;
	return best;
}

int main(int argc, char **argv)
{
	struct options options;
	int code;

	descriptors_reserve();
	code = options_read(&options, argc, argv);
	if (code >= 0)
		return code;
	fann_set_error_log(NULL, NULL); /* the program has its own words */
	return options.train ? infer_train(&options) : infer_run(&options);
}
