/* SPDX-License-Identifier: MIT */
#include "encrypt_options.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "count.h"

#define WORKERS_MAX 1024ul
#define QUEUE_MAX   1000000ul
#define BODY_MAX    (1ul << 30)
#define GRACE_MAX   86400ul
#define DELAY_MAX   86400000ul

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MS     INT64_C(1000000)

static const char options_help[] =
	"usage: encrypt_server [OPTION]...\n"
	"A web server that hashes on worker threads:\n"
	"\n"
	"  POST /encrypt  {\"data\":\"TEXT\"} is answered by {\"encrypted\":\"SHA-256 OF TEXT\"}\n"
	"  GET /metrics   what the server does and did, for Prometheus\n"
	"  GET /health    200 while it takes requests\n"
	"\n"
	"  --address=ADDRESS  where it listens, IPv4 or IPv6; default 127.0.0.1\n"
	"  --port=PORT        default 3000; 0 is any that is free. It is printed.\n"
	"  --workers=N        worker threads at the most; default one for each processor\n"
	"  --max-queue=N      requests that may wait for a worker; one more is answered\n"
	"                     by 503 and Retry-After; default 1024\n"
	"  --max-body=BYTES   of a request; a larger one is answered by 413; default\n"
	"                     1048576\n"
	"  --grace=SECONDS    at SIGTERM or SIGINT the server stops taking connections,\n"
	"                     and requests have so long to finish; default 10. A second\n"
	"                     signal ends that.\n"
	"  --help             print this text\n"
	"\n"
	"For tests:\n"
	"  --test-delay=MS    each request takes so long at least\n"
	"  --test-fail=TEXT   the worker that is given this text fails\n"
	"\n"
	"Status: 0; 1 when the server could not start, or requests did not finish in\n"
	"the time of grace; 2 for a wrong option.\n";

enum {
	OPTION_ADDRESS = 256,
	OPTION_PORT,
	OPTION_WORKERS,
	OPTION_QUEUE,
	OPTION_BODY,
	OPTION_GRACE,
	OPTION_DELAY,
	OPTION_FAIL,
	OPTION_HELP
};

static const struct option options_known[] = { { "address", required_argument, NULL, OPTION_ADDRESS },
					       { "port", required_argument, NULL, OPTION_PORT },
					       { "workers", required_argument, NULL, OPTION_WORKERS },
					       { "max-queue", required_argument, NULL, OPTION_QUEUE },
					       { "max-body", required_argument, NULL, OPTION_BODY },
					       { "grace", required_argument, NULL, OPTION_GRACE },
					       { "test-delay", required_argument, NULL, OPTION_DELAY },
					       { "test-fail", required_argument, NULL, OPTION_FAIL },
					       { "help", no_argument, NULL, OPTION_HELP },
					       { NULL, 0, NULL, 0 } };

static const char *options_name(int option)
{
	const struct option *known = options_known;

	while (known->val != option)
		known++;
	return known->name;
}

/* The number; 0, and *bad is true, after it said what is wrong. */
static unsigned long options_number(int option, unsigned long min, unsigned long max, bool *bad)
{
	unsigned long number;

	if (count_parse(optarg, min, max, &number))
		return number;
	fprintf(stderr, "encrypt_server: --%s: '%s' is not a number from %lu to %lu\n", options_name(option), optarg,
		min, max);
	*bad = true;
	return 0;
}

static void options_fail_text(struct encrypt_hooks *hooks, bool *bad)
{
	if (strlen(optarg) < sizeof hooks->fail) {
		strcpy(hooks->fail, optarg);
		return;
	}
	fprintf(stderr, "encrypt_server: --test-fail: longer than %zu bytes\n", sizeof hooks->fail - 1);
	*bad = true;
}

/* One option; false after it said what is wrong with it. */
static bool options_take(struct encrypt_options *options, int option)
{
	bool bad = false;

	switch (option) {
	case OPTION_ADDRESS:
		options->address = optarg;
		break;
	case OPTION_PORT:
		options->port = (unsigned)options_number(option, 0, 65535, &bad);
		break;
	case OPTION_WORKERS:
		options->workers = (unsigned)options_number(option, 1, WORKERS_MAX, &bad);
		break;
	case OPTION_QUEUE:
		options->queue_max = options_number(option, 1, QUEUE_MAX, &bad);
		break;
	case OPTION_BODY:
		options->body_max = options_number(option, 1, BODY_MAX, &bad);
		break;
	case OPTION_GRACE:
		options->grace = (int64_t)options_number(option, 0, GRACE_MAX, &bad) * NS_PER_SECOND;
		break;
	case OPTION_DELAY:
		options->hooks.delay = (int64_t)options_number(option, 0, DELAY_MAX, &bad) * NS_PER_MS;
		break;
	case OPTION_FAIL:
		options_fail_text(&options->hooks, &bad);
		break;
	default:
		bad = true;
	}
	return !bad;
}

static int options_refuse(const char *what)
{
	if (what)
		fprintf(stderr, "encrypt_server: %s: not an option\n", what);
	fputs("Try 'encrypt_server --help'.\n", stderr);
	return -1;
}

int encrypt_options_parse(struct encrypt_options *options, int argc, char **argv)
{
	int option;

	*options = (struct encrypt_options){ .address = "127.0.0.1",
					     .port = 3000,
					     .queue_max = 1024,
					     .body_max = 1 << 20,
					     .grace = 10 * NS_PER_SECOND };
	while ((option = getopt_long(argc, argv, "", options_known, NULL)) != -1) {
		if (option == OPTION_HELP)
			return fputs(options_help, stdout), 1;
		if (!options_take(options, option))
			return options_refuse(NULL);
	}
	return optind == argc ? 0 : options_refuse(argv[optind]);
}
