/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <string.h>

#include "support/support.h"

static void pieces_follow_each_other(void **state)
{
	char bytes[32];
	struct wti_text text = { .bytes = bytes, .room = sizeof bytes };

	(void)state;
	wti_text_add(&text, "%d:%s", 7, "x");
	wti_text_add(&text, "%s", "");
	wti_text_add(&text, " end");
	assert_int_equal(text.size, 7);
	assert_memory_equal(bytes, "7:x end", 7);
}

static void quotes_keep_any_bytes_on_one_line(void **state)
{
	char bytes[64];
	struct wti_text text = { .bytes = bytes, .room = sizeof bytes };
	static const char expected[] = "\"\"\"a b~\\x22\\x5c\\x0a\\x00\\xff\\x7f\"";

	(void)state;
	wti_text_add_quoted(&text, NULL, 0);
	wti_text_add_quoted(&text, "a b~\"\\\n\0\xff\x7f", 10);
	assert_int_equal(text.size, sizeof expected - 1);
	assert_memory_equal(bytes, expected, sizeof expected - 1);
}

static void what_has_no_room_is_counted(void **state)
{
	char bytes[5] = "....";
	struct wti_text text = { .bytes = bytes, .room = 4 };

	(void)state;
	wti_text_add(&text, "abc");
	wti_text_add(&text, "de");
	wti_text_add(&text, "f"); /* nor does what is behind a gap fill it */
	assert_int_equal(text.size, 6);
	assert_string_equal(bytes, "abc.");
	text = (struct wti_text){ .bytes = NULL };
	wti_text_add(&text, "abc");
	wti_text_add_quoted(&text, "x", 1);
	assert_int_equal(text.size, 6);
}

static void a_long_piece_is_cut(void **state)
{
	char bytes[1024], piece[600];
	struct wti_text text = { .bytes = bytes, .room = sizeof bytes };

	(void)state;
	memset(piece, 'x', sizeof piece - 1);
	piece[sizeof piece - 1] = '\0';
	wti_text_add(&text, "%s", piece);
	assert_int_equal(text.size, 255);
	wti_text_add_quoted(&text, piece, 599);
	assert_int_equal(text.size, 255 + 601);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pieces_follow_each_other),
		TEST(quotes_keep_any_bytes_on_one_line),
		TEST(what_has_no_room_is_counted),
		TEST(a_long_piece_is_cut),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
