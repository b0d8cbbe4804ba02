/* SPDX-License-Identifier: MIT
 *
 * As cksum(1) for one file, in a GLib program: a timer shows how far the
 * worker is, and the main loop quits when the worker has ended.
 *
 *	$ glib LICENSE
 */
#include "cksum.h"
#include "wt_glib.h"

#include <stdio.h>

static gboolean show(gpointer data)
{
	cksum_show(data);
	return G_SOURCE_CONTINUE;
}

static void changed(gboolean alive, gpointer data)
{
	if (!alive)
		g_main_loop_quit(data);
}

int main(int argc, char **argv)
{
	GMainLoop *loop;
	struct cksum cksum;
	guint glue, timer;

	if (argc != 2)
		return fprintf(stderr, "usage: glib FILE\n"), 2;
	loop = g_main_loop_new(NULL, FALSE);
	glue = wt_glib_attach(NULL, changed, loop);
	if (!glue)
		return fprintf(stderr, "glib: no descriptor\n"), 1;
	if (cksum_start(&cksum, argv[1]))
		return 1;
	timer = g_timeout_add(50, show, &cksum);
	g_main_loop_run(loop);

	g_source_remove(timer);
	g_source_remove(glue);
	g_main_loop_unref(loop);
	return cksum_finish(&cksum);
}
