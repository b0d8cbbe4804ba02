/* SPDX-License-Identifier: MIT
 *
 * The same question asked in three workers: which variables do they see? One
 * has a copy of its creator's, one a list, one shares them and may change
 * them. All have the environment data that was set before.
 *
 *	$ GREETING=hello environment
 *	copy: data "42", GREETING is hello
 *	list: data "42", GREETING is from the list
 *	shared: data "42", GREETING is hello
 *	afterwards GREETING is set by shared
 */
#include <stdio.h>
#include <string.h>
#include <wt.h>

static const char key[] = "answer";

static const char *greeting(void)
{
	const char *value = wt_getenv("GREETING");

	return value ? value : "not set";
}

/* A line for the creator to print, then a change that only the sharing worker's creator sees. */
static int worker_main(wt_port *parent, const void *data, size_t size)
{
	char line[256], value[64];
	const char *answer = wt_get_environment_data(key, sizeof key, NULL);
	int err;

	snprintf(line, sizeof line, "%s: data \"%s\", GREETING is %s", wt_thread_name(), answer ? answer : "",
		 greeting());
	err = wt_port_post(parent, line, strlen(line) + 1);
	snprintf(value, sizeof value, "set by %s", wt_thread_name());
	if (!err)
		err = wt_setenv("GREETING", value);
	return err;
}

static int ask(const char *name, const char *const *env)
{
	wt_worker *worker;
	wt_message message;
	int err = wt_worker_create(&worker, worker_main, NULL, 0, WT_WORKER_OPTIONS(.name = name, .env = env));
	int code = 0;

	if (err)
		return err;
	err = wt_port_receive(wt_worker_port(worker), &message, WT_FOREVER);
	if (!err) {
		printf("%s\n", (const char *)message.data);
		err = wt_worker_join(worker, &code, WT_FOREVER);
	}
	wt_worker_destroy(worker);
	return err ? err : code;
}

int main(void)
{
	static const char *const list[] = { "GREETING=from the list", NULL };
	int err = wt_set_environment_data(key, sizeof key, "42", 3);

	if (!err)
		err = ask("copy", NULL);
	if (!err)
		err = ask("list", list);
	if (!err)
		err = ask("shared", WT_SHARE_ENV);
	if (err)
		return fprintf(stderr, "environment: %s\n", wt_strerror(err)), 1;
	printf("afterwards GREETING is %s\n", greeting());
	return 0;
}
