// SPDX-License-Identifier: MIT
/* A uv_async_t and a locked list of allocated messages for each port, on one loop; the answer by a semaphore. */
#include "../bursts.h"

#include <uv.h>

struct node {
	struct node *next;
	uint64_t word;
};

struct port {
	uv_async_t async;
	uv_mutex_t lock;
	struct node *first, **last; /* under lock */
};

static struct bursts bursts;
static struct port ports[BURSTS_PORTS_MAX];
static uv_loop_t loop;
static uv_sem_t answers;

static void ports_took(unsigned port, uint64_t word);

static struct node *port_take(struct port *port)
{
	struct node *taken;

	uv_mutex_lock(&port->lock);
	taken = port->first;
	port->first = NULL;
	port->last = &port->first;
	uv_mutex_unlock(&port->lock);
	return taken;
}

static void port_wake(uv_async_t *async)
{
	struct port *port = (struct port *)async;
	struct node *node = port_take(port), *next;

	for (; node; node = next) {
		next = node->next;
		ports_took((unsigned)(port - ports), node->word);
		free(node);
	}
}

static void ports_open(unsigned count)
{
	uv_loop_init(&loop);
	uv_sem_init(&answers, 0);
	for (unsigned i = 0; i < count; i++) {
		uv_async_init(&loop, &ports[i].async, port_wake);
		uv_mutex_init(&ports[i].lock);
		ports[i].last = &ports[i].first;
	}
}

static void ports_close(void)
{
	for (unsigned i = 0; i < bursts.ports; i++)
		uv_close((uv_handle_t *)&ports[i].async, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
}

static void ports_post(unsigned port, uint64_t word)
{
	struct node *node = malloc(sizeof *node);

	if (!node)
		bench_die("malloc", 0);
	*node = (struct node){ NULL, word };
	uv_mutex_lock(&ports[port].lock);
	*ports[port].last = node;
	ports[port].last = &node->next;
	uv_mutex_unlock(&ports[port].lock);
	uv_async_send(&ports[port].async);
}

static void ports_await(void)
{
	uv_sem_wait(&answers);
}

static void ports_answer(void)
{
	uv_sem_post(&answers);
}

static void ports_take(void)
{
	uv_run(&loop, UV_RUN_ONCE);
}

static const char *peer_version(void)
{
	return uv_version_string();
}

#include "ports.h"
