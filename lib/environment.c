/* SPDX-License-Identifier: MIT */
#include "environment.h"

#include <string.h>
#include <unistd.h>
#include <wt/environment.h>

#include "alloc.h"
#include "dictionary.h"
#include "fork.h"
#include "mutex.h"
#include "thread.h"

/* Variables that several threads share. */
struct wti_environment {
	_Atomic(uint32_t) holders;        /* threads */
	struct wti_mutex lock;            /* WTI_RANK_ENVIRONMENT */
	struct wti_dictionary *variables; /* under the lock */
};

/* What the process began with, once somebody has asked; never freed. */
static _Atomic(struct wti_dictionary *) environment_origin;

/* ---- From text ---- */

/* A name that can be set: the place of its '=', if it has one, is not its own. */
static bool environment_is_name(const char *name)
{
	return name && *name && !strchr(name, '=');
}

/* One "NAME=value"; of two with the same name the first counts, as getenv has it. */
static int environment_add(struct wti_dictionary **to, const char *text, const char *equals)
{
	size_t name_size = (size_t)(equals - text);
	struct wti_entry *entry, *old;
	int err;

	if (wti_dictionary_find(*to, text, name_size))
		return 0;
	entry = wti_entry_create(text, name_size, equals + 1, strlen(equals + 1) + 1);
	if (!entry)
		return WT_ENOMEM;
	err = wti_dictionary_put(to, entry, &old);
	if (err)
		wti_entry_release(entry);
	return err;
}

/* The variables of a list that NULL ends. What is none is WT_EINVAL, or left out if `lenient`. */
static int environment_read(struct wti_dictionary **out, const char *const *list, bool lenient)
{
	struct wti_dictionary *read = wti_dictionary_create();
	int err = read ? 0 : WT_ENOMEM;

	for (; !err && list && *list; list++) {
		const char *equals = strchr(*list, '=');

		if (equals && equals != *list)
			err = environment_add(&read, *list, equals);
		else if (!lenient)
			err = WT_EINVAL;
	}
	if (err)
		wti_dictionary_release(read);
	else
		*out = read;
	return err;
}

/* ---- The variables of a thread ---- */

static int environment_find_origin(struct wti_dictionary **out)
{
	struct wti_dictionary *known = NULL;
	int err;

	*out = wti_load_acq(&environment_origin); /* pairs with the exchange below [environment-origin] */
	if (*out)
		return 0;
	err = environment_read(out, (const char *const *)environ, true);
	if (err)
		return err;
	/* [environment-origin] Another thread may have read it meanwhile: its copy stays. */
	if (!wti_cas_acqrel(&environment_origin, &known, *out)) {
		wti_dictionary_release(*out);
		*out = known;
	}
	return 0;
}

/* Whatever needs the thread's variables calls this first. 0 or WT_ENOMEM. */
static int environment_begin(struct wti_thread *self)
{
	struct wti_dictionary *origin;
	int err;

	if (self->variables || self->variables_shared)
		return 0;
	err = environment_find_origin(&origin);
	if (err)
		return err;
	self->variables = wti_dictionary_hold(origin);
	self->end[WTI_END_ENVIRONMENT] = wti_environment_drop;
	return 0;
}

/* The thread's variables, locked if they are shared, until environment_unlock. */
static struct wti_dictionary **environment_lock(struct wti_thread *self)
{
	if (!self->variables_shared)
		return &self->variables;
	wti_mutex_lock(&self->variables_shared->lock);
	return &self->variables_shared->variables;
}

static void environment_unlock(struct wti_thread *self)
{
	if (self->variables_shared)
		wti_mutex_unlock(&self->variables_shared->lock);
}

/* ---- Creation and end ---- */

static void environment_release(struct wti_environment *shared)
{
	/* counter: who frees has seen that all the others are done */
	if (!shared || wti_sub_acqrel(&shared->holders, 1) != 1)
		return;
	wti_dictionary_release(shared->variables);
	wti_mutex_destroy(&shared->lock);
	wti_free(shared);
}

/* Make what the thread has shareable; it is the first of those that share it. */
static int environment_share(struct wti_thread *self)
{
	struct wti_environment *shared;

	if (self->variables_shared)
		return 0;
	shared = wti_alloc(sizeof *shared);
	if (!shared)
		return WT_ENOMEM;
	wti_store(&shared->holders, 1);
	wti_mutex_init(&shared->lock, WTI_RANK_ENVIRONMENT);
	shared->variables = self->variables;
	self->variables = NULL;
	self->variables_shared = shared;
	return 0;
}

static int environment_inherit_variables(struct wti_thread *thread, struct wti_thread *creator,
					 const char *const *list)
{
	int err;

	if (list && list != WT_SHARE_ENV)
		return environment_read(&thread->variables, list, false);
	err = environment_begin(creator);
	if (!err && list == WT_SHARE_ENV)
		err = environment_share(creator);
	if (err)
		return err;
	if (list == WT_SHARE_ENV) {
		wti_add(&creator->variables_shared->holders, 1); /* relaxed: the creator has a hold */
		thread->variables_shared = creator->variables_shared;
	} else {
		thread->variables = wti_dictionary_hold(*environment_lock(creator));
		environment_unlock(creator);
	}
	return 0;
}

int wti_environment_inherit(struct wti_thread *thread, struct wti_thread *creator, const char *const *list)
{
	int err = environment_inherit_variables(thread, creator, list);

	if (err)
		return err;
	thread->environment_data = wti_dictionary_hold(creator->environment_data);
	thread->end[WTI_END_ENVIRONMENT] = wti_environment_drop;
	return 0;
}

void wti_environment_drop(struct wti_thread *thread)
{
	wti_entry_release(thread->variable_read);
	wti_dictionary_release(thread->variables);
	environment_release(thread->variables_shared);
	wti_dictionary_release(thread->environment_data);
	thread->variable_read = NULL;
	thread->variables = NULL;
	thread->variables_shared = NULL;
	thread->environment_data = NULL;
}

/* ---- The public faces ---- */

/* The one that is returned is held: in variables that are shared, another thread may replace it at once. */
const char *wt_getenv(const char *name)
{
	struct wti_thread *self;
	struct wti_entry *entry;

	if (!environment_is_name(name))
		return NULL;
	self = wti_thread_self();
	if (!self || environment_begin(self) != 0)
		return NULL;
	entry = wti_entry_hold(wti_dictionary_find(*environment_lock(self), name, strlen(name)));
	environment_unlock(self);
	wti_entry_release(self->variable_read); /* last: it may be the name */
	self->variable_read = entry;
	return entry ? (const char *)entry->value : NULL;
}

int wt_setenv(const char *name, const char *value)
{
	struct wti_thread *self;
	struct wti_entry *entry, *old;
	int err;

	if (!environment_is_name(name) || !value)
		return WT_EINVAL;
	self = wti_thread_self();
	err = self ? environment_begin(self) : wti_fork_error(WT_ENOMEM);
	if (err)
		return err;
	entry = wti_entry_create(name, strlen(name), value, strlen(value) + 1);
	if (!entry)
		return WT_ENOMEM;
	err = wti_dictionary_put(environment_lock(self), entry, &old);
	environment_unlock(self);
	wti_entry_release(err ? entry : old);
	return err;
}

int wt_unsetenv(const char *name)
{
	struct wti_thread *self;
	struct wti_entry *old;
	int err;

	if (!environment_is_name(name))
		return WT_EINVAL;
	self = wti_thread_self();
	err = self ? environment_begin(self) : wti_fork_error(WT_ENOMEM);
	if (err)
		return err;
	err = wti_dictionary_take(environment_lock(self), name, strlen(name), &old);
	environment_unlock(self);
	wti_entry_release(old);
	return err;
}
