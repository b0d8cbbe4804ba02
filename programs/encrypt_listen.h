/* SPDX-License-Identifier: MIT
 *
 * The socket on which encrypt_server listens.
 */
#ifndef ENCRYPT_LISTEN_H
#define ENCRYPT_LISTEN_H

/* Long enough for "http://[address%interface]:port". */
#define ENCRYPT_URL_SIZE 128

/* A listening socket and the URL under which it is reached; -1 after it said on stderr what went wrong. */
int encrypt_listen(const char *address, unsigned port, char url[ENCRYPT_URL_SIZE]);

#endif
