/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <wt.h>

static int show(wt_shared *shared)
{
	int64_t old, now;
	int err;

	/* 250 + 10, in 8 bits. */
	err = wt_atomics_store(shared, WT_U8, 0, 250);
	if (!err)
		err = wt_atomics_add(shared, WT_U8, 0, 10, &old);
	if (!err)
		err = wt_atomics_load(shared, WT_U8, 0, &now);
	if (err)
		return err;
	printf("%" PRId64 " + 10 = %" PRId64 "\n", old, now);

	/* The same byte, read as a signed one. */
	err = wt_atomics_sub(shared, WT_I8, 0, 5, NULL);
	if (!err)
		err = wt_atomics_load(shared, WT_I8, 0, &now);
	if (err)
		return err;
	printf("4 - 5 = %" PRId64 "\n", now);

	/* Only if it is what we think it is. */
	err = wt_atomics_compare_exchange(shared, WT_I8, 0, 7, 1, &old);
	if (!err)
		printf("not 7 but %" PRId64 "\n", old);
	return err;
}

int main(void)
{
	wt_shared *shared;
	int err = wt_shared_create(&shared, 16, 0);

	if (!err) {
		err = show(shared);
		/* 16 bytes are four cells of 32 bits, 0 to 3. */
		printf("cell 4: ");
		puts(wt_err_name(wt_atomics_store(shared, WT_I32, 4, 1)));
		wt_shared_release(shared);
	}
	if (err)
		fprintf(stderr, "atomics: %s\n", wt_strerror(err));
	return err != 0;
}
