/* SPDX-License-Identifier: MIT
 *
 * Error numbers, and structs that grow from version to version: the caller's
 * `size`, first in each of them, says which fields it knew. In options, fields
 * that it did not know are zero, their default; fields that this library does
 * not know must be zero, else the caller is told (WT_E2BIG). In snapshots,
 * which go the other way, the former are left out, and the latter become zero.
 */
#ifndef WTI_ERROR_H
#define WTI_ERROR_H

#include <stddef.h>
#include <wt/error.h>

/* No options struct grows beyond this: a larger size is a mistake, not a version. */
#define WTI_OPTIONS_MAX 4096

/* Fill `to`, `known` bytes, from the caller's options (NULL: all defaults). 0, WT_EINVAL or WT_E2BIG. */
int wti_options_read(void *to, size_t known, const void *options);

/* Fill the caller's snapshot, but for its size, from `from`, `known` bytes. 0; WT_EINVAL for NULL or a size that cannot be. */
int wti_snapshot_write(void *to, const void *from, size_t known);

#endif
