/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum {
	PROGRESS_FIRST_MS = 500,
	PROGRESS_EVERY_MS = 100,
	PROGRESS_CELLS = 40
};

void progress_begin(struct progress *progress, const char *what, uint64_t total)
{
	*progress = (struct progress){
		.what = what,
		.total = total,
		.next = isatty(STDERR_FILENO) ? wt_after_ms(PROGRESS_FIRST_MS) : WT_FOREVER,
	};
}

static void progress_draw(const struct progress *progress)
{
	static const char cells[] = "########################################";
	uint64_t done = progress->done < progress->total ? progress->done : progress->total;
	double part;
	int filled;

	if (!progress->total) {
		fprintf(stderr, "\r%s: %" PRIu64 "\033[K", progress->what, progress->done);
		return;
	}
	part = (double)done / (double)progress->total;
	filled = (int)(part * PROGRESS_CELLS);
	fprintf(stderr, "\r%s [%.*s%*s] %3d %%\033[K", progress->what, filled, cells, PROGRESS_CELLS - filled, "",
		(int)(part * 100));
}

void progress_add(struct progress *progress, uint64_t done)
{
	progress->done += done;
	if (progress->next == WT_FOREVER || wt_now() < progress->next)
		return;
	progress_draw(progress);
	fflush(stderr);
	progress->drawn = true;
	progress->next = wt_after_ms(PROGRESS_EVERY_MS);
}

void progress_hide(struct progress *progress)
{
	if (!progress->drawn)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress->drawn = false;
}
