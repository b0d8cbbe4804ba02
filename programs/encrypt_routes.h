/* SPDX-License-Identifier: MIT
 *
 * What encrypt_server has at which path.
 */
#ifndef ENCRYPT_ROUTES_H
#define ENCRYPT_ROUTES_H

#include "encrypt_request.h"

/* Give the request its route, or the refusal for a path that is not there or a method that it does not take. */
void encrypt_routes_choose(struct encrypt_request *request, const char *path, const char *method);

#endif
