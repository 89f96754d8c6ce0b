"""Newer reference data for open work."""
