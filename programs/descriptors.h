/* SPDX-License-Identifier: MIT
 *
 * Standard input, output and error, where the caller has closed them.
 */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

/*
 * Keep the three numbers from being those of other files: reading from one
 * that is closed, or writing to it, fails with EBADF as it should. Before
 * anything is opened.
 */
void descriptors_reserve(void);

#endif
