# SPDX-License-Identifier: MIT
wt_pages = \
	man/wt_alloc.3 \
	man/wt_argv.3 \
	man/wt_atomics_add.3 \
	man/wt_atomics_wait.3 \
	man/wt_broadcast_on_message.3 \
	man/wt_broadcast_open.3 \
	man/wt_broadcast_post.3 \
	man/wt_buffer_create.3 \
	man/wt_channel_create.3 \
	man/wt_checkpoint.3 \
	man/wt_defer.3 \
	man/wt_dump.3 \
	man/wt_exit.3 \
	man/wt_interruptible.3 \
	man/wt_getenv.3 \
	man/wt_lock_acquire.3 \
	man/wt_lock_query.3 \
	man/wt_lock_request.3 \
	man/wt_loop_fd.3 \
	man/wt_message_take_port.3 \
	man/wt_move_port.3 \
	man/wt_now.3 \
	man/wt_pool_create.3 \
	man/wt_pool_map.3 \
	man/wt_pool_stats.3 \
	man/wt_pool_submit.3 \
	man/wt_port_call.3 \
	man/wt_on_worker_created.3 \
	man/wt_port_on_message.3 \
	man/wt_port_post.3 \
	man/wt_port_receive.3 \
	man/wt_port_reserve.3 \
	man/wt_port_sender.3 \
	man/wt_port_stats.3 \
	man/wt_post_to_thread.3 \
	man/wt_register_thread_name.3 \
	man/wt_run.3 \
	man/wt_select.3 \
	man/wt_set_environment_data.3 \
	man/wt_shared_create.3 \
	man/wt_sleep.3 \
	man/wt_stdout.3 \
	man/wt_strerror.3 \
	man/wt_thread_id.3 \
	man/wt_task_reply.3 \
	man/wt_timer_create.3 \
	man/wt_wait32.3 \
	man/wt_worker_create.3 \
	man/wt_worker_join.3 \
	man/wt_worker_on_message.3 \
	man/wt_worker_on_stdout.3 \
	man/wt_worker_port.3 \
	man/wt_worker_stats.3 \
	man/wt.7 \
	man/wt_debug.7 \
	man/wt_lifecycle.7 \
	man/wt_loops.7 \
	man/wt_memory.7 \
	man/wt_messaging.7 \
	man/wt_migrate.7 \
	man/wt_node.7 \
	man/wt_pool.7 \
	man/wt_shared_memory.7 \
	man/wt_threads.7 \
	man/wt_trace.7 \
	man/wt_tutorial.7 \
	man/wt_vs_processes.7

dist_man_MANS = $(wt_pages)

# `man wt_port_send` opens the page that describes it: each further name in
# the NAME section of a page of section 3 is installed as a page of one line.
wt_aliases = for page in $(filter %.3,$(wt_pages)); do \
		$(AWK) -v page=`basename $$page .3` ' \
			/^\.Sh/ { in_name = $$2 == "NAME" } \
			/^\.Nm/ && in_name && $$2 != page { print $$2, page }' $(srcdir)/$$page; \
	done

install-data-hook:
	@$(wt_aliases) | while read -r alias page; do \
		echo ".so man3/$$page.3" >"$(DESTDIR)$(man3dir)/$$alias.3" || exit 1; \
	done

uninstall-hook:
	@$(wt_aliases) | while read -r alias page; do \
		rm -f "$(DESTDIR)$(man3dir)/$$alias.3"; \
	done
	@for page in index.html style.css $(notdir $(wt_pages:=.html)); do \
		rm -f "$(DESTDIR)$(htmldir)/$$page"; \
	done

# The pages for a browser, in html/; mandoc makes them.
EXTRA_DIST += scripts/html-pages man/style.css

html-local:
	$(AM_V_GEN)$(srcdir)/scripts/html-pages html

install-html-local: html-local
	$(MKDIR_P) "$(DESTDIR)$(htmldir)"
	$(INSTALL_DATA) html/*.html html/style.css "$(DESTDIR)$(htmldir)"

# The program of each page's EXAMPLES, compiled as its reader would. Which
# there must be, scripts/check-pages knows; hence no list here. Parameters that
# a handler does not use would only be noise on a page.
wt_page_examples = $(patsubst $(srcdir)/%.c,%,$(wildcard $(srcdir)/man/examples/*.c))

check_DATA = $(wt_page_examples)
EXTRA_DIST += $(wt_page_examples:=.c) $(wt_page_examples:=.out) man/worker_threads.names
CLEANFILES += $(wt_page_examples)

# GNU make knows a .out as a copy of the program: not these.
%.out: %

$(wt_page_examples): %: %.c libwt.la
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(LIBTOOL) $(AM_V_lt) --tag=CC --mode=link $(CC) $(examples_cppflags) \
		$(CPPFLAGS) $(examples_cflags) -Wno-unused-parameter $(CFLAGS) $(wt_program_ldflags) $(LDFLAGS) \
		-o $@ $< $(examples_libs)

clean-local: clean-page-examples
clean-page-examples:
	rm -rf man/examples/.libs html
.PHONY: clean-page-examples
