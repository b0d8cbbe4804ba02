/* SPDX-License-Identifier: MIT */
#include "list.h"

#include "support/support.h"

struct item {
	int number;
	struct wti_list link;
};

static void make_items(struct item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		items[i].number = (int)i;
		wti_list_init(&items[i].link);
	}
}

/* The numbers on the list, as decimal digits, read forwards and then checked backwards. */
static int numbers(struct wti_list *list)
{
	int forwards = 0, backwards = 0, unit = 1;

	for (struct wti_list *link = list->next; link != list; link = link->next)
		forwards = forwards * 10 + wti_list_entry(link, struct item, link)->number;
	for (struct wti_list *link = list->prev; link != list; link = link->prev) {
		backwards += wti_list_entry(link, struct item, link)->number * unit;
		unit *= 10;
	}
	assert_int_equal(forwards, backwards);
	return forwards;
}

static void elements_come_in_the_order_in_which_they_were_appended(void **state)
{
	struct item items[4];
	struct wti_list list;

	(void)state;
	make_items(items, 4);
	wti_list_init(&list);
	assert_true(wti_list_empty(&list));
	for (int i = 1; i < 4; i++)
		wti_list_append(&list, &items[i].link);
	assert_false(wti_list_empty(&list));
	assert_int_equal(numbers(&list), 123);
}

static void remove_takes_an_element_from_anywhere_and_again_does_nothing(void **state)
{
	struct item items[5];
	struct wti_list list;

	(void)state;
	make_items(items, 5);
	wti_list_init(&list);
	for (int i = 1; i < 5; i++)
		wti_list_append(&list, &items[i].link);
	wti_list_remove(&items[2].link);
	assert_int_equal(numbers(&list), 134);
	wti_list_remove(&items[2].link);
	assert_true(wti_list_empty(&items[2].link));
	wti_list_remove(&items[1].link);
	wti_list_remove(&items[4].link);
	assert_int_equal(numbers(&list), 3);
	wti_list_append(&list, &items[2].link);
	assert_int_equal(numbers(&list), 32);
}

static void pop_takes_the_first_until_none_is_left(void **state)
{
	struct item items[3];
	struct wti_list list;

	(void)state;
	make_items(items, 3);
	wti_list_init(&list);
	wti_list_append(&list, &items[1].link);
	wti_list_append(&list, &items[2].link);
	assert_ptr_equal(wti_list_pop(&list), &items[1].link);
	assert_true(wti_list_empty(&items[1].link));
	assert_ptr_equal(wti_list_pop(&list), &items[2].link);
	assert_null(wti_list_pop(&list));
	assert_true(wti_list_empty(&list));
}

static void take_all_moves_everything_in_order(void **state)
{
	struct item items[4];
	struct wti_list from, to;

	(void)state;
	make_items(items, 4);
	wti_list_init(&from);
	wti_list_init(&to);
	wti_list_move_all(&to, &from);
	assert_true(wti_list_empty(&to));
	for (int i = 1; i < 4; i++)
		wti_list_append(&from, &items[i].link);
	wti_list_move_all(&to, &from);
	assert_true(wti_list_empty(&from));
	assert_int_equal(numbers(&to), 123);
	wti_list_append(&from, wti_list_pop(&to));
	assert_int_equal(numbers(&from), 1);
	assert_int_equal(numbers(&to), 23);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(elements_come_in_the_order_in_which_they_were_appended),
		TEST(remove_takes_an_element_from_anywhere_and_again_does_nothing),
		TEST(pop_takes_the_first_until_none_is_left),
		TEST(take_all_moves_everything_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
