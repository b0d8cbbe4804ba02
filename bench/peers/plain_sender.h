// SPDX-License-Identifier: MIT
/*
 * For works.h: a sending end that is no more than its channel. Read where struct channel is known.
 */
#ifndef BENCH_PLAIN_SENDER_H
#define BENCH_PLAIN_SENDER_H

struct sender {
	struct channel *channel;
};

static void sender_open(struct sender *sender, struct channel *channel)
{
	sender->channel = channel;
}

static void sender_close(struct sender *sender)
{
	(void)sender;
}

#endif
