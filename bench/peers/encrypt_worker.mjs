#!/usr/bin/env node
// SPDX-License-Identifier: MIT

// A web server that hashes in a worker of its own for each request: the usual example of worker_threads, with express.
// The argument is the port; 0 is any that is free.
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

async function serve(port) {
	const { default: express } = await import("express"); // the workers have no use for it
	const app = express();

	app.use(express.json({ limit: "1mb" }));
	app.post("/encrypt", (req, res) => {
		const worker = new Worker(fileURLToPath(import.meta.url), { workerData: req.body.data });

		worker.on("message", encrypted => {
			res.status(200).json({ encrypted });
			worker.terminate();
		});
		worker.on("error", () => res.status(500).json({ error: "encryption failed" }));
	});
	const server = app.listen(port, "127.0.0.1", () =>
		console.log(`listening on http://127.0.0.1:${server.address().port}`));
}

if (isMainThread)
	await serve(Number(process.argv[2]));
else
	parentPort.postMessage(createHash("sha256").update(workerData).digest("hex"));
