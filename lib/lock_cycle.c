/* SPDX-License-Identifier: MIT
 *
 * Threads that wait for each other. A pending request waits for each lock of
 * its name that is held or was requested before it, and conflicts with it; so
 * its thread waits for that lock's. The cycles are the strongly connected
 * components of this graph (Tarjan 1972, without the recursion).
 *
 * Of all these edges, as many are enough as there are requests: those to the
 * latest exclusive request before it, and for an exclusive one those to the
 * shared ones after that. What they wait for in turn is reached through them.
 */
#include <stdlib.h>

#include "alloc.h"
#include "lock.h"

/* One request waits for another. */
struct cycle_edge {
	size_t from, to; /* entries */
	size_t next;     /* of the same thread, or CYCLE_NONE */
};

#define CYCLE_NONE SIZE_MAX

/* One thread. */
struct cycle_node {
	uint64_t thread_id;
	size_t edge;      /* the next to follow, or CYCLE_NONE */
	size_t seen;      /* from 1, in the order in which they were; 0: not yet */
	size_t low;       /* the first seen that is known to be reached */
	size_t component; /* from 1; 0: not known yet */
	size_t below;     /* on the path: the node that led here */
	unsigned cycle;   /* of the component's first node to be numbered: from 1; 0: none yet */
};

struct cycle_graph {
	struct wti_lock_entry *entries;
	size_t count; /* of entries, and the most that there can be of nodes and half of the edges */
	struct cycle_node *nodes; /* by thread_id */
	size_t node_count;
	struct cycle_edge *edges;
	size_t edge_count;
	size_t *open; /* nodes seen whose component is not known: a stack */
	size_t open_count;
	size_t seen, components;
};

/* ---- Nodes and edges ---- */

static int cycle_compare(const void *left, const void *right)
{
	const struct cycle_node *a = left, *b = right;

	return a->thread_id < b->thread_id ? -1 : a->thread_id > b->thread_id;
}

static void cycle_make_nodes(struct cycle_graph *graph)
{
	for (size_t i = 0; i < graph->count; i++)
		graph->nodes[i] =
			(struct cycle_node){ .thread_id = graph->entries[i].info.thread_id, .edge = CYCLE_NONE };
	qsort(graph->nodes, graph->count, sizeof *graph->nodes, cycle_compare);
	for (size_t i = 0; i < graph->count; i++)
		if (!i || cycle_compare(&graph->nodes[i], &graph->nodes[graph->node_count - 1]) != 0)
			graph->nodes[graph->node_count++] = graph->nodes[i];
}

static size_t cycle_node_of(const struct cycle_graph *graph, size_t entry)
{
	struct cycle_node key = { .thread_id = graph->entries[entry].info.thread_id };
	struct cycle_node *node = bsearch(&key, graph->nodes, graph->node_count, sizeof key, cycle_compare);

	return (size_t)(node - graph->nodes);
}

static void cycle_add_edge(struct cycle_graph *graph, size_t from, size_t to)
{
	struct cycle_node *node = &graph->nodes[cycle_node_of(graph, from)];

	graph->edges[graph->edge_count] = (struct cycle_edge){ .from = from, .to = to, .next = node->edge };
	node->edge = graph->edge_count++;
}

static bool cycle_is_shared(const struct cycle_graph *graph, size_t entry)
{
	return graph->entries[entry].info.mode == WT_LOCK_SHARED;
}

/* The edges of one name: its entries, the held ones first, go from `first` up to `end`. */
static void cycle_add_name(struct cycle_graph *graph, size_t first, size_t end)
{
	size_t barrier = CYCLE_NONE; /* the latest exclusive one so far */

	for (size_t i = first; i < end; i++) {
		bool shared = cycle_is_shared(graph, i);
		size_t group = barrier == CYCLE_NONE ? first : barrier + 1;

		if (graph->entries[i].info.pending) {
			if (barrier != CYCLE_NONE && (shared || group == i))
				cycle_add_edge(graph, i, barrier);
			for (size_t j = group; !shared && j < i; j++)
				cycle_add_edge(graph, i, j);
		}
		if (!shared)
			barrier = i;
	}
}

static void cycle_add_edges(struct cycle_graph *graph)
{
	size_t first = 0;

	for (size_t i = 1; i <= graph->count; i++) {
		if (i < graph->count &&
		    wti_lock_compare_names(&graph->entries[first].info, &graph->entries[i].info) == 0)
			continue;
		cycle_add_name(graph, first, i);
		first = i;
	}
}

/* ---- Components ---- */

static void cycle_open(struct cycle_graph *graph, size_t index, size_t below)
{
	struct cycle_node *node = &graph->nodes[index];

	node->seen = node->low = ++graph->seen;
	node->below = below;
	graph->open[graph->open_count++] = index;
}

/* The component whose first node this is: all that were opened since. */
static void cycle_close(struct cycle_graph *graph, size_t index)
{
	size_t component = ++graph->components, top;

	do {
		top = graph->open[--graph->open_count];
		graph->nodes[top].component = component;
	} while (top != index);
}

static void cycle_lower(struct cycle_node *node, size_t low)
{
	if (low < node->low)
		node->low = low;
}

/* From one node on, along a path that its nodes' `below` remember. */
static void cycle_search(struct cycle_graph *graph, size_t root)
{
	size_t at = root;

	cycle_open(graph, root, CYCLE_NONE);
	while (at != CYCLE_NONE) {
		struct cycle_node *node = &graph->nodes[at];

		if (node->edge != CYCLE_NONE) {
			const struct cycle_edge *edge = &graph->edges[node->edge];
			size_t next = cycle_node_of(graph, edge->to);

			node->edge = edge->next;
			if (!graph->nodes[next].seen) {
				cycle_open(graph, next, at);
				at = next;
			} else if (!graph->nodes[next].component) {
				cycle_lower(node, graph->nodes[next].seen);
			}
			continue;
		}
		if (node->low == node->seen)
			cycle_close(graph, at);
		if (node->below != CYCLE_NONE)
			cycle_lower(&graph->nodes[node->below], node->low);
		at = node->below;
	}
}

/* ---- Cycles ---- */

/* Both ends of each edge within a component; the component's number is kept in the node that has its index. */
static void cycle_number(struct cycle_graph *graph)
{
	unsigned cycles = 0;

	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct cycle_edge *edge = &graph->edges[i];
		size_t component = graph->nodes[cycle_node_of(graph, edge->from)].component;
		unsigned *cycle = &graph->nodes[component - 1].cycle;

		if (graph->nodes[cycle_node_of(graph, edge->to)].component != component)
			continue;
		if (!*cycle)
			*cycle = ++cycles;
		graph->entries[edge->from].info.cycle = *cycle;
		graph->entries[edge->to].info.cycle = *cycle;
	}
}

int wti_lock_find_cycles(struct wti_lock_entry *entries, size_t count)
{
	struct cycle_graph graph = { .entries = entries, .count = count };
	unsigned char *block = wti_alloc(count * (sizeof *graph.nodes + 2 * sizeof *graph.edges + sizeof *graph.open));

	if (!block)
		return count ? WT_ENOMEM : 0;
	graph.nodes = (struct cycle_node *)block;
	graph.edges = (struct cycle_edge *)(graph.nodes + count);
	graph.open = (size_t *)(graph.edges + 2 * count);
	cycle_make_nodes(&graph);
	cycle_add_edges(&graph);
	for (size_t i = 0; i < graph.node_count; i++)
		if (!graph.nodes[i].seen)
			cycle_search(&graph, i);
	cycle_number(&graph);
	wti_free(block);
	return 0;
}
