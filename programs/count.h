/* SPDX-License-Identifier: MIT
 *
 * Numbers in options.
 */
#ifndef COUNT_H
#define COUNT_H

#include <stdbool.h>

/* Whether `text` is a decimal number in these limits, and nothing else; it goes to *count. */
bool count_parse(const char *text, unsigned long least, unsigned long most, unsigned long *count);

#endif
