// SPDX-License-Identifier: MIT
/* oneTBB's concurrent_bounded_queue, elements by value. Bounded, as the other bounded peers are. */
#include "queues.h"

#include <oneapi/tbb/concurrent_queue.h>
#include <oneapi/tbb/version.h>

template <typename Element> class Bounded {
	oneapi::tbb::concurrent_bounded_queue<Element> queue;

public:
	explicit Bounded(const bench_args &args) { queue.set_capacity(static_cast<std::ptrdiff_t>(args.capacity)); }
	class Sender {
		Bounded &bounded;

	public:
		explicit Sender(Bounded &b) : bounded(b) {}
		void send(const Element &element) { bounded.queue.push(element); }
	};
	void receive(Element &element) { queue.pop(element); }
};

static const char *peer_version()
{
	return TBB_VERSION_STRING;
}

int main(int argc, char **argv)
{
	bench_args args;

	bench_parse(&args, argc, argv);
	queues_run<Bounded>(args);
	return 0;
}
