/* SPDX-License-Identifier: MIT
 *
 * Where the documents come from: the lines of a file, or made up. Main only.
 */
#ifndef JSON_DOCUMENTS_H
#define JSON_DOCUMENTS_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

struct json_documents {
	/* Lines: */
	FILE *file; /* NULL: made up */
	char *text; /* of the last line, without its end */
	size_t room;

	/* Made up: */
	uint32_t count; /* so many */
	size_t size;    /* each encoded in about so many bytes */

	uint32_t line; /* the number of the last one, from 1 on */
};

/* One of them: either as it is written, or the document. */
struct json_item {
	const char *text; /* until the next item */
	size_t size;
	json_t *document; /* the receiver's; NULL where there is text */
	uint32_t line;
};

/* The next line that is not blank, or document. Returns 1; 0 after the last; a negative errno. */
int json_documents_next(struct json_documents *documents, struct json_item *item);

/* The made-up document of this line; NULL without memory. The caller's. */
json_t *json_documents_made(const struct json_documents *documents, uint32_t line);

void json_documents_free(struct json_documents *documents);

#endif
