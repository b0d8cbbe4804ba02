-- SPDX-License-Identifier: MIT
-- What wrk asks the servers of bench/servers, and a check of each answer. TEXT and EXPECTED are in the environment. One
-- thread: each has variables of its own.
local expected = os.getenv("EXPECTED")

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"data":"' .. os.getenv("TEXT") .. '"}'

local threads = {}

function setup(thread)
	table.insert(threads, thread)
end

function init()
	wrong = 0
	answers = 0
end

function response(status, headers, body)
	answers = answers + 1
	if status ~= 200 or body ~= expected then
		wrong = wrong + 1
	end
end

function done(summary, latency)
	local errors = summary.errors
	local failed = errors.connect + errors.read + errors.write + errors.timeout

	print(string.format(
		'RESULT {"answers": %d, "wrong": %d, "failed": %d, "elapsed_us": %d, "p50_us": %d, "p99_us": %d}',
		threads[1]:get("answers"), threads[1]:get("wrong"), failed, summary.duration,
		latency:percentile(50), latency:percentile(99)))
end
