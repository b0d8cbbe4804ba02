/* SPDX-License-Identifier: MIT
 *
 * What infer does. Both return the exit code, and say what is wrong.
 */
#ifndef INFER_H
#define INFER_H

#include "infer_options.h"

int infer_train(const struct options *options);
int infer_run(const struct options *options);

/* Say what is wrong with a file. Returns 1. */
int infer_complain(const char *name, const char *problem);

/* The place of the greatest number; of several, the first. */
size_t infer_class(const float *outputs, size_t count);

#endif
