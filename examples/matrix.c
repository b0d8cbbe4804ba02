/* SPDX-License-Identifier: MIT
 *
 * The product of two matrices that lie in shared memory. Each worker computes
 * every fourth row. They need no lock and no message: no two write the same
 * row, and a worker's end comes before the join that waits for it.
 *
 *	$ matrix 300 200 100
 *	300 x 200 by 200 x 100: checksum 8813963548
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <wt.h>

#define WORKERS 4
#define SIDE_MAX 1000

/* The left matrix has rows x inner elements, the right one inner x columns. */
struct shape {
	size_t rows, inner, columns;
};

/* The three matrices, as they lie in the shared memory: one behind the other, each row by row. */
struct matrices {
	double *left, *right, *product;
};

/* What a worker is told; the memory comes along. */
struct job {
	struct shape shape;
	size_t first; /* its first row; then every fourth */
};

static size_t memory_size(const struct shape *shape)
{
	return (shape->rows * shape->inner + shape->inner * shape->columns + shape->rows * shape->columns) *
	       sizeof(double);
}

static struct matrices lay_out(const struct shape *shape, wt_shared *memory)
{
	double *left = wt_shared_data(memory);
	double *right = left + shape->rows * shape->inner;

	return (struct matrices){ left, right, right + shape->inner * shape->columns };
}

static void multiply_row(const struct shape *shape, const struct matrices *m, size_t row)
{
	double *product = m->product + row * shape->columns;

	for (size_t k = 0; k < shape->inner; k++) {
		double factor = m->left[row * shape->inner + k];
		const double *right = m->right + k * shape->columns;

		for (size_t column = 0; column < shape->columns; column++)
			product[column] += factor * right[column];
	}
}

static void release(void *memory)
{
	wt_shared_release(memory);
}

/* Runs in each worker. What came along at index 0 is its own hold of the memory, to be given back however it ends. */
static int multiplier(wt_port *parent, const void *data, size_t size)
{
	const struct job *job = data;
	struct matrices m;
	wt_shared *memory;
	int err = wt_worker_data_take_shared(0, &memory);

	if (!err)
		err = wt_defer(release, memory);
	if (err)
		return err;
	m = lay_out(&job->shape, memory);
	for (size_t row = job->first; row < job->shape.rows; row += WORKERS) {
		multiply_row(&job->shape, &m, row);
		wt_checkpoint();
	}
	return 0;
}

static int start(wt_worker **worker, const struct job *job, wt_shared *memory)
{
	const wt_transfer list[] = { WT_SHARE(memory) };

	return wt_worker_create(worker, multiplier, job, sizeof *job,
				WT_WORKER_OPTIONS(.transfer = list, .transfer_count = 1));
}

/* Start all workers, and wait for all: what they wrote is to be read once they have ended. */
static int multiply(const struct shape *shape, wt_shared *memory)
{
	wt_worker *workers[WORKERS] = { NULL };
	int code = 0;
	int err = 0;

	for (size_t i = 0; i < WORKERS && !err; i++)
		err = start(&workers[i], &(struct job){ *shape, i }, memory);
	for (size_t i = 0; i < WORKERS; i++) {
		if (!err)
			err = wt_worker_join(workers[i], &code, WT_FOREVER);
		if (!err)
			err = code;
		wt_worker_destroy(workers[i]);
	}
	return err;
}

/* Small whole numbers, so that no sum is rounded and the order of adding does not matter. */
static void fill(const struct shape *shape, const struct matrices *m)
{
	for (size_t i = 0; i < shape->rows * shape->inner; i++)
		m->left[i] = (double)(i * 7 % 11);
	for (size_t i = 0; i < shape->inner * shape->columns; i++)
		m->right[i] = (double)(i * 3 % 13);
}

/* Gives each place another weight: a row in the wrong place is noticed, too. */
static uint64_t weigh(size_t index, double element)
{
	return (index % 97 + 1) * (uint64_t)element;
}

static uint64_t checksum(const struct shape *shape, const struct matrices *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < shape->rows * shape->columns; i++)
		sum += weigh(i, m->product[i]);
	return sum;
}

/* The same from the definition of the product, without workers. */
static uint64_t plain_checksum(const struct shape *shape, const struct matrices *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < shape->rows * shape->columns; i++) {
		size_t row = i / shape->columns, column = i % shape->columns;
		double element = 0;

		for (size_t k = 0; k < shape->inner; k++)
			element += m->left[row * shape->inner + k] * m->right[k * shape->columns + column];
		sum += weigh(i, element);
	}
	return sum;
}

static int run(const struct shape *shape)
{
	struct matrices m;
	wt_shared *memory;
	uint64_t sum, plain;
	int err = wt_shared_create(&memory, memory_size(shape), 0);

	if (err)
		return fprintf(stderr, "matrix: memory: %s\n", wt_strerror(err)), 1;
	m = lay_out(shape, memory);
	fill(shape, &m);
	err = multiply(shape, memory);
	sum = checksum(shape, &m);
	plain = plain_checksum(shape, &m);
	wt_shared_release(memory);
	if (err)
		return fprintf(stderr, "matrix: %s\n", wt_strerror(err)), 1;
	if (sum != plain)
		return fprintf(stderr, "matrix: checksum %" PRIu64 ", of a plain loop %" PRIu64 "\n", sum, plain), 1;
	printf("%zu x %zu by %zu x %zu: checksum %" PRIu64 "\n", shape->rows, shape->inner, shape->inner,
	       shape->columns, sum);
	return 0;
}

static int parse(const char *text, size_t *side)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || *text < '0' || *text > '9' || value < 1 || value > SIDE_MAX)
		return fprintf(stderr, "matrix: '%s' is not a number from 1 to %d\n", text, SIDE_MAX), -1;
	*side = value;
	return 0;
}

int main(int argc, char **argv)
{
	struct shape shape;

	if (argc != 4)
		return fprintf(stderr, "usage: matrix ROWS INNER COLUMNS\n"), 2;
	if (parse(argv[1], &shape.rows) || parse(argv[2], &shape.inner) || parse(argv[3], &shape.columns))
		return 2;
	return run(&shape);
}
