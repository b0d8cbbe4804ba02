/* SPDX-License-Identifier: MIT
 *
 * In the place of libFuzzer, for any compiler: runs the target with each file
 * that is named, or lies in a folder that is, one after the other.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"

enum { REPLAY_MOST = 1 << 16 /* bytes of an input */ };

static unsigned replay_count;

/* Its name comes first: what crashes says no more. */
static void replay_file(const char *path)
{
	static uint8_t data[REPLAY_MOST];
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file) {
		perror(path);
		exit(2);
	}
	size = fread(data, 1, sizeof data, file);
	fclose(file);
	printf("# %s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, size);
	replay_count++;
}

static int replay_is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay_folder(const char *path)
{
	struct dirent **entry;
	int count = scandir(path, &entry, replay_is_visible, alphasort);

	for (int i = 0; i < count; i++) {
		char file[4096];

		snprintf(file, sizeof file, "%s/%s", path, entry[i]->d_name);
		replay_file(file);
		free(entry[i]);
	}
	if (count >= 0)
		free(entry);
}

int main(int argc, char **argv)
{
	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		struct stat status;

		if (stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode))
			replay_folder(argv[i]);
		else
			replay_file(argv[i]);
	}
	printf("%u inputs\n", replay_count);
	return !replay_count;
}
