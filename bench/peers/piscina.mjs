#!/usr/bin/env node
// SPDX-License-Identifier: MIT

// piscina. A number in JavaScript has not the 64 bits of tasks.h: its step is one of 32.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const WINDOW = 1024;
const SETTLE_MS = 500;
const steps = Number(process.env.BENCH_STEPS ?? 0);
const workers = Number(process.env.BENCH_WORKERS ?? 2);

// At least as long as one of tasks.h.
function run(x) {
	for (let i = 0; i < steps; i++) {
		x = (Math.imul(x, 1664525) + 1013904223) | 0;
		x ^= x >>> 15;
		x ^= x << 7;
	}
	return x;
}

async function main() {
	const [, , work, , , , countText] = process.argv;

	if (work !== 'pool') {
		console.error('unknown work');
		process.exit(2);
	}
	const modules = process.env.BENCH_NODE_MODULES;
	const { Piscina } = createRequire(`${modules}/`)('piscina');
	const { version } = JSON.parse(readFileSync(`${modules}/piscina/package.json`, 'utf8'));
	const pool = new Piscina({
		filename: fileURLToPath(import.meta.url), minThreads: workers, maxThreads: workers, concurrentTasksPerWorker: 8,
	});
	const settled = performance.now() + SETTLE_MS;

	// Threads start, and code is compiled, before anything is timed: a short run would measure nothing else.
	while (performance.now() < settled)
		await Promise.all(Array.from({ length: 64 }, (_, input) => pool.run(input)));

	const count = Number(countText) + 1;
	const warmup = Math.floor(count / 10) + 1;
	const total = count + warmup;
	let submitted = 0, finished = 0;

	async function one(part) {
		while (submitted < part) {
			const input = submitted++;
			const result = await pool.run(input);

			if ((!steps || finished % 64 === 0) && result !== run(input)) {
				console.error('a task has a wrong result');
				process.exit(1);
			}
			finished++;
		}
	}
	await Promise.all(Array.from({ length: WINDOW }, () => one(warmup)));
	const start = process.hrtime.bigint();
	await Promise.all(Array.from({ length: WINDOW }, () => one(total)));
	const elapsed = Number(process.hrtime.bigint() - start);

	console.log(JSON.stringify({ version, rate: count * 1e9 / elapsed, elapsed_ns: elapsed }));
	process.exit(0);
}

if (isMainThread)
	await main();

export default run;
