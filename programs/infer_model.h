/* SPDX-License-Identifier: MIT
 *
 * Networks in libfann's files.
 */
#ifndef INFER_MODEL_H
#define INFER_MODEL_H

#include <fann.h>

/* Load a network. NULL, with the reason (which lasts), when the file has none. Any thread. */
struct fann *model_load(const char *name, const char **reason);

/* Save it; the file is replaced only when all is written. Returns 0, or -1 with the reason. */
int model_save(struct fann *network, const char *name, const char **reason);

#endif
