/* SPDX-License-Identifier: MIT */
#include "wtzip_partial.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

enum {
	PARTIAL_OWNER = S_IRUSR | S_IWUSR,
	/* A compressed program runs as nobody. */
	PARTIAL_MODE = S_IRWXU | S_IRWXG | S_IRWXO
};

static const int partial_signals[] = { SIGHUP, SIGINT, SIGTERM };

enum { PARTIAL_SIGNALS = sizeof partial_signals / sizeof *partial_signals };

/* Changed with these signals blocked, and read by their handler. */
static const char *volatile partial_path;

static void partial_on_signal(int number)
{
	if (partial_path)
		unlink(partial_path);
	/*
	 * Only now: with SA_RESETHAND the second of two signals can end the
	 * process between the reset and the handler's first instruction.
	 */
	signal(number, SIG_DFL);
	/* It takes effect when the handler returns. */
	raise(number);
}

static void partial_set(sigset_t *set)
{
	sigemptyset(set);
	for (int i = 0; i < PARTIAL_SIGNALS; i++)
		sigaddset(set, partial_signals[i]);
}

void wtzip_partial_watch(void)
{
	struct sigaction action = { .sa_handler = partial_on_signal };

	partial_set(&action.sa_mask);
	for (int i = 0; i < PARTIAL_SIGNALS; i++) {
		struct sigaction before;

		/* What nohup has it ignore stays ignored. */
		if (sigaction(partial_signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(partial_signals[i], &action, NULL);
	}
}

static void partial_block(sigset_t *before)
{
	sigset_t set;

	partial_set(&set);
	sigprocmask(SIG_BLOCK, &set, before);
}

static void partial_unblock(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}

int wtzip_partial_create(const char *path)
{
	sigset_t before;
	int fd;

	partial_block(&before);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, PARTIAL_OWNER);
	if (fd < 0)
		fd = -errno;
	else
		partial_path = path;
	partial_unblock(&before);
	return fd;
}

/* Only root can give a file away, and some file systems know neither owner nor mode: that is no error. */
static void partial_resemble(int fd, const struct stat *like)
{
	(void)!fchown(fd, like->st_uid, like->st_gid);
	(void)!fchmod(fd, like->st_mode & PARTIAL_MODE);
	(void)!futimens(fd, (struct timespec[]){ like->st_atim, like->st_mtim });
}

static void partial_forget(void)
{
	sigset_t before;

	partial_block(&before);
	partial_path = NULL;
	partial_unblock(&before);
}

int wtzip_partial_keep(int fd, const struct stat *like)
{
	int err = 0;

	partial_resemble(fd, like);
	/* Some file systems tell only now that there was no room. */
	if (close(fd)) {
		err = -errno;
		unlink(partial_path);
	}
	partial_forget();
	return err;
}

void wtzip_partial_drop(int fd)
{
	close(fd);
	unlink(partial_path);
	partial_forget();
}
