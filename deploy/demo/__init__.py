"""The demo: real incidents from a log, played through the loop as an outside system would."""
