/* SPDX-License-Identifier: MIT
 *
 * What went wrong with a file, in one line on stderr. One thread.
 */
#ifndef COMPLAIN_H
#define COMPLAIN_H

/* "PROGRAM: NAME: what the error means". A WT_E number, or the negative of an errno. */
void complain(const char *name, int err);

#endif
