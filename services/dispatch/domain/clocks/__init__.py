"""Clocks that count business time towards promises."""
