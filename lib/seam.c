/* SPDX-License-Identifier: MIT */
#include "seam.h"

#ifdef WTI_TESTING

#include <stddef.h>

wti_yield_fn *WTI_REPLACED wti_yield_hook;
wti_fault_fn *WTI_REPLACED wti_fault_hook;
int wti_mutant;
uint64_t wti_ring_origin;
size_t wti_select_few = 16;
uint32_t wti_source_often = 2;
uint16_t wti_ring_patience = WTI_RING_PATIENCE;

#else

typedef int wti_seam_is_empty_in_the_product;

#endif
