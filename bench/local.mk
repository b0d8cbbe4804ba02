# SPDX-License-Identifier: MIT
# The benchmarks measure what a user gets: the shared library and the headers
# as installed, here into a root inside the build folder. bench/run finds them
# through pkg-config and LD_LIBRARY_PATH. BENCHFLAGS are bench/run's options.
EXTRA_DIST += \
	bench/README.md \
	bench/bench_broadcast.c \
	bench/bench_fanin.c \
	bench/bench_length.c \
	bench/bench_pingpong.c \
	bench/bench_pool.c \
	bench/bench_request.c \
	bench/bench_select.c \
	bench/bench_spawn.c \
	bench/bench_stream.c \
	bench/bench_transfer.c \
	bench/bench_waitnotify.c \
	bench/bursts.h \
	bench/compare \
	bench/costs.c \
	bench/encrypt.lua \
	bench/ends.h \
	bench/harness.c \
	bench/harness.h \
	bench/install \
	bench/install_node \
	bench/instructions \
	bench/memory.h \
	bench/peers/boost.cc \
	bench/peers/broadcast.h \
	bench/peers/channels.go \
	bench/peers/channels.rs \
	bench/peers/ck.c \
	bench/peers/dpdk.c \
	bench/peers/encrypt_piscina.mjs \
	bench/peers/encrypt_worker.mjs \
	bench/peers/glib.c \
	bench/peers/moodycamel.cc \
	bench/peers/gthreadpool.c \
	bench/peers/jobs.h \
	bench/peers/loops.c \
	bench/peers/mutex.c \
	bench/peers/nng.c \
	bench/peers/package.json \
	bench/peers/pair.c \
	bench/peers/pause.h \
	bench/peers/plain_sender.h \
	bench/peers/piscina.mjs \
	bench/peers/pool.go \
	bench/peers/pool.rs \
	bench/peers/ports.h \
	bench/peers/ports_pipes.c \
	bench/peers/ports_uv.c \
	bench/peers/ports_words.c \
	bench/peers/ports_zmq.c \
	bench/peers/post_message.mjs \
	bench/peers/process.c \
	bench/peers/queues.h \
	bench/peers/request.c \
	bench/peers/select.go \
	bench/peers/select.mjs \
	bench/peers/select.rs \
	bench/peers/spin.h \
	bench/peers/spin_mpsc.c \
	bench/peers/spin_spsc.c \
	bench/peers/tbb.cc \
	bench/peers/tbbqueue.cc \
	bench/peers/thread.c \
	bench/peers/trips.mjs \
	bench/peers/urcu.c \
	bench/peers/uv.c \
	bench/peers/uvpool.c \
	bench/peers/worker_threads.mjs \
	bench/peers/works.h \
	bench/peers/zmq.c \
	bench/plots.py \
	bench/programs/interleaved.py \
	bench/programs/wtsum \
	bench/programs/wtzip \
	bench/report.py \
	bench/request.h \
	bench/results \
	bench/rows.py \
	bench/run \
	bench/scaling \
	bench/scaling \
	bench/servers \
	bench/summary.py \
	bench/tasks.h \
	bench/ways.h

bench_root = $(abs_builddir)/bench/root

bench: all
	@rm -rf $(bench_root)
	@$(MAKE) --no-print-directory -s install DESTDIR=$(bench_root) >/dev/null
	@PKG_CONFIG_SYSROOT_DIR=$(bench_root) \
	PKG_CONFIG_PATH=$(bench_root)$(pkgconfigdir) \
	LD_LIBRARY_PATH=$(bench_root)$(libdir) \
	CC='$(CC)' top_builddir=$(abs_top_builddir) \
	$(abs_srcdir)/bench/run $(BENCHFLAGS)
.PHONY: bench

# Needs wrk, and bench/install_node for the peers.
bench-servers: all
	@$(abs_srcdir)/bench/servers --builddir $(abs_top_builddir) $(BENCHFLAGS)
.PHONY: bench-servers

clean-local: clean-bench
clean-bench:
	rm -rf $(bench_root) $(abs_builddir)/bench/out $(abs_builddir)/bench/node $(abs_builddir)/bench/compare
.PHONY: clean-bench
