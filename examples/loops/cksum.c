/* SPDX-License-Identifier: MIT */
#include "cksum.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	CHUNK = 1 << 18,
	POLYNOMIAL = 0x04c11db7
};

struct progress {
	uint64_t bytes;
	uint32_t crc;
	uint32_t zero;
};

/* The worker's own memory, which is freed when it ends. */
struct work {
	uint32_t table[256];
	unsigned char chunk[CHUNK];
};

static void make_table(uint32_t *table)
{
	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i << 24;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] << 1 ^ (table[i] >> 31 ? POLYNOMIAL : 0);
	}
}

static uint32_t add(const uint32_t *table, uint32_t crc, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		crc = crc << 8 ^ table[crc >> 24 ^ bytes[i]];
	return crc;
}

/* After the bytes comes their number, its lowest byte first, and no more of it than it has. */
static uint32_t add_number(const uint32_t *table, uint32_t crc, uint64_t number)
{
	for (; number; number >>= 8)
		crc = add(table, crc, &(unsigned char){ number & 0xff }, 1);
	return ~crc;
}

static void close_file(void *file)
{
	fclose(file);
}

/* Read all of it, and post after each chunk how far it is; at last, the sum. */
static int sum(wt_port *parent, FILE *file, const char *name, struct work *work)
{
	struct progress progress = { 0 };
	size_t got;
	int err;

	do {
		got = fread(work->chunk, 1, CHUNK, file);
		if (ferror(file))
			wt_fail(1, "%s: %s", name, strerror(errno));
		progress.bytes += got;
		progress.crc = add(work->table, progress.crc, work->chunk, got);
		if (!got)
			progress.crc = add_number(work->table, progress.crc, progress.bytes);
		err = wt_port_post(parent, &progress, sizeof progress);
		wt_checkpoint(); /* does not return when the worker is to end */
	} while (got && !err);
	return err;
}

/* Runs in the worker: `data` is the file's name. */
static int cksum_worker(wt_port *parent, const void *data, size_t size)
{
	struct work *work = wt_alloc(sizeof *work);
	FILE *file = fopen(data, "rb");

	if (!file)
		wt_fail(1, "%s: %s", (const char *)data, strerror(errno));
	if (wt_defer(close_file, file)) {
		fclose(file);
		wt_fail(1, "out of memory");
	}
	if (!work)
		wt_fail(1, "out of memory");
	make_table(work->table);
	return sum(parent, file, data, work);
}

static void on_progress(wt_worker *worker, wt_message *message, void *arg)
{
	const struct progress *progress = message->data;
	struct cksum *cksum = arg;

	cksum->bytes = progress->bytes;
	cksum->crc = progress->crc;
}

static void on_error(wt_worker *worker, const wt_failure *failure, void *arg)
{
	fprintf(stderr, "%s\n", failure->message);
}

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	struct cksum *cksum = arg;

	cksum->code = code;
	cksum->ended = true;
}

int cksum_start(struct cksum *cksum, const char *name)
{
	int err;

	*cksum = (struct cksum){ .name = name };
	err = wt_worker_create(&cksum->worker, cksum_worker, name, strlen(name) + 1, NULL);
	if (err) {
		fprintf(stderr, "worker: %s\n", wt_strerror(err));
		return err;
	}
	wt_worker_on_message(cksum->worker, on_progress, cksum);
	wt_worker_on_error(cksum->worker, on_error, cksum);
	wt_worker_on_exit(cksum->worker, on_exit_, cksum);
	return 0;
}

void cksum_show(const struct cksum *cksum)
{
	fprintf(stderr, "%s: %" PRIu64 " bytes\n", cksum->name, cksum->bytes);
}

int cksum_finish(struct cksum *cksum)
{
	bool good = cksum->ended && !cksum->code;

	if (good)
		printf("%" PRIu32 " %" PRIu64 " %s\n", cksum->crc, cksum->bytes, cksum->name);
	wt_worker_destroy(cksum->worker);
	return good ? 0 : 1;
}
