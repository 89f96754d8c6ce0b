"""What would have been: a log of work played through dispatch's own rules, with a virtual clock, in memory."""
