#!/usr/bin/env node
// SPDX-License-Identifier: MIT

// A web server that hashes in a pool of workers: express and piscina, with its defaults. The argument is the port; 0 is
// any that is free.
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";

async function serve(port) {
	const { default: express } = await import("express");
	const { default: Piscina } = await import("piscina");
	const pool = new Piscina({ filename: fileURLToPath(import.meta.url) });
	const app = express();

	app.use(express.json({ limit: "1mb" }));
	app.post("/encrypt", async (req, res) => {
		try {
			res.status(200).json({ encrypted: await pool.run(req.body.data) });
		} catch {
			res.status(500).json({ error: "encryption failed" });
		}
	});
	const server = app.listen(port, "127.0.0.1", () =>
		console.log(`listening on http://127.0.0.1:${server.address().port}`));
}

// What piscina calls in a worker.
export default data => createHash("sha256").update(data).digest("hex");

if (isMainThread)
	await serve(Number(process.argv[2]));
