/* SPDX-License-Identifier: MIT
 *
 * What was noted becomes a file in the Chrome trace event format.
 */
#ifndef WTI_TRACE_WRITE_H
#define WTI_TRACE_WRITE_H

/* Write it, if that can be; threads may still note meanwhile. Once. */
void wti_trace_write(void);

#endif
