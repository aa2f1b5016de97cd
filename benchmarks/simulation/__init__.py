"""A world for dispatch to be tried in: simulated time, hosts, a link, a content thread and memory."""
