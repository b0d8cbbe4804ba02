/* SPDX-License-Identifier: MIT */
#include "host.h"

#include <wt.h>

#include "../../examples/loops/wt_glib.h"

static _Thread_local struct {
	GMainContext *context;
	GMainLoop *loop;
	guint glue;
	gboolean alive; /* as the glue has told */
	int timers;
} host;

struct after {
	host_fn *fn;
	void *arg;
};

/* A program that has more than workers to wait for quits when it has neither. */
static void changed(gboolean alive, gpointer data)
{
	(void)data;
	host.alive = alive;
	if (!alive && !host.timers)
		g_main_loop_quit(host.loop);
}

bool host_open(void)
{
	host.context = g_main_context_new();
	host.loop = g_main_loop_new(host.context, FALSE);
	host.alive = TRUE;
	host.glue = wt_glib_attach(host.context, changed, NULL);
	return host.glue != 0;
}

static gboolean expired(gpointer data)
{
	struct after *after = data;

	after->fn(after->arg);
	if (--host.timers == 0 && !wt_loop_alive())
		g_main_loop_quit(host.loop);
	return G_SOURCE_REMOVE;
}

void host_after(int ms, host_fn *fn, void *arg)
{
	struct after *after = g_new(struct after, 1);
	GSource *timer = g_timeout_source_new((guint)ms);

	*after = (struct after){ .fn = fn, .arg = arg };
	host.timers++;
	g_source_set_callback(timer, expired, after, g_free);
	g_source_attach(timer, host.context);
	g_source_unref(timer);
}

void host_run(void)
{
	if (host.timers || host.alive || wt_loop_alive())
		g_main_loop_run(host.loop);
}

void host_close(void)
{
	g_source_destroy(g_main_context_find_source_by_id(host.context, host.glue));
	g_main_loop_unref(host.loop);
	g_main_context_unref(host.context);
}
