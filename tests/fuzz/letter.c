/* SPDX-License-Identifier: MIT
 *
 * Each letter says from whom it is, to which port, and which it is of those;
 * and the world knows of each what its post has returned.
 */
#include <string.h>

#include "fuzz/world.h"

enum { LETTER_MAGIC = 0x6c657474, LETTER_THINGS = 4 };

struct letter {
	uint32_t magic;
	uint32_t size;
	uint8_t to, from, number;
	uint8_t things;
	uint8_t thing[LETTER_THINGS];
};

static const size_t letter_sizes[] = { sizeof(struct letter), 24, 56, 57, 200, 2000 };

static struct letters *letters_of(const struct draft *draft)
{
	return &world.inbox[draft->to].from[draft->from];
}

static unsigned char letter_byte(const struct letter *letter, size_t at)
{
	return (unsigned char)(letter->number * 31u + letter->from * 7u + at);
}

bool letter_begin(struct draft *draft, unsigned from, unsigned to, unsigned size)
{
	struct letters *letters = &world.inbox[to].from[from];
	struct letter letter = { .magic = LETTER_MAGIC };

	if (letters->next == LETTERS_MOST)
		return false;
	draft->to = to;
	draft->from = from;
	draft->number = letters->next++;
	draft->size = letter_sizes[size % (sizeof letter_sizes / sizeof *letter_sizes)];
	letter.size = (uint32_t)draft->size;
	letter.to = (uint8_t)to;
	letter.from = (uint8_t)from;
	letter.number = (uint8_t)draft->number;
	memcpy(draft->bytes, &letter, sizeof letter);
	for (size_t i = sizeof letter; i < draft->size; i++)
		draft->bytes[i] = letter_byte(&letter, i);
	letters->state[draft->number] = LETTER_PENDING;
	letters->begun_as[draft->number] = ++world.letters;
	return true;
}

/* From now on its record may take room while time passes. */
void letter_goes(const struct draft *draft, enum letter_way way)
{
	letters_of(draft)->way[draft->number] = (uint8_t)way;
	world.inbox[draft->to].empty_at = INT64_MAX;
}

void letter_add_thing(struct draft *draft, unsigned thing)
{
	struct letter letter;

	memcpy(&letter, draft->bytes, sizeof letter);
	letter.thing[letter.things++] = (uint8_t)thing;
	memcpy(draft->bytes, &letter, sizeof letter);
}

/* The bytes may change after the post [M4]. */
void letter_let_go(const struct draft *draft)
{
	struct letters *letters = letters_of(draft);

	sched_drain_own();
	letters->ended_as[draft->number] = ++world.letters;
	letters->ended_at[draft->number] = wt_now();
	memset((void *)(uintptr_t)draft->bytes, 0xee, draft->size);
}

void letter_refuse(const struct draft *draft)
{
	uint8_t *state = &letters_of(draft)->state[draft->number];

	FUZZ_CHECK(*state == LETTER_PENDING || *state == LETTER_REFUSED);
	*state = LETTER_REFUSED;
}

void letter_end(const struct draft *draft, int err)
{
	uint8_t *state = &letters_of(draft)->state[draft->number];

	if (err)
		letter_refuse(draft);
	else
		FUZZ_CHECK(*state != LETTER_REFUSED);
	letter_let_go(draft);
	if (*state == LETTER_PENDING)
		*state = LETTER_ACCEPTED;
	if (!err)
		world.inbox[draft->to].empty_at = INT64_MAX;
}

void letter_doubt(const struct draft *draft)
{
	uint8_t *state = &letters_of(draft)->state[draft->number];

	if (*state == LETTER_PENDING)
		*state = LETTER_DOUBTFUL;
	letter_let_go(draft);
}

static void letter_check_bytes(const struct letter *letter, const wt_message *message)
{
	const unsigned char *bytes = message->data;

	FUZZ_CHECK(letter->magic == LETTER_MAGIC && letter->size == message->size);
	for (size_t i = sizeof *letter; i < message->size; i++)
		FUZZ_CHECK(bytes[i] == letter_byte(letter, i));
	FUZZ_CHECK(letter->things == message->transfer_count);
}

/* A commit that finds the port closed passes over its slot before it says so. */
static void letter_pass_slots(struct letters *letters, unsigned number)
{
	for (unsigned i = letters->expected; i < number; i++)
		if (letters->state[i] == LETTER_PENDING && letters->way[i] == LETTER_IN_SLOT)
			letters->state[i] = LETTER_REFUSED;
}

/* In its order, with none left out that was accepted before. */
static void letter_check_order(struct letters *letters, unsigned number)
{
	FUZZ_CHECK(number < letters->next && number >= letters->expected);
	for (unsigned i = letters->expected; i < number; i++)
		FUZZ_CHECK(letters->state[i] == LETTER_REFUSED || letters->state[i] == LETTER_DOUBTFUL);
	FUZZ_CHECK(letters->state[number] != LETTER_REFUSED);
	letters->state[number] = LETTER_RECEIVED;
	letters->expected = number + 1;
}

void letter_receive(unsigned at, const wt_message *message)
{
	struct letter letter;

	FUZZ_CHECK(message->size >= sizeof letter);
	memcpy(&letter, message->data, sizeof letter);
	fuzz_show("%u receives letter %u of %u", at, letter.number, letter.from);
	FUZZ_CHECK(letter.to == at && letter.from < ACTORS);
	letter_check_bytes(&letter, message);
	if (world.thing[at].closed_in_callback)
		letter_pass_slots(&world.inbox[at].from[letter.from], letter.number);
	letter_check_order(&world.inbox[at].from[letter.from], letter.number);
}

unsigned letter_number(const wt_message *message)
{
	struct letter letter;

	memcpy(&letter, message->data, sizeof letter);
	return letter.number;
}

unsigned letter_thing(const wt_message *message, unsigned index)
{
	struct letter letter;

	memcpy(&letter, message->data, sizeof letter);
	return letter.thing[index];
}

/* The first that was accepted and not received; NONE: all were. */
static unsigned letter_first(const struct letters *letters)
{
	for (unsigned i = letters->expected; i < letters->next; i++)
		if (letters->state[i] == LETTER_ACCEPTED)
			return i;
	return NONE;
}

static bool letter_sender_is_open(unsigned at)
{
	for (unsigned i = 0; i < world.things; i++) {
		const struct thing *thing = &world.thing[i];

		if ((thing->port || thing->sender) && thing->peer == at && thing->state == THING_OWNED &&
		    !thing->ending)
			return true;
	}
	return false;
}

void letter_check_close(unsigned at)
{
	for (unsigned i = 0; i < ACTORS; i++) {
		const struct letters *letters = &world.inbox[at].from[i];

		FUZZ_CHECK(letter_first(letters) == NONE);
		for (unsigned number = letters->expected; number < letters->next; number++)
			FUZZ_CHECK(letters->state[number] != LETTER_PENDING);
	}
	FUZZ_CHECK(!letter_sender_is_open(at));
}

unsigned letter_count(void)
{
	return world.letters;
}

typedef bool letter_holds(const struct letters *letters, unsigned number, int64_t since);

/* Any letter was being written at that count of letters, or after it. */
static bool letter_held(const struct letters *letters, unsigned number, int64_t since)
{
	return !letters->ended_as[number] || letters->ended_as[number] > (unsigned)since;
}

/* One was at that time or after it, over which time can pass. */
static bool letter_held_in_time(const struct letters *letters, unsigned number, int64_t since)
{
	return letters->way[number] == LETTER_IN_SLOT &&
	       (!letters->ended_as[number] || letters->ended_at[number] >= since);
}

/* Whether something that was begun before the letter was accepted may have held it back since. */
static bool letter_is_excused(const struct inbox *inbox, unsigned accepted_as, letter_holds *holds, int64_t since)
{
	for (unsigned i = 0; i < ACTORS; i++) {
		const struct letters *letters = &inbox->from[i];

		for (unsigned number = 0; number < letters->next; number++)
			if (letters->begun_as[number] < accepted_as && holds(letters, number, since))
				return true;
	}
	return false;
}

void letter_check_sleep(unsigned at, wt_time deadline)
{
	const struct inbox *inbox = &world.inbox[at];

	for (unsigned i = 0; i < ACTORS; i++) {
		const struct letters *letters = &inbox->from[i];
		unsigned number = letter_first(letters);

		FUZZ_CHECK(number == NONE || letters->ended_at[number] >= deadline ||
			   letter_is_excused(inbox, letters->ended_as[number], letter_held_in_time, deadline));
	}
}

void letter_check_none(unsigned at, unsigned before)
{
	const struct inbox *inbox = &world.inbox[at];

	for (unsigned i = 0; i < ACTORS; i++) {
		const struct letters *letters = &inbox->from[i];
		unsigned number = letter_first(letters);

		FUZZ_CHECK(number == NONE || letters->ended_as[number] > before ||
			   letter_is_excused(inbox, letters->ended_as[number], letter_held, before));
	}
}

void letter_check_none_of(unsigned at, unsigned from)
{
	FUZZ_CHECK(letter_first(&world.inbox[at].from[from]) == NONE);
}

/* What is being posted is there at this same time, or waits for room. */
static bool letter_is_out(const struct letters *letters, unsigned number)
{
	switch (letters->state[number]) {
	case LETTER_PENDING:
		return letters->way[number] == LETTER_POSTED;
	case LETTER_REFUSED:
		return true;
	default:
		return false;
	}
}

bool letter_is_quiet(unsigned at)
{
	for (unsigned i = 0; i < ACTORS; i++) {
		const struct letters *letters = &world.inbox[at].from[i];

		for (unsigned number = letters->expected; number < letters->next; number++)
			if (!letter_is_out(letters, number))
				return false;
	}
	return true;
}
