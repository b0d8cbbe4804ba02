/* SPDX-License-Identifier: MIT
 *
 * File names in messages, as a shell would take them: as they are where that
 * is the same, in quotes otherwise. So nothing in a name reaches a terminal
 * but letters. One thread.
 */
#ifndef QUOTED_H
#define QUOTED_H

/* Until the next call. */
const char *quoted(const char *name);

#endif
