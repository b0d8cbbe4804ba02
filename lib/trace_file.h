/* SPDX-License-Identifier: MIT
 *
 * The file of a timeline. It is made when it is chosen, empty, which proves
 * that it can be; it gets its contents at the process's end, whole: where a
 * write fails, it is empty again. Another process that chooses or writes the
 * same file meanwhile spoils it. Where it is a pipe, its reader can hold the
 * process up, for some seconds in all. One at a time; not synchronised.
 */
#ifndef WTI_TRACE_FILE_H
#define WTI_TRACE_FILE_H

/* 0: `path`, in which %p stands for the process's id, can be written to. Else a negative errno. */
int wti_trace_file_choose(const char *path);

/* Begin with the contents: 0, or a negative errno. */
int wti_trace_file_open(void);

/* More of them, at most some hundred bytes; once a write has failed, nothing. */
void wti_trace_file_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A string in quotation marks, as JSON has it. Bytes that are no UTF-8 become question marks. */
void wti_trace_file_quote(const char *string);

/* They are over: 0, or a negative errno, and the file is empty. */
int wti_trace_file_close(void);

#endif
