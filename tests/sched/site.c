/* SPDX-License-Identifier: MIT */
#include "sched/site.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	SITE_SLOTS = 1 << 14, /* more than any scenario has addresses; what does not fit is taken for a conflict */
	SITE_MOST = 12        /* places that access one address, before all are taken for points */
};

/* What was done at one address in the present schedule. */
struct site_address {
	uintptr_t address;
	uint64_t schedule;
	unsigned readers, writers; /* a bit for each fibre */
	bool conflict;
	unsigned count;
	struct sched_site *site[SITE_MOST];
};

static struct site_address site_table[SITE_SLOTS];
static uint64_t site_schedule = 1;
static struct sched_site *site_list;

static struct site_address *site_find(uintptr_t address)
{
	size_t slot = (size_t)(address * 0x9e3779b97f4a7c15 >> 50) % SITE_SLOTS;

	for (size_t tries = 0; tries < SITE_SLOTS; tries++) {
		struct site_address *at = &site_table[(slot + tries) % SITE_SLOTS];

		if (at->schedule == site_schedule && at->address == address)
			return at;
		if (at->schedule != site_schedule) {
			*at = (struct site_address){ .address = address, .schedule = site_schedule };
			return at;
		}
	}
	return NULL;
}

static void site_mark(struct sched_site *site)
{
	site->found = true;
	if (site->listed)
		return;
	site->listed = true;
	site->next = site_list;
	site_list = site;
}

static void site_add(struct site_address *at, struct sched_site *site)
{
	for (unsigned i = 0; i < at->count; i++)
		if (at->site[i] == site)
			return;
	if (at->count < SITE_MOST)
		at->site[at->count++] = site;
	else
		site_mark(site);
}

static bool site_conflicts(const struct site_address *at)
{
	unsigned all = at->readers | at->writers;

	return at->writers && (all & (all - 1));
}

static bool site_is_dull(struct sched_site *site)
{
	const char *slash = strrchr(site->file, '/');

	if (!site->known)
		site->dull = strcmp(slash ? slash + 1 : site->file, "histogram.c") == 0;
	site->known = true;
	return site->dull;
}

void sched_site_note(struct sched_site *site, const volatile void *address, unsigned fibre, bool write)
{
	struct site_address *at;

	if (site_is_dull(site))
		return;
	at = site_find((uintptr_t)address);
	if (!at || at->conflict) {
		if (!site->found)
			site_mark(site);
		return;
	}
	*(write ? &at->writers : &at->readers) |= 1u << fibre;
	site_add(at, site);
	at->conflict = site_conflicts(at);
	for (unsigned i = 0; at->conflict && i < at->count; i++)
		site_mark(at->site[i]);
}

void sched_site_forget(void)
{
	site_schedule++;
}

bool sched_site_promote(void)
{
	bool any = false;

	for (struct sched_site *site = site_list; site; site = site->next) {
		any = any || !site->shared;
		site->shared = true;
	}
	return any;
}
