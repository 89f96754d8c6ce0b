"""Flows: what their definitions say, how they are read, and the proof of their course."""
