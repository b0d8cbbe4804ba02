/* SPDX-License-Identifier: MIT
 *
 * What the body of a request to /encrypt says: {"data":"TEXT"}. Any thread.
 */
#ifndef ENCRYPT_BODY_H
#define ENCRYPT_BODY_H

#include <jansson.h>
#include <stddef.h>

#define ENCRYPT_REASON_SIZE (JSON_ERROR_TEXT_LENGTH + 64)

struct encrypt_body {
	const char *text; /* to be hashed: in the document, or in the body as it came */
	size_t size;
	json_t *document; /* NULL where the body needed no parsing */
};

/* Read the body, which must stay until encrypt_body_forget. Returns 0; -1 with the reason. */
int encrypt_body_read(struct encrypt_body *body, const char *json, size_t size, char reason[ENCRYPT_REASON_SIZE]);
void encrypt_body_forget(struct encrypt_body *body);

#endif
