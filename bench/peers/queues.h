// SPDX-License-Identifier: MIT
/*
 * The works over any queue in C++, elements by value. A queue is a template of its element with
 *
 *	Queue(args)				opened by the consumer
 *	class Sender; Sender(queue)		a producer's end
 *	sender.send(element)
 *	queue.receive(element)			waits for one
 *
 * and peer_version() is NULL where only the driver knows it.
 */
#ifndef BENCH_QUEUES_H
#define BENCH_QUEUES_H

#include "../harness.h"

#include <memory>
#include <thread>
#include <vector>

static const char *peer_version();

template <size_t Size> struct Payload {
	unsigned char bytes[Size];
};

template <template <typename> class Queue, size_t Size> void stream(const bench_args &args)
{
	using Element = Payload<Size>;
	auto queue = std::make_unique<Queue<Element>>(args);
	std::vector<std::thread> threads;
	bench_checker check{};
	Element element;

	check.size = Size;
	bench_barrier_open(&args);
	for (unsigned producer = 0; producer < args.producers; producer++)
		threads.emplace_back([&args, &queue, producer] {
			typename Queue<Element>::Sender sender(*queue);
			Element own{};

			for (uint64_t i = 0; i < args.warmup + args.count; i++) {
				if (i == args.warmup)
					bench_barrier();
				bench_stamp(own.bytes, Size, producer, i);
				sender.send(own);
			}
		});
	auto consume = [&](uint64_t count) {
		while (count--) {
			queue->receive(element);
			bench_check(&check, element.bytes, Size);
		}
	};
	consume(args.producers * args.warmup);
	int64_t start = bench_now();
	bench_barrier();
	consume(args.producers * args.count);
	int64_t end = bench_now();
	for (auto &thread : threads)
		thread.join();
	bench_check_end(&check, &args);
	bench_report_rate(peer_version(), args.producers * args.count, end - start);
}

template <template <typename> class Queue> void stream_of_size(const bench_args &args)
{
	switch (args.size) {
	case 8: return stream<Queue, 8>(args);
	case 64: return stream<Queue, 64>(args);
	case 256: return stream<Queue, 256>(args);
	case 1024: return stream<Queue, 1024>(args);
	case 16384: return stream<Queue, 16384>(args);
	default: bench_unknown(&args);
	}
}

template <template <typename> class Queue> struct Pair {
	Queue<uint64_t> there, back;
	typename Queue<uint64_t>::Sender sender{there};

	explicit Pair(const bench_args &args) : there(args), back(args) {}

	static void trip(void *arg, uint64_t sequence)
	{
		auto pair = static_cast<Pair *>(arg);
		uint64_t answer;

		pair->sender.send(sequence);
		pair->back.receive(answer);
		if (answer != sequence)
			bench_die("round trip: wrong answer", 0);
	}
};

template <template <typename> class Queue> void pingpong(const bench_args &args)
{
	auto pair = std::make_unique<Pair<Queue>>(args);
	std::thread echo([&] {
		typename Queue<uint64_t>::Sender sender(pair->back);
		uint64_t value;

		for (uint64_t i = bench_trips_total(&args); i; i--) {
			pair->there.receive(value);
			sender.send(value);
		}
	});

	bench_trips(&args, peer_version(), Pair<Queue>::trip, pair.get());
	echo.join();
}

template <template <typename> class Queue> void queues_run(const bench_args &args)
{
	if (bench_is(args.work, "stream") || bench_is(args.work, "fanin"))
		stream_of_size<Queue>(args);
	else if (bench_is(args.work, "pingpong"))
		pingpong<Queue>(args);
	else
		bench_unknown(&args);
}

/* The variants `many`, and `one` of a queue for one producer. */
template <template <typename> class Many, template <typename> class One> int queues_main(int argc, char **argv)
{
	bench_args args;

	bench_parse(&args, argc, argv);
	if (bench_is(args.variant, "many"))
		queues_run<Many>(args);
	else if (bench_is(args.variant, "one") && args.producers == 1)
		queues_run<One>(args);
	else
		bench_unknown(&args);
	return 0;
}

#endif
