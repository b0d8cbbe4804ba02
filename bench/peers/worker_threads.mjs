#!/usr/bin/env node
// SPDX-License-Identifier: MIT

// Node's worker_threads: the main thread and a worker take turns at two shared cells (atomics), or send an array to and
// fro, by transferList (move) or by structured clone (clone); or the main thread posts to several workers (channel).
import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { BroadcastChannel, Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

import { NANOSECONDS, WARMUP_PART, countTrips, settle, timeTrips } from "./trips.mjs";

// The stamps are those of bench_transfer.c as numbers that a double holds.
const THERE = 0;
const BACK = 32; // cells of 4 bytes: on another pair of cache lines
const CELLS = 64;
const STAMP = Float64Array.BYTES_PER_ELEMENT; // at either end
const EXIT_UNKNOWN = 2;
const WORKS = { waitnotify: ["atomics"], transfer: ["move", "clone"], broadcast: ["channel"] };
const SECOND = 1e3; // of performance.now()

function parse([work, variant, size, producers, count]) {
	const args = { work, variant, size: Number(size), producers: Number(producers), count: Number(count) };

	const smallest = work === "transfer" ? 2 * STAMP : 8;

	if (!WORKS[work]?.includes(variant) || !(args.size >= smallest) || !(args.count >= 1)) {
		console.error("usage: worker_threads.mjs WORK VARIANT SIZE PRODUCERS COUNT");
		process.exit(EXIT_UNKNOWN);
	}
	return countTrips(args);
}

// --- Threads and CPUs ---

// The CPUs that the process may use, read before any thread is pinned.
function allowedCpus() {
	const [, list] = readFileSync("/proc/self/status", "utf8").match(/^Cpus_allowed_list:\s*(.*)$/m);

	return list.split(",").flatMap(range => {
		const [first, last = first] = range.split("-").map(Number);

		return Array.from({ length: last - first + 1 }, (_, i) => first + i);
	});
}

// This thread only: those that V8 has for itself stay where they like.
function pin(cpu) {
	if (process.env.BENCH_PIN === "1")
		execFileSync("taskset", ["-pc", String(cpu), basename(readlinkSync("/proc/thread-self"))]);
}

function wrong(what) {
	throw new Error(`round trip: wrong ${what}`);
}

// --- Cells ---

function cellSet(cells, index, value) {
	Atomics.store(cells, index, value);
	Atomics.notify(cells, index, 1);
}

function cellAwait(cells, index, value) {
	let seen;

	while ((seen = Atomics.load(cells, index)) === value - 1)
		Atomics.wait(cells, index, value - 1);
	if (seen !== value)
		wrong("value");
}

function cellsEcho({ args, cells }) {
	for (let i = 1; i <= args.total; i++) {
		cellAwait(cells, THERE, i);
		settle();
		cellSet(cells, BACK, i);
	}
}

function cellsTrip({ cells }) {
	return sequence => {
		cellSet(cells, THERE, sequence + 1);
		cellAwait(cells, BACK, sequence + 1);
	};
}

// --- Arrays ---

function stamp(words, id) {
	words[0] = id;
	words[words.length - 1] = -id;
}

function check(words, args, id) {
	if (words.length !== args.size / STAMP || words[0] !== id || words[words.length - 1] !== -id)
		wrong("payload");
}

function send(port, args, words) {
	port.postMessage(words, args.variant === "move" ? [words.buffer] : []);
}

function arraysEcho({ args }) {
	let next = 0;

	parentPort.on("message", words => {
		check(words, args, 2 * next + 1);
		stamp(words, 2 * next + 2);
		send(parentPort, args, words);
		if (++next === args.total)
			parentPort.close();
	});
}

function arraysTrip({ args }, worker) {
	let words = new Float64Array(args.size / STAMP).fill(1); // real memory, not the one page of zeros
	let arrived;

	worker.on("message", message => {
		words = message;
		arrived();
	});
	return async sequence => {
		const answer = new Promise(resolve => (arrived = resolve));

		stamp(words, 2 * sequence + 1);
		send(worker, args, words);
		await answer;
		check(words, args, 2 * sequence + 2);
	};
}

// --- Broadcast ---

// A worker says "ready" when it hears, after the warm-up, and when all has come.
function broadcastHear({ args }) {
	const channel = new BroadcastChannel("bench");
	let next = 0;

	channel.onmessage = ({ data: words }) => {
		check(words, args, next + 1);
		if (++next === args.warmup)
			parentPort.postMessage("ready");
		if (next === args.warmup + args.share) {
			parentPort.postMessage("ready");
			channel.close();
		}
	};
	parentPort.postMessage("ready");
}

async function broadcastRun(args) {
	args.share = Math.floor(args.count / args.producers) + 1;
	args.warmup = Math.floor(args.share / WARMUP_PART) + 1;
	const workers = Array.from({ length: args.producers },
		() => new Worker(fileURLToPath(import.meta.url), { workerData: { args } }));
	const channel = new BroadcastChannel("bench");
	const words = new Float64Array(args.size / STAMP);
	let posted = 0;
	let waiting = 0;
	let all;

	for (const worker of workers)
		worker.on("message", () => --waiting === 0 && all());
	const allReady = () => new Promise(resolve => {
		waiting = workers.length;
		all = resolve;
	});
	const post = count => {
		for (let i = 0; i < count; i++) {
			stamp(words, ++posted);
			channel.postMessage(words);
		}
	};

	await allReady();
	let ready = allReady();

	post(args.warmup);
	await ready;
	ready = allReady();
	const start = performance.now();

	post(args.share);
	await ready;
	const elapsed = performance.now() - start;

	channel.close();
	return {
		version: process.versions.node,
		rate: (args.producers * args.share * SECOND) / elapsed,
		elapsed_ns: Math.round(elapsed * NANOSECONDS),
	};
}

async function main() {
	const args = parse(process.argv.slice(2));

	if (args.work === "broadcast") {
		console.log(JSON.stringify(await broadcastRun(args)));
		return;
	}
	const cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT));
	const work = { args, cells, cpus: allowedCpus() };

	pin(work.cpus[0]);
	const worker = new Worker(fileURLToPath(import.meta.url), { workerData: work });
	const trip = args.work === "transfer" ? arraysTrip(work, worker) : cellsTrip(work);

	console.log(JSON.stringify(await timeTrips(args, trip)));
}

function start(work) {
	if (work.args.work === "broadcast")
		return broadcastHear(work);
	pin(work.cpus[1]);
	(work.args.work === "transfer" ? arraysEcho : cellsEcho)(work);
}

if (isMainThread)
	await main();
else
	start(workerData);
