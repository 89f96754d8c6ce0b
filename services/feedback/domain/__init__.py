"""Feedback's rules: cases (one survey per resolution), work as measured, and the figures made of it. Pure."""
