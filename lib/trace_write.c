/* SPDX-License-Identifier: MIT */
#include "trace_write.h"

#include <inttypes.h>
#include <unistd.h>

#include "os.h"
#include "trace_file.h"
#include "trace_flow.h"

enum {
	WRITE_MOMENT = 1000, /* ns that a moment is drawn for, unless something follows sooner */
	WRITE_DEPTH = 64     /* slices within each other whose ends are named */
};

static const char *const write_name[WTI_TRACE_KINDS] = {
	[WTI_TRACE_ENTRY] = "entry",   [WTI_TRACE_HANDLER] = "handler", [WTI_TRACE_TASK] = "task",
	[WTI_TRACE_WAIT] = "wait",     [WTI_TRACE_PARK] = "park",       [WTI_TRACE_CREATE] = "create",
	[WTI_TRACE_POST] = "post",     [WTI_TRACE_RECEIVE] = "receive", [WTI_TRACE_SUBMIT] = "submit",
};

static const char *const write_category[] = {
	[WTI_FLOW_NONE] = "wait",
	[WTI_FLOW_MESSAGE] = "message",
	[WTI_FLOW_TASK] = "task",
	[WTI_FLOW_WORKER] = "worker",
};

/* Of the track that is being written. */
struct writing {
	const struct wti_track *track;
	const struct wti_flows *flows;
	uint64_t tid;  /* as the file has it: 0 is no thread's there */
	int64_t last;  /* when its latest event was over */
	unsigned open; /* slices */
	const struct wti_event *begun[WRITE_DEPTH]; /* the first of those */
};

/* ---- One event ---- */

static void write_begin(const char *phase, const struct writing *w, int64_t at)
{
	wti_trace_file_print(",\n{\"ph\":\"%s\",\"pid\":%ld,\"tid\":%" PRIu64 ",\"ts\":%" PRId64 ".%03d", phase,
			     (long)getpid(), w->tid, at / 1000, (int)(at % 1000));
}

/* How long the moment is drawn: it shall not reach into what follows. */
static int64_t write_moment(const struct wti_event *event, const struct wti_event *next)
{
	int64_t span = next ? next->at - event->at : WRITE_MOMENT;

	if (span < 1)
		return 1;
	return span < WRITE_MOMENT ? span : WRITE_MOMENT;
}

static void write_arguments(const struct wti_event *event, const struct wti_flow *flow)
{
	wti_trace_file_print(",\"args\":{");
	if (wti_flow_family(event) == WTI_FLOW_MESSAGE)
		wti_trace_file_print("\"queue\":%" PRIu32, event->object);
	else if (wti_flow_family(event) == WTI_FLOW_WORKER)
		wti_trace_file_print("\"worker\":%" PRIu64, event->id);
	else if (wti_flow_family(event) == WTI_FLOW_TASK)
		wti_trace_file_print("\"task\":\"%" PRIx64 "/%" PRIu32 "\"", event->id, event->object);
	if (event->kind == WTI_TRACE_HANDLER || event->kind == WTI_TRACE_RECEIVE)
		wti_trace_file_print(",\"size\":%" PRId64, event->value);
	if (flow && flow->arrives)
		wti_trace_file_print(",\"%s_us\":%" PRId64 ".%03d", event->kind == WTI_TRACE_TASK ? "queued" : "waited",
				     flow->span / 1000, (int)(flow->span % 1000));
	wti_trace_file_print("}");
}

static void write_arrow(const struct writing *w, const struct wti_event *event, bool arrives, uint64_t number)
{
	const char *category = write_category[wti_flow_family(event)];

	write_begin(arrives ? "f" : "s", w, event->at);
	wti_trace_file_print("%s,\"cat\":\"%s\",\"name\":\"%s\",\"id\":%" PRIu64 "}", arrives ? ",\"bp\":\"e\"" : "",
			     category, category, number);
}

static void write_arrows(const struct writing *w, const struct wti_event *event, const struct wti_flow *flow)
{
	for (uint64_t i = 0; i < flow->count; i++)
		write_arrow(w, event, flow->arrives, flow->number + i);
}

static void write_name_of(const struct wti_event *event)
{
	const char *what = event->kind == WTI_TRACE_WAIT ? (const char *)(uintptr_t)event->id : NULL;

	if (what)
		wti_trace_file_print("\"wait: %s\"", what);
	else
		wti_trace_file_print("\"%s\"", write_name[event->kind]);
}

/* An end has the name of its beginning, by which viewers pair them. */
static void write_end(struct writing *w, int64_t at, int64_t result)
{
	if (!w->open)
		return;
	w->open--;
	write_begin("E", w, at);
	if (w->open < WRITE_DEPTH) {
		wti_trace_file_print(",\"name\":");
		write_name_of(w->begun[w->open]);
	}
	wti_trace_file_print(",\"args\":{\"result\":%" PRId64 "}}", result);
}

static void write_open(struct writing *w, const struct wti_event *event)
{
	if (w->open < WRITE_DEPTH)
		w->begun[w->open] = event;
	w->open++;
}

static void write_event(struct writing *w, const struct wti_event *event, const struct wti_event *next)
{
	struct wti_flow found;
	bool flows = wti_flows_find(w->flows, w->track, event, &found);
	bool slice = event->kind < WTI_TRACE_END;

	w->last = event->at;
	if (event->kind == WTI_TRACE_END) {
		write_end(w, event->at, event->value);
		return;
	}
	if (slice)
		write_open(w, event);
	write_begin(slice ? "B" : "X", w, event->at);
	if (!slice) {
		int64_t span = write_moment(event, next);

		w->last += span;
		wti_trace_file_print(",\"dur\":%" PRId64 ".%03d", span / 1000, (int)(span % 1000));
	}
	wti_trace_file_print(",\"cat\":\"%s\",\"name\":", write_category[wti_flow_family(event)]);
	write_name_of(event);
	write_arguments(event, flows ? &found : NULL);
	wti_trace_file_print("}");
	if (flows)
		write_arrows(w, event, &found);
}

/* ---- One track ---- */

static void write_head(const struct writing *w, const struct wti_track *track)
{
	wti_trace_file_print(",\n{\"ph\":\"M\",\"pid\":%ld,\"tid\":%" PRIu64 ",\"name\":\"thread_name\",\"args\":{\"name\":",
			     (long)getpid(), w->tid);
	if (track->name[0])
		wti_trace_file_quote(track->name);
	else
		wti_trace_file_print("\"thread-%" PRIu64 "\"", track->id);
	wti_trace_file_print("}},\n{\"ph\":\"M\",\"pid\":%ld,\"tid\":%" PRIu64
			     ",\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":%" PRIu64 "}}",
			     (long)getpid(), w->tid, w->tid);
}

static void write_track(const struct wti_track *track, const struct wti_flows *flows, int64_t now)
{
	struct writing w = { .track = track, .flows = flows, .tid = track->id + 1 };
	struct wti_track_place place = wti_track_begin(track);
	const struct wti_event *event = wti_track_next(&place);

	write_head(&w, track);
	while (event) {
		const struct wti_event *next = wti_track_next(&place);

		write_event(&w, event, next);
		event = next;
	}
	/* What its thread is in the middle of; of one that is full nobody knows how that went on. */
	while (w.open)
		write_end(&w, wti_load(&track->dropped) || now < w.last ? w.last : now, 0);
}

/* ---- The file ---- */

static uint64_t write_look(struct wti_track *tracks)
{
	uint64_t dropped = 0;

	for (struct wti_track *track = tracks; track; track = track->next) {
		track->seen = wti_track_count(track);
		dropped += wti_load(&track->dropped);
	}
	return dropped;
}

void wti_trace_write(void)
{
	struct wti_track *tracks = wti_tracks();
	uint64_t dropped = write_look(tracks);
	int64_t now = wti_os->clock();
	struct wti_flows flows;

	if (wti_trace_file_open() != 0)
		return;
	wti_flows_make(&flows, tracks);
	wti_trace_file_print("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"dropped_events\":%" PRIu64
			     ",\"missing_threads\":%" PRIu64 "},\"traceEvents\":[\n"
			     "{\"ph\":\"M\",\"pid\":%ld,\"name\":\"process_labels\",\"args\":{\"labels\":\"libwt\"}}",
			     dropped, wti_tracks_missing(), (long)getpid());
	for (const struct wti_track *track = tracks; track; track = track->next)
		write_track(track, &flows, now);
	wti_trace_file_print("\n]}\n");
	wti_flows_free(&flows);
	(void)wti_trace_file_close();
}
