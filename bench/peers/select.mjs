#!/usr/bin/env node
// SPDX-License-Identifier: MIT

// A MessageChannel for each port, received by on("message"). The work is that of bursts.h; a double holds a word's port and
// number beside each other.
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { MessageChannel, Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

const LENGTH = 64;
const PORT_FACTOR = 2 ** 40;
const NANOSECONDS = 1e6; // of a millisecond, the unit of performance.now()

// The generator of bursts.h, in numbers of 32 bits.
function* chosen(ports) {
	const busy = Number(process.env.BENCH_BUSY ?? ports);
	const step = Math.floor(ports / busy);
	let random = 0;

	for (;;) {
		random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
		yield (random >>> 16) % busy * step;
	}
}

function poster({ ports, bursts, warmup }) {
	const posted = new Float64Array(ports.length);
	const choose = chosen(ports.length);
	let burst = 0;
	let start;

	const post = () => {
		if (burst === warmup)
			start = performance.now();
		if (burst++ === bursts)
			return parentPort.postMessage(performance.now() - start);
		for (let i = 0; i < LENGTH; i++) {
			const port = choose.next().value;

			ports[port].postMessage(port * PORT_FACTOR + posted[port]++);
		}
	};
	parentPort.on("message", post);
	post();
}

function receiver([work, , , , count]) {
	if (work !== "select") {
		console.error("unknown work");
		process.exit(2);
	}
	const warmup = Math.floor(count / LENGTH / 10) + 1;
	const bursts = Math.floor(count / LENGTH) + 1 + warmup;
	const channels = Array.from({ length: Number(process.env.BENCH_PORTS) }, () => new MessageChannel());
	const ports = channels.map(channel => channel.port2);
	const worker = new Worker(fileURLToPath(import.meta.url),
		{ workerData: { ports, bursts, warmup }, transferList: ports });
	const next = new Float64Array(ports.length);
	let received = 0;

	channels.forEach((channel, port) => channel.port1.on("message", word => {
		if (word !== port * PORT_FACTOR + next[port]++)
			throw new Error("a wrong message, or out of order");
		if (++received % LENGTH === 0)
			worker.postMessage(null);
	}));
	worker.on("message", elapsed => {
		console.log(JSON.stringify({
			version: process.versions.node,
			rate: ((bursts - warmup) * LENGTH * 1e3) / elapsed,
			elapsed_ns: Math.round(elapsed * NANOSECONDS),
		}));
		process.exit(received === bursts * LENGTH ? 0 : 1);
	});
}

if (isMainThread)
	receiver(process.argv.slice(2));
else
	poster(workerData);
