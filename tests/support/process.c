/* SPDX-License-Identifier: MIT */
#include "support/process.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void support_dump_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[300], line[256] = "";
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
		file = fopen(path, "r");
		if (file && fgets(line, sizeof line, file))
			line[strcspn(line, "\n")] = '\0';
		if (file)
			fclose(file);
		fprintf(stderr, "watchdog: thread %s (%s)", entry->d_name, line);
		snprintf(path, sizeof path, "/proc/self/task/%s/syscall", entry->d_name);
		file = fopen(path, "r");
		if (file && fgets(line, sizeof line, file))
			fprintf(stderr, " syscall %s", line);
		else
			fputc('\n', stderr);
		if (file)
			fclose(file);
	}
	if (dir)
		closedir(dir);
}

static unsigned support_count_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	unsigned n = 0;

	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

unsigned support_open_fds(void)
{
	return support_count_entries("/proc/self/fd");
}

unsigned support_threads(void)
{
	return support_count_entries("/proc/self/task");
}

size_t support_resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (file && fscanf(file, "%*u %lu", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}
