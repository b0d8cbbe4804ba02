/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

static int make_table(wt_port *parent, const void *data, size_t size)
{
	const size_t rows = 1000000;
	double *table;

	table = wt_calloc(rows, sizeof *table);
	if (!table)
		wt_fail(WT_ENOMEM, "a table of %zu rows", rows);
	return 0;
}

int main(void)
{
	wt_worker *worker;
	wt_failure failure;
	int err = wt_worker_create(&worker, make_table, NULL, 0,
				   WT_WORKER_OPTIONS(.heap_limit = 65536));

	if (!err)
		err = wt_worker_join(worker, NULL, WT_FOREVER);
	if (!err)
		err = wt_worker_failure(worker, &failure);
	if (!err)
		printf("%s: %s\n", wt_err_name(failure.code),
		       failure.message);
	wt_worker_destroy(worker);
	return err != 0;
}
