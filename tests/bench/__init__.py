"""`make bench`: what Loopdesk costs, beside bare pieces of the same stack, in one run on one machine."""
