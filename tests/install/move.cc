/* SPDX-License-Identifier: MIT
 *
 * A C++17 program that knows only what is installed. It moves a port and a
 * buffer to a worker, which sends the buffer back through that port; then the
 * same from a std::thread, which libwt has not made.
 */
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>
#include <wt.h>

namespace {

template <typename T, void (*destroy)(T *)> struct destroyer {
	void operator()(T *what) const
	{
		destroy(what);
	}
};

using port_ptr = std::unique_ptr<wt_port, destroyer<wt_port, wt_port_close>>;
using buffer_ptr = std::unique_ptr<wt_buffer, destroyer<wt_buffer, wt_buffer_destroy>>;
using worker_ptr = std::unique_ptr<wt_worker, destroyer<wt_worker, wt_worker_destroy>>;

const char text[] = "stressed";
const char answer[] = "desserts";

int send_buffer(wt_port *port, wt_buffer *moving)
{
	wt_transfer list[] = { WT_MOVE(&moving) };
	wt_outgoing outgoing{};

	outgoing.transfer = list;
	outgoing.transfer_count = 1;
	int err = wt_port_send(port, &outgoing, WT_NOW);
	wt_buffer_destroy(moving); /* NULL, if it has gone */
	return err;
}

int reverse_worker(wt_port *parent, const void *, size_t)
{
	wt_message message;
	wt_port *port = nullptr;
	wt_buffer *buffer = nullptr;
	int err = wt_port_receive(parent, &message, WT_FOREVER);

	if (!err)
		err = wt_message_take_port(&message, 0, &port);
	if (!err)
		err = wt_message_take_buffer(&message, 1, &buffer);
	port_ptr owned(port);
	if (err) {
		wt_buffer_destroy(buffer);
		return err;
	}
	char *bytes = static_cast<char *>(wt_buffer_data(buffer));

	std::reverse(bytes, bytes + wt_buffer_size(buffer));
	return send_buffer(port, buffer);
}

bool failed(const char *what, int err)
{
	if (err)
		std::fprintf(stderr, "%s: %s\n", what, wt_strerror(err));
	return err != 0;
}

/* Both are the caller's no more; where the bytes are, stays. */
bool send_both(wt_worker *worker, wt_port *port, const void **address)
{
	wt_buffer *buffer;

	if (failed("buffer", wt_buffer_create(&buffer, sizeof text - 1)))
		return false;
	*address = wt_buffer_data(buffer);
	std::memcpy(wt_buffer_data(buffer), text, sizeof text - 1);

	wt_transfer list[] = { WT_MOVE(&port), WT_MOVE(&buffer) };
	wt_outgoing outgoing{};

	outgoing.transfer = list;
	outgoing.transfer_count = 2;
	int err = wt_port_send(wt_worker_port(worker), &outgoing, WT_NOW);
	bool gone = !port && !buffer;

	wt_port_close(port);
	wt_buffer_destroy(buffer);
	return !failed("send", err) && gone;
}

bool receive_answer(wt_port *port, const void *address)
{
	wt_message message;
	wt_buffer *buffer;

	if (failed("receive", wt_port_receive(port, &message, wt_after_ms(20000))) ||
	    failed("take", wt_message_take_buffer(&message, 0, &buffer)))
		return false;
	buffer_ptr owned(buffer);

	return wt_buffer_data(buffer) == address && wt_buffer_size(buffer) == sizeof answer - 1 &&
	       !std::memcmp(address, answer, sizeof answer - 1);
}

bool round_trip()
{
	wt_worker_options options;
	wt_worker *created;
	wt_port *near_end, *far_end;
	const void *address;

	wt_worker_options_init(&options);
	options.name = "reverse";
	if (failed("worker", wt_worker_create(&created, reverse_worker, nullptr, 0, &options)))
		return false;
	worker_ptr worker(created);

	if (failed("channel", wt_channel_create(&near_end, &far_end, nullptr)))
		return false;
	port_ptr port(near_end);

	return send_both(worker.get(), far_end, &address) && receive_answer(port.get(), address);
}

}

int main()
{
	bool here = round_trip();
	bool there = false;

	std::thread([&there] { there = round_trip(); }).join();
	std::printf("%s, %s\n", here ? "main: moved" : "main: failed", there ? "std::thread: moved" : "std::thread: failed");
	return here && there ? 0 : 1;
}
