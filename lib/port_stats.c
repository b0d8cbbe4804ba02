/* SPDX-License-Identifier: MIT */
#include <wt/stats.h>

#include "error.h"
#include "fork.h"
#include "port.h"

int wt_port_stats(const wt_port *port, struct wt_port_stats *stats)
{
	wt_port *own = (wt_port *)(uintptr_t)port;
	struct wt_port_stats now = { 0 };

	WTI_USES(port, PORT);
	if (!port || !stats)
		return WT_EINVAL;
	if (!wti_port_own(port))
		return wti_fork_error(WT_EOWNER);
	now.received = wti_load(&own->received);
	now.received_bytes = wti_load(&own->received_bytes);
	now.dropped = wti_load(&own->dropped);
	now.undelivered = wti_load(&own->peer->dropped);
	now.refused = wti_load(&own->refused);
	wti_ring_note_use(&own->inbox);
	now.queued = wti_ring_used(&own->inbox);
	now.high_water = wti_load(&own->inbox.high_water);
	now.limit = own->inbox.limit == WTI_NO_LIMIT ? 0 : own->inbox.limit;
	return wti_snapshot_write(stats, &now, sizeof now);
}
