/* SPDX-License-Identifier: MIT */
#include "thread_registry.h"

#include <pthread.h>
#include <wt/post_to_thread.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "support/ports.h"
#include "support/station.h"
#include "support/support.h"
#include "thread.h"

static struct wti_thread *find(uint64_t id)
{
	struct wti_thread *found;

	wti_registry_lock();
	found = wti_registry_find(id);
	wti_registry_unlock();
	return found;
}

static void a_thread_is_found_while_it_has_a_record(void **state)
{
	struct other others[3];
	uint64_t ids[3];

	(void)state;
	assert_ptr_equal(find(wt_thread_id()), wti_thread_self());
	for (int i = 0; i < 3; i++) {
		other_start(&others[i]);
		ids[i] = others[i].record->id;
	}
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(find(ids[i]), others[i].record);
	for (int i = 1; i >= 0; i--)
		other_end(&others[i]);
	assert_null(find(ids[0]));
	assert_null(find(ids[1]));
	assert_ptr_equal(find(ids[2]), others[2].record);
	other_end(&others[2]);
	assert_null(find(ids[2]));
	assert_null(find(UINT64_MAX));
}

static int entry_registers(wt_port *parent, const void *data, size_t size)
{
	struct wti_thread *self = wti_thread_self();
	wt_message message;

	(void)data;
	(void)size;
	if (find(self->id) || wt_on_thread_message(listen_well, NULL) || find(self->id) != self)
		return 1;
	wti_registry_enter(self); /* again does nothing */
	if (wt_port_post(parent, NULL, 0))
		return 1;
	return wt_port_receive(parent, &message, WT_FOREVER) == 0 ? 0 : 1;
}

/* A spawn leaves it alone. */
static void a_worker_is_there_from_its_first_listener_on(void **state)
{
	wt_message message;
	wt_worker *worker;
	int code = 1;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_registers, NULL, 0, NULL), 0);
	assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, in_time()), 0);
	assert_non_null(find(wt_worker_id(worker)));
	assert_int_equal(wt_worker_post(worker, NULL, 0), 0);
	assert_int_equal(wt_worker_join(worker, &code, in_time()), 0);
	assert_int_equal(code, 0);
	assert_null(find(wt_worker_id(worker)));
	wt_worker_destroy(worker);
}

enum { CHAIN = 200 }; /* more than there are buckets */

static void threads_of_one_bucket_leave_in_any_order(void **state)
{
	static struct wti_thread threads[CHAIN];

	(void)state;
	for (uint64_t i = 0; i < CHAIN; i++) {
		threads[i].id = 1000000000 + i;
		wti_registry_enter(&threads[i]);
	}
	for (size_t step = 0; step < CHAIN; step++) {
		size_t i = step * 77 % CHAIN;

		assert_ptr_equal(find(threads[i].id), &threads[i]);
		wti_registry_leave(&threads[i]);
		wti_registry_leave(&threads[i]);
		assert_null(find(threads[i].id));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_thread_is_found_while_it_has_a_record),
		TEST(a_worker_is_there_from_its_first_listener_on),
		TEST(threads_of_one_bucket_leave_in_any_order),
	};

	return cmocka_run_group_tests_name("thread_registry", tests, NULL, NULL);
}
