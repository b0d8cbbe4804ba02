/* SPDX-License-Identifier: MIT
 *
 * Error numbers, and the reading of options structs that grow from version to
 * version: the caller's `size`, first in each of them, says which fields it
 * knew. Fields that it did not know are zero, their default; fields that this
 * library does not know must be zero, else the caller is told (WT_E2BIG).
 * Snapshots are the same the other way.
 */
#ifndef WTI_ERROR_H
#define WTI_ERROR_H

#include <stddef.h>
#include <wt/error.h>

/* No options struct grows beyond this: a larger size is a mistake, not a version. */
#define WTI_OPTIONS_MAX 4096

/* Fill `to`, `known` bytes, from the caller's options (NULL: all defaults). 0, WT_EINVAL or WT_E2BIG. */
int wti_options_read(void *to, size_t known, const void *options);

/* Fill a snapshot whose `size`, its first field, the caller has set, from one of `known` bytes. 0 or WT_EINVAL. */
int wti_snapshot_write(void *to, const void *from, size_t known);

#endif
