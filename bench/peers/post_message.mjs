#!/usr/bin/env node
// SPDX-License-Identifier: MIT

// Node's worker_threads by postMessage and on("message"): workers that post to the main thread, which checks what comes; a
// message there and back; the life of a worker; what an idle one holds. 8 bytes are a number, more are a Float64Array.
import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

import { NANOSECONDS, WARMUP_PART, countTrips, timeTrips } from "./trips.mjs";

const WORD = Float64Array.BYTES_PER_ELEMENT;
const LINE_WORDS = 8;
const PRODUCER_FACTOR = 2 ** 40; // a double holds a producer and its sequence
const IDLE_WORKERS = 20;
const SECOND = 1e3; // of performance.now()

function start(data) {
	return new Worker(fileURLToPath(import.meta.url), { workerData: data });
}

function wrong(what) {
	throw new Error(`wrong ${what}`);
}

// --- Streams ---

// A word in each cache line and at the end, as in harness.h, here the first one plus its place.
function stamp(words, id) {
	for (let i = 0; i < words.length; i += LINE_WORDS)
		words[i] = id + i;
	words[words.length - 1] = id + words.length - 1;
}

function check(words, id) {
	for (let i = 0; i < words.length; i += LINE_WORDS) {
		if (words[i] !== id + i)
			wrong("payload");
	}
	if (words[words.length - 1] !== id + words.length - 1)
		wrong("payload");
}

function produce({ producer, args }) {
	const words = new Float64Array(args.size / WORD);

	const post = (from, to) => {
		for (let i = from; i < to; i++) {
			const id = producer * PRODUCER_FACTOR + i;

			stamp(words, id);
			parentPort.postMessage(args.size === WORD ? id : words);
		}
	};
	parentPort.once("message", () => {
		post(args.warmup, args.warmup + args.share);
		parentPort.close();
	});
	post(0, args.warmup);
}

// Resolves when count messages of each producer have come.
function consume(workers, args, next, count) {
	let missing = workers.length * count;

	return new Promise(resolve => workers.forEach((worker, producer) => {
		worker.removeAllListeners("message");
		worker.on("message", message => {
			const id = producer * PRODUCER_FACTOR + next[producer]++;

			if (args.size === WORD ? message !== id : message.length !== args.size / WORD)
				wrong("message");
			if (args.size > WORD)
				check(message, id);
			if (--missing === 0)
				resolve();
		});
	}));
}

async function stream(args) {
	args.share = Math.floor(args.count / args.producers) + 1;
	args.warmup = Math.floor(args.share / WARMUP_PART) + 1;
	const workers = Array.from({ length: args.producers },
		(_, producer) => start({ work: args.work, producer, args }));
	const next = new Float64Array(args.producers);

	await consume(workers, args, next, args.warmup);
	const all = consume(workers, args, next, args.share);
	const before = performance.now();

	for (const worker of workers)
		worker.postMessage("go");
	await all;
	const elapsed = performance.now() - before;

	return { rate: (args.producers * args.share * SECOND) / elapsed, elapsed_ns: Math.round(elapsed * NANOSECONDS) };
}

// --- Round trips and lives ---

function echo({ args }) {
	let answered = 0;

	parentPort.on("message", number => {
		parentPort.postMessage(number);
		if (++answered === args.total)
			parentPort.close();
	});
}

async function pingpong(args) {
	const worker = start({ work: args.work, args });
	let arrived;

	worker.on("message", number => arrived(number));
	return timeTrips(args, async sequence => {
		const answer = new Promise(resolve => (arrived = resolve));

		worker.postMessage(sequence);
		if (await answer !== sequence)
			wrong("answer");
	});
}

function spawn(args) {
	return timeTrips(args, sequence => new Promise(resolve => {
		const worker = start({ work: args.work, sequence });
		let message;

		worker.on("message", number => (message = number));
		worker.on("exit", () => message === sequence ? resolve() : wrong("message"));
	}));
}

// --- Memory ---

async function idle() {
	const worker = start({ work: "memory" });

	await new Promise(resolve => worker.once("online", resolve));
	return worker;
}

async function memory() {
	const workers = [await idle()]; // what Node makes once is not a worker's

	await setTimeout(200);
	const before = process.memoryUsage.rss();

	for (let i = 0; i < IDLE_WORKERS; i++)
		workers.push(await idle());
	await setTimeout(200);
	const after = process.memoryUsage.rss();

	await Promise.all(workers.map(worker => worker.terminate()));
	return { kib: (after - before) / 1024 / IDLE_WORKERS };
}

const WORKS = { stream, fanin: stream, pingpong, spawn, memory };
const WORKERS = {
	stream: produce,
	fanin: produce,
	pingpong: echo,
	spawn: ({ sequence }) => parentPort.postMessage(sequence),
	memory: () => parentPort.on("message", () => {}),
};

async function main([work, , size, producers, count]) {
	if (!WORKS[work]) {
		console.error("unknown work");
		process.exit(2);
	}
	const args = countTrips({ work, size: Number(size), producers: Number(producers), count: Number(count) });

	console.log(JSON.stringify({ version: process.versions.node, ...await WORKS[work](args) }));
}

if (isMainThread)
	await main(process.argv.slice(2));
else
	WORKERS[workerData.work](workerData);
