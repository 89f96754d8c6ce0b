"""Who gets the work: hard limits first, then a score; and why, told afterwards."""
