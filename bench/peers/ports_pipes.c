// SPDX-License-Identifier: MIT
/* A pipe for each port, and epoll. What is read at once is what a pipe has. */
#include "../bursts.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

static struct bursts bursts;
static int pipes[BURSTS_PORTS_MAX][2], answers[2], poll_fd;

static void ports_took(unsigned port, uint64_t word);

static void must(const char *what, bool is_done)
{
	if (!is_done)
		bench_die(what, errno);
}

static void ports_open(unsigned count)
{
	struct epoll_event event = { .events = EPOLLIN };

	bursts_allow_descriptors();
	poll_fd = epoll_create1(0);
	must("pipe", pipe(answers) == 0);
	for (unsigned i = 0; i < count; i++) {
		event.data.u32 = i;
		must("pipe", pipe(pipes[i]) == 0);
		must("epoll_ctl", epoll_ctl(poll_fd, EPOLL_CTL_ADD, pipes[i][0], &event) == 0);
	}
}

static void ports_close(void)
{
}

static void ports_post(unsigned port, uint64_t word)
{
	must("write", write(pipes[port][1], &word, sizeof word) == sizeof word);
}

static void ports_await(void)
{
	char byte;

	must("read", read(answers[0], &byte, 1) == 1);
}

static void ports_answer(void)
{
	must("write", write(answers[1], "", 1) == 1);
}

static void ports_take(void)
{
	struct epoll_event events[BURSTS_LENGTH];
	uint64_t words[BURSTS_LENGTH];
	int ready = epoll_wait(poll_fd, events, BURSTS_LENGTH, -1);
	ssize_t size;

	for (int i = 0; i < ready; i++) {
		size = read(pipes[events[i].data.u32][0], words, sizeof words);
		must("read", size > 0);
		for (size_t j = 0; j < (size_t)size / sizeof *words; j++)
			ports_took(events[i].data.u32, words[j]);
	}
}

static const char *peer_version(void)
{
	return NULL;
}

#include "ports.h"
