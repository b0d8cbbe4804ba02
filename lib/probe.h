/* SPDX-License-Identifier: MIT
 *
 * Static probes (USDT, provider libwt), for bpftrace, perf and systemtap: a
 * nop each, and a note in the binary that says where it is and where its
 * arguments are. They stand where a timeline has its events (trace.h);
 * wt_trace(7) lists them. Without systemtap's header they are nothing.
 */
#ifndef WTI_PROBE_H
#define WTI_PROBE_H

#ifdef HAVE_SYS_SDT_H
#include <sys/sdt.h>
#ifdef __clang__ /* which holds it against who expands that header's macros, of which some leave their "..." empty */
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#endif
#define WTI_PROBE1(name, a)       DTRACE_PROBE1(libwt, name, a)
#define WTI_PROBE2(name, a, b)    DTRACE_PROBE2(libwt, name, a, b)
#define WTI_PROBE3(name, a, b, c) DTRACE_PROBE3(libwt, name, a, b, c)
#else
#define WTI_PROBE1(name, a)       ((void)(a))
#define WTI_PROBE2(name, a, b)    ((void)(a), (void)(b))
#define WTI_PROBE3(name, a, b, c) ((void)(a), (void)(b), (void)(c))
#endif

#endif
