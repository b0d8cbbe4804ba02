/* SPDX-License-Identifier: MIT
 *
 * Standard output, and what it could not take. One thread.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>

/* Whether printing has failed; notes why, the first time. To be called after printing, before errno changes. */
bool output_has_failed(void);

/* At the end: whether all that was printed has gone out. Complains where it has not. */
bool output_is_out(void);

#endif
