/* SPDX-License-Identifier: MIT */
#include "atomics.h"

#include "atomic.h"

enum atomics_op { ATOMICS_LOAD, ATOMICS_EXCHANGE, ATOMICS_ADD, ATOMICS_SUB, ATOMICS_AND, ATOMICS_OR, ATOMICS_XOR };

/* `op` on the cell, and on the value cut to the cell's width. */
#define ATOMICS_APPLY(op, cell, value)                                                                \
	((cell)->width == 1   ? (uint64_t)op((_Atomic(uint8_t) *)(cell)->address, (uint8_t)(value))   \
	 : (cell)->width == 2 ? (uint64_t)op((_Atomic(uint16_t) *)(cell)->address, (uint16_t)(value)) \
	 : (cell)->width == 4 ? (uint64_t)op((_Atomic(uint32_t) *)(cell)->address, (uint32_t)(value)) \
			      : (uint64_t)op((_Atomic(uint64_t) *)(cell)->address, (uint64_t)(value)))

/* The seq_cst operations on the program's cells, whose partners are each other. */
#define ATOMICS_LOAD_SC(p, value) wti_load_sc(p) /* [cells-1] */

/* What the cell was. Each caller knows `op`, so only one of these is left in it. */
static inline uint64_t atomics_modify(const struct wti_cell *cell, enum atomics_op op, uint64_t value)
{
	switch (op) { /* [cells-1] */
	case ATOMICS_LOAD:
		return ATOMICS_APPLY(ATOMICS_LOAD_SC, cell, 0);
	case ATOMICS_EXCHANGE:
		return ATOMICS_APPLY(wti_xchg_sc, cell, value);
	case ATOMICS_ADD:
		return ATOMICS_APPLY(wti_add_sc, cell, value);
	case ATOMICS_SUB:
		return ATOMICS_APPLY(wti_sub_sc, cell, value);
	case ATOMICS_AND:
		return ATOMICS_APPLY(wti_and_sc, cell, value);
	case ATOMICS_OR:
		return ATOMICS_APPLY(wti_or_sc, cell, value);
	case ATOMICS_XOR:
		return ATOMICS_APPLY(wti_xor_sc, cell, value);
	}
	return 0;
}

#define ATOMICS_COMPARE_EXCHANGE(T, cell, expected, value)                                          \
	do {                                                                                        \
		T was = (T)(expected);                                                              \
		wti_cas_sc((_Atomic(T) *)(cell)->address, &was, (T)(value)); /* [cells-1] */        \
		return was;                                                                         \
	} while (0)

static uint64_t atomics_compare_exchange(const struct wti_cell *cell, uint64_t expected, uint64_t value)
{
	switch (cell->width) {
	case 1:
		ATOMICS_COMPARE_EXCHANGE(uint8_t, cell, expected, value);
	case 2:
		ATOMICS_COMPARE_EXCHANGE(uint16_t, cell, expected, value);
	case 4:
		ATOMICS_COMPARE_EXCHANGE(uint32_t, cell, expected, value);
	default:
		ATOMICS_COMPARE_EXCHANGE(uint64_t, cell, expected, value);
	}
}

/* A cell's bits as a value of its type. */
static int64_t atomics_value(int type, uint64_t bits)
{
	switch (type) {
	case WT_I8:
		return (int8_t)bits;
	case WT_I16:
		return (int16_t)bits;
	case WT_I32:
		return (int32_t)bits;
	default:
		return (int64_t)bits;
	}
}

static inline int atomics_run(const wt_shared *shared, int type, size_t index, enum atomics_op op, int64_t value,
			      int64_t *old)
{
	struct wti_cell cell;
	int err = wti_cell_find(&cell, shared, type, index);
	uint64_t was;

	if (err)
		return err;
	was = atomics_modify(&cell, op, (uint64_t)value);
	if (old)
		*old = atomics_value(type, was);
	return 0;
}

int wt_atomics_load(const wt_shared *shared, int type, size_t index, int64_t *value)
{
	WTI_USES(shared, SHARED);
	return value ? atomics_run(shared, type, index, ATOMICS_LOAD, 0, value) : WT_EINVAL;
}

/* On most processors, a seq_cst store is an exchange. */
int wt_atomics_store(wt_shared *shared, int type, size_t index, int64_t value)
{
	WTI_USES(shared, SHARED);
	return atomics_run(shared, type, index, ATOMICS_EXCHANGE, value, NULL);
}

int wt_atomics_exchange(wt_shared *shared, int type, size_t index, int64_t value, int64_t *old)
{
	WTI_USES(shared, SHARED);
	return atomics_run(shared, type, index, ATOMICS_EXCHANGE, value, old);
}

int wt_atomics_add(wt_shared *shared, int type, size_t index, int64_t value, int64_t *old)
{
	WTI_USES(shared, SHARED);
	return atomics_run(shared, type, index, ATOMICS_ADD, value, old);
}

int wt_atomics_sub(wt_shared *shared, int type, size_t index, int64_t value, int64_t *old)
{
	WTI_USES(shared, SHARED);
	return atomics_run(shared, type, index, ATOMICS_SUB, value, old);
}

int wt_atomics_and(wt_shared *shared, int type, size_t index, int64_t value, int64_t *old)
{
	WTI_USES(shared, SHARED);
	return atomics_run(shared, type, index, ATOMICS_AND, value, old);
}

int wt_atomics_or(wt_shared *shared, int type, size_t index, int64_t value, int64_t *old)
{
	WTI_USES(shared, SHARED);
	return atomics_run(shared, type, index, ATOMICS_OR, value, old);
}

int wt_atomics_xor(wt_shared *shared, int type, size_t index, int64_t value, int64_t *old)
{
	WTI_USES(shared, SHARED);
	return atomics_run(shared, type, index, ATOMICS_XOR, value, old);
}

int wt_atomics_compare_exchange(wt_shared *shared, int type, size_t index, int64_t expected, int64_t value,
				int64_t *old)
{
	struct wti_cell cell;
	int err = wti_cell_find(&cell, shared, type, index);
	uint64_t was;

	WTI_USES(shared, SHARED);
	if (err)
		return err;
	was = atomics_compare_exchange(&cell, (uint64_t)expected, (uint64_t)value);
	if (old)
		*old = atomics_value(type, was);
	return 0;
}

void wt_atomics_pause(void)
{
	wti_cpu_relax();
}

bool wt_atomics_is_lock_free(size_t size)
{
	switch (size) {
	case 1:
		return wti_always_lock_free(1);
	case 2:
		return wti_always_lock_free(2);
	case 4:
		return wti_always_lock_free(4);
	case 8:
		return wti_always_lock_free(8);
	default:
		return false;
	}
}
