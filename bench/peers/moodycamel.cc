// SPDX-License-Identifier: MIT
/*
 * moodycamel's queues, unbounded, elements by value: BlockingConcurrentQueue ("many", with the tokens that are its fast
 * way) and BlockingReaderWriterQueue ("one").
 */
#include "../harness.h"

#include <concurrentqueue/blockingconcurrentqueue.h>
#include <memory>
#include <readerwriterqueue/readerwriterqueue.h>
#include <thread>
#include <vector>

template <size_t Size> struct Payload {
	unsigned char bytes[Size];
};

template <typename Element> class Many {
	moodycamel::BlockingConcurrentQueue<Element> queue;
	moodycamel::ConsumerToken consumer{queue};

public:
	class Sender {
		Many &many;
		moodycamel::ProducerToken token;

	public:
		explicit Sender(Many &m) : many(m), token(m.queue) {}
		void send(const Element &element) { many.queue.enqueue(token, element); }
	};
	void receive(Element &element) { queue.wait_dequeue(consumer, element); }
};

template <typename Element> class One {
	moodycamel::BlockingReaderWriterQueue<Element> queue;

public:
	class Sender {
		One &one;

	public:
		explicit Sender(One &o) : one(o) {}
		void send(const Element &element) { one.queue.enqueue(element); }
	};
	void receive(Element &element) { queue.wait_dequeue(element); }
};

template <template <typename> class Queue, size_t Size> void stream(const bench_args &args)
{
	using Element = Payload<Size>;
	auto queue = std::make_unique<Queue<Element>>();
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
	bench_report_rate(nullptr, args.producers * args.count, end - start);
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
	auto pair = std::make_unique<Pair<Queue>>();
	std::thread echo([&] {
		typename Queue<uint64_t>::Sender sender(pair->back);
		uint64_t value;

		for (uint64_t i = bench_trips_total(&args); i; i--) {
			pair->there.receive(value);
			sender.send(value);
		}
	});

	bench_trips(&args, nullptr, Pair<Queue>::trip, pair.get());
	echo.join();
}

int main(int argc, char **argv)
{
	bench_args args;

	bench_parse(&args, argc, argv);
	bool one = bench_is(args.variant, "one"), many = bench_is(args.variant, "many");
	bool many_producers = bench_is(args.work, "fanin");

	if (!many && (!one || many_producers))
		bench_unknown(&args);
	if (bench_is(args.work, "stream") || many_producers)
		one ? stream_of_size<One>(args) : stream_of_size<Many>(args);
	else if (bench_is(args.work, "pingpong"))
		one ? pingpong<One>(args) : pingpong<Many>(args);
	else
		bench_unknown(&args);
	return 0;
}
