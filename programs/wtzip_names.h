/* SPDX-License-Identifier: MIT
 *
 * What the file is called that comes of another.
 */
#ifndef WTZIP_NAMES_H
#define WTZIP_NAMES_H

#include <stdbool.h>

/* Whether it ends as compressed files do. */
bool wtzip_names_is_compressed(const char *name);

/* The name with a suffix more. To be freed; NULL without memory, as for the next. */
char *wtzip_names_compressed(const char *name);

/* The name with a suffix less; or what was `saved`, if anything, in the same folder. */
char *wtzip_names_expanded(const char *name, const char *saved);

/* What comes after the last slash. */
const char *wtzip_names_last(const char *path);

#endif
