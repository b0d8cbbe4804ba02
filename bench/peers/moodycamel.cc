// SPDX-License-Identifier: MIT
/*
 * moodycamel's queues, unbounded, elements by value: BlockingConcurrentQueue ("many", with the tokens that are its fast
 * way) and BlockingReaderWriterQueue ("one").
 */
#include "queues.h"

#include <concurrentqueue/blockingconcurrentqueue.h>
#include <readerwriterqueue/readerwriterqueue.h>

template <typename Element> class Many {
	moodycamel::BlockingConcurrentQueue<Element> queue;
	moodycamel::ConsumerToken consumer{queue};

public:
	explicit Many(const bench_args &) {}
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
	explicit One(const bench_args &) {}
	class Sender {
		One &one;

	public:
		explicit Sender(One &o) : one(o) {}
		void send(const Element &element) { one.queue.enqueue(element); }
	};
	void receive(Element &element) { queue.wait_dequeue(element); }
};

static const char *peer_version()
{
	return nullptr;
}

int main(int argc, char **argv)
{
	return queues_main<Many, One>(argc, argv);
}
