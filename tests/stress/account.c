/* SPDX-License-Identifier: MIT */
#include "stress/account.h"

const char *const account_names[ACCOUNT_KINDS] = {
	[ACCOUNT_MESSAGES] = "messages", [ACCOUNT_DELETERS] = "deleters",   [ACCOUNT_CLOSES] = "closes",
	[ACCOUNT_WORKERS] = "workers",   [ACCOUNT_CLEANUPS] = "cleanups",   [ACCOUNT_TASKS] = "tasks",
	[ACCOUNT_SECTIONS] = "sections", [ACCOUNT_CALLBACKS] = "callbacks", [ACCOUNT_WAKES] = "wakes",
	[ACCOUNT_OUTCOMES] = "outcomes", [ACCOUNT_BYTES] = "bytes",
};

void account_owe(struct account *account, enum account_kind kind, uint64_t count)
{
	atomic_fetch_add_explicit(&account->owed[kind], count, memory_order_relaxed);
}

void account_pay(struct account *account, enum account_kind kind, uint64_t count)
{
	atomic_fetch_add_explicit(&account->paid[kind], count, memory_order_relaxed);
}

void account_add(struct account *total, const struct account *round)
{
	for (int i = 0; i < ACCOUNT_KINDS; i++) {
		account_owe(total, (enum account_kind)i, atomic_load(&round->owed[i]));
		account_pay(total, (enum account_kind)i, atomic_load(&round->paid[i]));
	}
}

bool account_is_even(const struct account *account, enum account_kind kind)
{
	return atomic_load(&account->owed[kind]) == atomic_load(&account->paid[kind]);
}

void account_judge(const struct account *account, struct verdict *verdict)
{
	for (int i = 0; i < ACCOUNT_KINDS; i++)
		if (!account_is_even(account, (enum account_kind)i))
			verdict_fail(verdict, __FILE__, __LINE__, "%s: %llu owed, %llu paid", account_names[i],
				     atomic_load(&account->owed[i]), atomic_load(&account->paid[i]));
}
