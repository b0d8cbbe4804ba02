# SPDX-License-Identifier: MIT
"""What bench/run measures: the rows of its tables, the works that they take part in, and the ratios to reach."""

SIZES = (8, 64, 256, 1024, 16384)
PRODUCERS = (2, 4, 8)
RECEIVERS = 8
PORTS = (1, 16, 256, 4096)
OPEN = ((1, 1), (1, 16), (1, 256), (1, 4096), (16, 16), (16, 256), (16, 4096))  # so many busy, of so many
LENGTHS = (3, 4, 5, 6, 7, 8)    # powers of ten
MEBIBYTES = (1, 16)
WORKERS = (1, 2, 4, 8)
WINDOWS = (1, 4, 16, 64)
COSTS = (
    ("a call of the system", "syscall"),
    ("a locked addition, one thread", "add"),
    ("a locked addition, two threads on one line", "add2"),
    ("a compare-and-swap that succeeds, two threads on one line", "swap2"),
    ("a mutex taken and given back, two threads", "lock2"),
    ("a word to another core, which waits for it", "line"),
    ("a line of another core's, many in a row", "lines"),
    ("a sleeper is woken: until it runs", "wake"),
    ("a sleeper is woken: for who wakes it", "wakecall"),
    ("membarrier, the other core idle", "barrier"),
    ("membarrier, the other core computes", "barrier2"),
    ("membarrier, taken from who computes", "suffered"),
)
TASKS = (("empty", 0), ("1 us", 700), ("10 us", 7000), ("100 us", 70000))  # steps of tasks.h


# --- Rows ------------------------------------------------------------------------------------------------------------

class Row:
    """One line of a table: a program, its variant, and the works it takes part in.

    kind is libwt, peer (threads), tasks (not one thread for each party), process, limit (spins only, or does nothing else), or
    experiment (a limit, changed to find out what something costs).
    """

    def __init__(self, name, program, variant, works, kind="peer", bounded=False, package=None):
        self.name = name
        self.program = program
        self.variant = variant
        self.works = works.split()
        self.kind = kind
        self.bounded = bounded
        self.package = package


ROWS = [
    Row("libwt", "bench_stream", "post", "stream experiment", "libwt"),
    Row("libwt bounded", "bench_stream", "bounded", "experiment", "libwt"),
    Row("libwt single_producer", "bench_stream", "single", "stream experiment", "libwt"),
    Row("libwt drain", "bench_stream", "drain", "stream", "libwt"),
    Row("libwt post_many", "bench_stream", "many", "stream", "libwt"),
    Row("libwt single_producer, drain, post_many", "bench_stream", "single+drain+many", "stream", "libwt"),
    Row("libwt", "bench_fanin", "post", "fanin", "libwt"),
    Row("libwt drain", "bench_fanin", "drain", "fanin", "libwt"),
    Row("libwt post_many", "bench_fanin", "many", "fanin", "libwt"),
    Row("libwt", "bench_pingpong", "post", "pingpong parked", "libwt"),
    Row("libwt single_producer", "bench_pingpong", "single", "pingpong", "libwt"),
    Row("libwt", "bench_spawn", "handlers", "spawn memory", "libwt"),
    Row("libwt receive and join", "bench_spawn", "receive", "spawn", "libwt"),
    Row("libwt", "bench_request", "worker", "request", "libwt"),
    Row("libwt", "bench_pool", "callback", "pool poolwindow poolscale poolhash", "libwt"),
    Row("libwt", "bench_length", "post", "length", "libwt"),
    Row("libwt single_producer", "bench_length", "single", "length", "libwt"),
    Row("libwt", "bench_select", "handlers", "select open", "libwt"),
    Row("libwt wt_select", "bench_select", "select", "select open", "libwt"),
    Row("crossbeam-channel Select", "select.rs", "select", "select open"),
    Row("Go reflect.Select", "select.go", "select", "select open", "tasks"),
    Row("libuv uv_async_t for each", "ports_uv", "async", "select open"),
    Row("ZeroMQ zmq_poll", "ports_zmq", "poll", "select open"),
    Row("Node MessageChannel for each", "select.mjs", "channels", "select open"),
    Row("pipes, epoll", "ports_pipes", "epoll", "select open"),
    Row("limit: words that come in a known order", "ports_words", "words", "select open", "limit"),
    Row("crossbeam-channel bounded", "pool.rs", "channel", "pool poolwindow poolscale"),
    Row("Go channel", "pool.go", "channel", "pool poolwindow poolscale", "tasks"),
    Row("oneTBB", "tbb", "enqueue", "pool poolwindow poolscale poolhash"),
    Row("GLib GThreadPool", "gthreadpool", "push", "pool poolwindow poolscale poolhash"),
    Row("libuv uv_queue_work", "uvpool", "work", "pool poolwindow poolscale poolhash"),
    Row("piscina", "piscina.mjs", "run", "pool poolscale"),
    Row("limit: crossbeam ArrayQueue", "pool.rs", "queue", "pool poolwindow poolscale", "limit"),
    Row("limit: plain loops", "loops", "loop", "pool poolscale poolhash", "limit"),
    Row("a pthread for each", "request", "thread", "request"),
    Row("libwt", "bench_waitnotify", "cells", "waitnotify", "libwt"),
    Row("libwt", "bench_broadcast", "post", "broadcast", "libwt"),
    Row("libwt, acknowledged", "bench_broadcast", "window", "broadcast", "libwt", bounded=True),
    Row("libwt", "bench_transfer", "move", "transfer", "libwt"),
    Row("libwt wt_port_post, copied", "bench_transfer", "copy", "transfer", "libwt"),
    Row("libwt message of its address", "bench_transfer", "address", "transfer", "libwt"),
    Row("libwt message of 8 bytes", "bench_transfer", "small", "transfer", "libwt"),
    Row("Rust sync_channel", "channels.rs", "sync", "stream fanin broadcast pingpong", bounded=True),
    Row("Rust channel", "channels.rs", "std", "stream fanin broadcast pingpong spawn"),
    Row("crossbeam-channel bounded", "crossbeam.rs", "crossbeam", "stream fanin broadcast pingpong", bounded=True),
    Row("Go channel", "channels.go", "buffered", "stream fanin broadcast pingpong spawn memory", "tasks",
        bounded=True),
    Row("moodycamel BlockingConcurrentQueue", "moodycamel", "many", "stream fanin pingpong",
        package="libconcurrentqueue-dev"),
    Row("moodycamel BlockingReaderWriterQueue", "moodycamel", "one", "stream pingpong",
        package="libreaderwriterqueue-dev"),
    Row("oneTBB concurrent_bounded_queue", "tbbqueue", "bounded", "stream fanin pingpong", bounded=True),
    Row("ck ck_ring, ck_ec", "ck", "ec", "stream pingpong", bounded=True, package="libck-dev"),
    Row("libuv async", "uv", "async", "stream fanin pingpong"),
    Row("GLib GAsyncQueue", "glib", "queue", "stream fanin pingpong parked"),
    Row("ZeroMQ inproc", "zmq", "inproc", "stream fanin broadcast pingpong", bounded=True),
    Row("nng inproc", "nng", "inproc", "stream fanin broadcast pingpong", bounded=True),
    Row("mutex + condvar ring", "mutex", "ring", "stream fanin pingpong parked", bounded=True),
    Row("child process, pipes", "process", "exec", "stream pingpong parked spawn memory", "process"),
    Row("child process, forked only", "process", "fork", "spawn", "process"),
    Row("Node postMessage", "post_message.mjs", "post", "stream fanin pingpong spawn memory"),
    Row("Node Atomics.wait, notify", "worker_threads.mjs", "atomics", "waitnotify"),
    Row("Node transferList", "worker_threads.mjs", "move", "transfer"),
    Row("Node structured clone", "worker_threads.mjs", "clone", "transfer"),
    Row("Node BroadcastChannel", "worker_threads.mjs", "channel", "broadcast"),
    Row("limit: SPSC spin ring", "spin_spsc", "ring", "stream experiment", "limit"),
    Row("limit: MPSC spin ring", "spin_mpsc", "ring", "stream fanin experiment", "limit"),
    Row("limit: ck ck_ring", "ck", "spin", "stream", "limit", package="libck-dev"),
    Row("limit: DPDK rte_ring", "dpdk", "ring", "stream fanin", "limit"),
    Row("limit: Boost spsc_queue", "boost", "one", "stream", "limit"),
    Row("limit: Boost queue", "boost", "many", "stream fanin", "limit"),
    Row("limit: liburcu wfcqueue", "urcu", "queue", "stream fanin", "limit", package="liburcu-dev"),
    Row("experiment: libwt, one thread does both", "bench_stream", "alone", "experiment", "experiment"),
    Row("experiment: libwt single_producer, one thread does both", "bench_stream", "single+alone", "experiment",
        "experiment"),
    Row("experiment: SPSC, one thread does both", "spin_spsc", "alone", "experiment", "experiment"),
    Row("experiment: MPSC, one thread does both", "spin_mpsc", "alone", "experiment", "experiment"),
    Row("experiment: MPSC that swaps to reserve", "spin_swap", "ring", "experiment", "experiment"),
    Row("experiment: MPSC that stores to reserve", "spin_plain", "ring", "experiment", "experiment"),
    Row("experiment: MPSC that prefetches", "spin_prefetch", "ring", "experiment", "experiment"),
    Row("limit: spinning flags", "pair", "flag", "pingpong waitnotify", "limit"),
    Row("limit: futex words", "pair", "futex", "parked waitnotify", "limit"),
    Row("limit: spinning flags beside the buffer", "pair", "buffer", "transfer", "limit"),
    Row("limit: pthread_create, pthread_join", "thread", "bare", "spawn", "limit"),
    Row("limit: thread asleep", "thread", "idle", "memory", "limit"),
    *(Row(name, "costs", variant, "costs", "limit") for name, variant in COSTS),
]


# --- Works -----------------------------------------------------------------------------------------------------------

class Column:
    """One figure of a work's rows: the size and number of what is sent, and how the programs are run."""

    def __init__(self, heading, size=8, producers=1, env=None, rounds=5):
        self.heading = heading
        self.size = size
        self.producers = producers
        self.env = env or {}
        self.rounds = rounds


def fanin_columns(producers):
    return [Column(f"{n} producer{'s' * (n > 1)}", 64, n) for n in producers]


def poolscale_columns(workers):
    return [Column(f"{n} worker{'s' * (n > 1)}", env={"BENCH_STEPS": "7000", "BENCH_WORKERS": str(n)}) for n in workers]


def poolwindow_columns():
    return [Column(f"{n} under way", env={"BENCH_WINDOW": str(n)}) for n in WINDOWS]


def open_columns():
    return [Column(f"{busy} of {ports}", env={"BENCH_BUSY": str(busy), "BENCH_PORTS": str(ports)})
            for busy, ports in OPEN]


def length_columns():
    return [Column(f"1e{power}", env={"BENCH_LENGTH": str(10 ** power)}, rounds=3) for power in LENGTHS]


# Each message wakes a sleeper on another CPU, which takes a moment that varies.
PARKED = {"env": {"BENCH_PIN": "1", "BENCH_SETTLE": "50000", "WT_TEST_NO_POLL": "1"}, "rounds": 9}


class Work:
    """first: messages of the first run, which only serves to choose the count."""

    def __init__(self, title, unit, columns, first):
        self.title = title
        self.unit = unit
        self.columns = columns
        self.first = first


WORKS = {
    "stream": Work("One producer, one consumer", "million messages a second",
                   [Column(f"{size} bytes", size) for size in SIZES], 20000),
    "length": Work("Streams of 1e3 to 1e8 messages of 8 bytes, from the first post to the answer",
                   "nanoseconds a message", length_columns(), 20000),
    "fanin": Work("Fan-in, 64 bytes", "million messages a second",
                  fanin_columns(PRODUCERS), 20000),
    "broadcast": Work(f"Broadcast of 64 bytes to {RECEIVERS} receivers", "million deliveries a second",
                      [Column("64 bytes", 64, RECEIVERS)], 20000),
    "pingpong": Work("Round trip, awake", "nanoseconds", [Column("round trip")], 2000),
    "parked": Work("Round trip, parked: no polling, threads pinned apart", "nanoseconds",
                   [Column("round trip", **PARKED)], 500),
    "waitnotify": Work("Wait and notify: a round trip over two cells; parked: no polling, threads pinned apart",
                       "nanoseconds", [Column("awake"), Column("parked", **PARKED)], 500),
    "transfer": Work("Transfer: a buffer to a worker and back, both ends written and checked by each", "nanoseconds",
                     [Column(f"{n} MiB", n << 20) for n in MEBIBYTES], 20),
    "select": Work("One thread with many ports open, bursts of 64 messages to any of them", "million messages a second",
                   [Column(f"{n} port{'s' * (n > 1)}", env={"BENCH_PORTS": str(n)}) for n in PORTS], 2000),
    "open": Work("One thread with many ports open, bursts of 64 messages to a few of them", "million messages a second",
                 open_columns(), 2000),
    "spawn": Work("Spawn: create, online, one message, exit, join", "nanoseconds", [Column("spawn")], 20),
    "request": Work("A worker for each request: SHA-256 of 1 KiB", "nanoseconds", [Column("request")], 200),
    "pool": Work("A pool of two workers, main submits and receives: tasks of different length", "million tasks a second",
                 [Column(heading, env={"BENCH_STEPS": str(steps)}) for heading, steps in TASKS], 2000),
    "poolwindow": Work("A pool of two workers, few empty tasks under way", "million tasks a second",
                       poolwindow_columns(), 2000),
    "poolscale": Work("A pool of 1 to 8 workers: tasks of 10 us", "million tasks a second",
                      poolscale_columns(WORKERS), 2000),
    "poolhash": Work("A pool that hashes: SHA-256 of 1 KiB", "million tasks a second", [Column("SHA-256", 1024)], 2000),
    "memory": Work("Resident memory of an idle worker", "KiB", [Column("idle")], 1),
    "costs": Work("What the machine takes, for doc/scaling.md", "nanoseconds",
                  [Column("cost", env={"BENCH_PIN": "1"})], 500),
    "experiment": Work("One producer, one consumer, and the MPSC spin ring changed", "million messages a second",
                       [Column(f"{size} bytes", size) for size in SIZES], 20000),
}
USUAL_WORKS = [name for name in WORKS if name != "experiment"]
# What the programs call a work that differs only in its rows or in how it is run.
PROGRAM_WORKS = {"parked": "pingpong", "poolscale": "pool", "poolwindow": "pool", "experiment": "stream",
                 "open": "select"}


# --- Targets ---------------------------------------------------------------------------------------------------------

def best(results, work, heading, kinds, bounded_only=False):
    names = [row.name for row in ROWS if work in row.works and row.kind in kinds and (row.bounded or not bounded_only)]
    measured = [(results.median(work, heading, name), name) for name in names]
    measured = [pair for pair in measured if pair[0] is not None]
    return max(measured)[1] if measured else None


def best_thread(results, work, heading):
    return best(results, work, heading, ("peer",))


def best_of_all(results, work, heading):
    return best(results, work, heading, ("peer", "tasks", "process"))


def best_bounded(results, work, heading):
    return best(results, work, heading, ("peer", "tasks"), bounded_only=True)


SINGLE = "libwt single_producer"
CROSSBEAM, CROSSBEAM_QUEUE, GO = "crossbeam-channel bounded", "limit: crossbeam ArrayQueue", "Go channel"
COPIED, TRANSFER_LIST, SMALL = "libwt wt_port_post, copied", "Node transferList", "libwt message of 8 bytes"
ADDRESS = "libwt message of its address"
SPSC, MPSC, FLAGS, FUTEX = "limit: SPSC spin ring", "limit: MPSC spin ring", "limit: spinning flags", "limit: futex words"
LEVEL = 0.97

# (work, column heading, libwt's row, at least, more than or at most, factor, the other row or how to find it)
TARGETS = [
    ("stream", "8 bytes", "libwt", ">=", 1.25, best_of_all),
    ("stream", "8 bytes", SINGLE, ">=", 1.5, best_of_all),
    ("stream", "64 bytes", "libwt", ">=", 1.25, best_thread),
    ("stream", "64 bytes", "libwt", ">", 1.0, GO),
    ("stream", "256 bytes", "libwt", ">", 1.0, best_of_all),
    ("stream", "1024 bytes", "libwt", ">", 1.0, best_of_all),
    ("stream", "16384 bytes", "libwt", ">", 1.0, best_bounded),
    *(("fanin", f"{n} producers", "libwt", ">=", 1.25, best_thread) for n in PRODUCERS),
    *(("fanin", f"{n} producers", "libwt", ">=", LEVEL, GO) for n in PRODUCERS),
    ("pingpong", "round trip", "libwt", "<=", 1.5, FLAGS),
    ("pingpong", "round trip", SINGLE, "<=", 1.25, FLAGS),
    ("parked", "round trip", "libwt", "<=", 1.15, FUTEX),
    ("spawn", "spawn", "libwt", "<=", 0.15, "limit: pthread_create, pthread_join"),
    *(("transfer", "16 MiB", "libwt", "<=", round(1 / LEVEL, 2), small) for small in (SMALL, ADDRESS)),
    *(("pool", "empty", "libwt", ">", 1.0, other) for other in (CROSSBEAM, CROSSBEAM_QUEUE, GO)),
    # Beyond those: what is not to be lost again, and how far the limits are.
    *(("stream", f"{size} bytes", "libwt", ">=", 0.6 if size == 8 else 0.75, MPSC) for size in SIZES),
    *(("stream", f"{size} bytes", SINGLE, ">=", 0.6 if size == 8 else 0.75, SPSC) for size in SIZES),
    *(("broadcast", "64 bytes", row, ">=", 1.1, CROSSBEAM) for row in ("libwt", "libwt, acknowledged")),
    ("waitnotify", "parked", "libwt", "<=", 1.3, FUTEX),
    *(("transfer", f"{n} MiB", "libwt", "<=", 1.0, other) for n in MEBIBYTES for other in (COPIED, TRANSFER_LIST)),
    ("pool", "empty", "libwt", ">=", 1.5, "oneTBB"),
    ("pool", "1 us", "libwt", ">=", 0.8, "limit: plain loops"),
    *(("pool", column, "libwt", ">=", 0.98, other) for column in ("10 us", "100 us")
      for other in (best_of_all, CROSSBEAM_QUEUE)),
    *(("poolwindow", f"{n} under way", "libwt", ">", 1.0, CROSSBEAM) for n in WINDOWS),
    ("poolhash", "SHA-256", "libwt", ">=", 1.25, "libuv uv_queue_work"),
    ("request", "request", "libwt", "<=", 0.33, "a pthread for each"),
]
# (work, column heading, libwt's row, at most, unit)
ABSOLUTE_TARGETS = [
    ("waitnotify", "awake", "libwt", 400, "ns"),
    ("memory", "idle", "libwt", 24, "KiB"),
]
# (work, how its columns' headings begin, libwt's row, how many times the cost of the least is at most that of the greatest)
SPREAD_TARGETS = [
    ("open", "1 of ", "libwt", 1.25),
    ("open", "16 of ", "libwt", 1.25),
    ("select", "", "libwt", 1.25),
    ("length", "", "libwt", 1.25),
]
