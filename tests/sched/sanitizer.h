/* SPDX-License-Identifier: MIT
 *
 * Whether this is built for AddressSanitizer, which gcc and clang say in
 * different ways.
 */
#ifndef SCHED_SANITIZER_H
#define SCHED_SANITIZER_H

#if defined(__SANITIZE_ADDRESS__)
#define SCHED_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SCHED_ADDRESS_SANITIZER 1
#endif
#endif

#endif
