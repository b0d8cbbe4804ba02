/* SPDX-License-Identifier: MIT
 *
 * What went wrong, in one line on stderr. One thread. musl has no error().
 */
#ifndef COMPLAIN_H
#define COMPLAIN_H

/* "PROGRAM: NAME: what the error means". A WT_E number, or the negative of an errno. */
void complain(const char *name, int err);

/* "PROGRAM: " and the rest, behind what was printed on stdout. */
__attribute__((format(printf, 1, 2))) void complain_of(const char *format, ...);

#endif
