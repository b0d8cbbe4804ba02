/* SPDX-License-Identifier: MIT
 *
 * libwt in a GLib main context, also below GTK. Two files to copy: wt_glib.h
 * and wt_glib.c.
 *
 * The handlers of this thread's workers, ports and timers are called by the
 * context's loop. A main loop of GLib does not end by itself: a function is
 * called when libwt has nothing more to wait for, which may quit it.
 */
#ifndef WT_GLIB_H
#define WT_GLIB_H

#include <glib.h>

G_BEGIN_DECLS

/*
 * `alive` has become FALSE: nothing of libwt is ref'd any more, or this thread
 * is a worker that is to end; or it has become TRUE again. With a main loop,
 * FALSE is the moment for g_main_loop_quit; with a GApplication, FALSE is for
 * g_application_release, TRUE for g_application_hold.
 */
typedef void wt_glib_fn(gboolean alive, gpointer data);

/*
 * Attach to the context, NULL for the default one, which this thread runs. It
 * counts as alive at first, so FALSE may be called soon; a GApplication gets
 * a g_application_hold for that. `changed` may be NULL. Detached by
 * g_source_remove, for the default context, or
 * g_source_destroy(g_main_context_find_source_by_id(...)).
 *
 * Returns the source's id; 0 if libwt has no descriptor for this thread.
 */
guint wt_glib_attach(GMainContext *context, wt_glib_fn *changed, gpointer data);

G_END_DECLS

#endif
