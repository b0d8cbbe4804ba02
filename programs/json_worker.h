/* SPDX-License-Identifier: MIT
 *
 * The worker: answers each document with one that tells what it is,
 *
 *	{"line":1,"type":"array","depth":1,"values":3,"document":[1,2]}
 *
 * and one that is malformed with what is wrong with it, and goes on:
 *
 *	{"line":2,"error":{"text":"']' expected near end of file","column":3}}
 */
#ifndef JSON_WORKER_H
#define JSON_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <wt.h>

/* The data of the worker. */
struct json_settings {
	bool blocking;           /* receive in turn, instead of a handler and the loop; main does the same */
	uint32_t spoil_requests; /* main cuts each n-th request short; 0: none */
	uint32_t spoil_answers;  /* the worker cuts each n-th answer short; 0: none */
};

wt_entry json_worker;

/* Whether this is a line to be spoiled, where each n-th is. */
bool json_spoils(uint32_t each, uint32_t line);

#endif
