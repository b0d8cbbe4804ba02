/* SPDX-License-Identifier: MIT */
#include "wt_glib.h"

#include <wt.h>

struct glib_source {
	GSource source;
	gpointer tag; /* of the descriptor */
	gboolean alive;
	wt_glib_fn *changed;
	gpointer data;
};

static gboolean glib_has_changed(GSource *source)
{
	struct glib_source *glue = (struct glib_source *)source;

	return glue->alive != !!wt_loop_alive();
}

/* Before the context waits. */
static gboolean glib_prepare(GSource *source, gint *timeout)
{
	*timeout = -1;
	return glib_has_changed(source);
}

static gboolean glib_check(GSource *source)
{
	struct glib_source *glue = (struct glib_source *)source;

	return g_source_query_unix_fd(source, glue->tag) || glib_has_changed(source);
}

static void glib_tell(struct glib_source *glue, gboolean alive)
{
	if (glue->alive == alive)
		return;
	glue->alive = alive;
	if (glue->changed)
		glue->changed(alive, glue->data);
}

static gboolean glib_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	struct glib_source *glue = (struct glib_source *)source;

	(void)callback;
	(void)data;
	if (wt_run_once(WT_NOW) == WT_ETERMINATED)
		glib_tell(glue, FALSE);
	else
		glib_tell(glue, wt_loop_alive());
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs glib_functions = {
	.prepare = glib_prepare,
	.check = glib_check,
	.dispatch = glib_dispatch,
};

guint wt_glib_attach(GMainContext *context, wt_glib_fn *changed, gpointer data)
{
	struct glib_source *glue;
	GSource *source;
	guint id;
	int fd;

	if (wt_loop_fd(&fd))
		return 0;
	source = g_source_new(&glib_functions, sizeof *glue);
	g_source_set_name(source, "libwt");
	glue = (struct glib_source *)source;
	glue->tag = g_source_add_unix_fd(source, fd, G_IO_IN);
	glue->alive = TRUE;
	glue->changed = changed;
	glue->data = data;
	id = g_source_attach(source, context);
	g_source_unref(source);
	return id;
}
