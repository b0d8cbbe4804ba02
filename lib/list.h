/* SPDX-License-Identifier: MIT
 *
 * A circular doubly linked list whose links live in its elements. Not
 * synchronised: a list belongs to one thread or to one lock.
 */
#ifndef WTI_LIST_H
#define WTI_LIST_H

#include "base.h"

struct wti_list {
	struct wti_list *next;
	struct wti_list *prev;
};

#define wti_list_entry(ptr, type, member) wti_container_of(ptr, type, member)

static inline void wti_list_init(struct wti_list *list)
{
	list->next = list;
	list->prev = list;
}

/* Also tells whether an element is on no list, as it was initialised or removed. */
static inline bool wti_list_empty(const struct wti_list *list)
{
	return list->next == list;
}

static inline void wti_list_append(struct wti_list *list, struct wti_list *element)
{
	element->prev = list->prev;
	element->next = list;
	list->prev->next = element;
	list->prev = element;
}

/* Take an element off whichever list it is on; again does nothing. */
static inline void wti_list_remove(struct wti_list *element)
{
	element->prev->next = element->next;
	element->next->prev = element->prev;
	wti_list_init(element);
}

/* The first element, taken off, or NULL. */
static inline struct wti_list *wti_list_pop(struct wti_list *list)
{
	struct wti_list *first = list->next;

	if (first == list)
		return NULL;
	wti_list_remove(first);
	return first;
}

/* Move everything on `from` to the end of `to`, in order. */
static inline void wti_list_move_all(struct wti_list *to, struct wti_list *from)
{
	if (wti_list_empty(from))
		return;
	from->next->prev = to->prev;
	from->prev->next = to;
	to->prev->next = from->next;
	to->prev = from->prev;
	wti_list_init(from);
}

#endif
