// SPDX-License-Identifier: MIT
/*
 * Limits: Boost.Lockfree's queue, for any producers ("many"), and its spsc_queue ("one"), elements by value, bounded.
 * Neither can sleep.
 */
#include "queues.h"

#include "pause.h"

#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <boost/version.hpp>
#include <cstdio>

template <typename Queue, typename Element> class Spinning {
	Queue queue;

public:
	explicit Spinning(const bench_args &args) : queue(args.capacity) {}
	class Sender {
		Spinning &spinning;

	public:
		explicit Sender(Spinning &s) : spinning(s) {}
		void send(const Element &element)
		{
			unsigned spins = 0;

			while (!spinning.queue.push(element))
				spin_pause(&spins);
		}
	};
	void receive(Element &element)
	{
		unsigned spins = 0;

		while (!queue.pop(element))
			spin_pause(&spins);
	}
};

template <typename Element>
using Many = Spinning<boost::lockfree::queue<Element, boost::lockfree::fixed_sized<true>>, Element>;
template <typename Element> using One = Spinning<boost::lockfree::spsc_queue<Element>, Element>;

static const char *peer_version()
{
	static char text[32];

	std::snprintf(text, sizeof text, "%d.%d.%d", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000,
		      BOOST_VERSION % 100);
	return text;
}

int main(int argc, char **argv)
{
	return queues_main<Many, One>(argc, argv);
}
