/* SPDX-License-Identifier: MIT
 *
 * Text that is to be UTF-8, and may not be. Any thread.
 */
#ifndef UTF8_H
#define UTF8_H

/* Puts a '?' in the place of each byte that is no part of a character. JSON takes what is left. */
void utf8_mend(char *text);

#endif
