// SPDX-License-Identifier: MIT

// The timing of harness.c, for Node's programs.
import { performance } from "node:perf_hooks";

export const NANOSECONDS = 1e6; // of a millisecond, the unit of performance.now()
export const WARMUP_PART = 10;
const TRIPS_PER_BATCH = 8;
const SETTLE = Number(process.env.BENCH_SETTLE ?? 0) / NANOSECONDS;

// Before a trip's message is sent, each way, the other side is to be asleep for certain: compute, where the driver asks.
export function settle() {
	const end = SETTLE && performance.now() + SETTLE;

	while (SETTLE && performance.now() < end)
		;
}

export function countTrips(args) {
	args.warmup = Math.floor(args.count / WARMUP_PART) + 1;
	args.batches = Math.floor(args.count / TRIPS_PER_BATCH) + 1;
	args.total = args.warmup + args.batches * TRIPS_PER_BATCH + args.count;
	return args;
}

function ofThousand(sorted, permille) {
	return sorted[Math.floor(((sorted.length - 1) * permille) / 1000)];
}

// A trip that is over when it returns gives nothing to wait for, and does not pay for a promise.
async function run(trip, from, count) {
	for (let i = from; i < from + count; i++) {
		settle();
		const pending = trip(i);

		if (pending)
			await pending;
	}
	return from + count;
}

export async function timeTrips(args, trip) {
	const batchTimes = new Float64Array(args.batches);
	const times = new Float64Array(args.count);
	let sequence = await run(trip, 0, args.warmup);
	const start = performance.now();
	let before = start;

	async function time(into, trips) {
		for (let i = 0; i < into.length; i++) {
			sequence = await run(trip, sequence, trips);
			const after = performance.now();

			into[i] = after - before - 2 * trips * SETTLE;
			before = after;
		}
	}
	await time(batchTimes, TRIPS_PER_BATCH);
	await time(times, 1);
	batchTimes.sort();
	times.sort();
	return {
		version: process.versions.node,
		median_ns: (ofThousand(batchTimes, 500) * NANOSECONDS) / TRIPS_PER_BATCH,
		p50_ns: Math.round(ofThousand(times, 500) * NANOSECONDS),
		p99_ns: Math.round(ofThousand(times, 990) * NANOSECONDS),
		p999_ns: Math.round(ofThousand(times, 999) * NANOSECONDS),
		elapsed_ns: Math.round((before - start) * NANOSECONDS),
	};
}
