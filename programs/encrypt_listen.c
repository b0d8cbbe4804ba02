/* SPDX-License-Identifier: MIT */
#include "encrypt_listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_on(const struct addrinfo *where)
{
	const int yes = 1;
	int fd = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
	    bind(fd, where->ai_addr, where->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	close(fd);
	return -1;
}

/* With the port that the system chose. */
static int listen_name(int fd, char url[ENCRYPT_URL_SIZE])
{
	struct sockaddr_storage name;
	socklen_t size = sizeof name;
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getsockname(fd, (struct sockaddr *)&name, &size) != 0 ||
	    getnameinfo((struct sockaddr *)&name, size, host, sizeof host, port, sizeof port,
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return -1;
	snprintf(url, ENCRYPT_URL_SIZE, name.ss_family == AF_INET6 ? "http://[%.100s]:%.5s" : "http://%.100s:%.5s",
		 host, port);
	return 0;
}

int encrypt_listen(const char *address, unsigned port, char url[ENCRYPT_URL_SIZE])
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
					.ai_socktype = SOCK_STREAM };
	struct addrinfo *where;
	char service[16];
	int failed, fd;

	snprintf(service, sizeof service, "%u", port);
	failed = getaddrinfo(address, service, &hints, &where);
	if (failed) {
		fprintf(stderr, "encrypt_server: address '%s': %s\n", address, gai_strerror(failed));
		return -1;
	}
	fd = listen_on(where);
	freeaddrinfo(where);
	if (fd >= 0 && listen_name(fd, url) == 0)
		return fd;
	fprintf(stderr, "encrypt_server: port %u of %s: %s\n", port, address, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}
