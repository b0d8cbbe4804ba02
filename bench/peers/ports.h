// SPDX-License-Identifier: MIT
/*
 * The work select over anything in C that lets a thread wait for several things. A peer includes this once, after it has
 * defined
 *
 *	ports_open(count), ports_close()	by the receiver
 *	ports_post(port, word), ports_await()	by the poster: a message, the answer
 *	ports_take()				by the receiver: waits, and gives what there is to ports_took
 *	ports_answer()				by the receiver
 *	peer_version()
 */
#ifndef BENCH_PORTS_H
#define BENCH_PORTS_H

#include <pthread.h>

static void ports_took(unsigned port, uint64_t word)
{
	if (bursts_check(&bursts, port, word))
		ports_answer();
}

static void *ports_produce(void *arg)
{
	bursts_produce(&bursts, ports_post, ports_await);
	return arg;
}

int main(int argc, char **argv)
{
	struct bench_args args;
	pthread_t thread;

	bench_parse(&args, argc, argv);
	bursts_open(&bursts, &args);
	ports_open(bursts.ports);
	if (pthread_create(&thread, NULL, ports_produce, NULL))
		bench_die("pthread_create", 0);
	while (!bursts_are_over(&bursts))
		ports_take();
	pthread_join(thread, NULL);
	ports_close();
	bursts_report(&bursts, peer_version());
	return 0;
}

#endif
