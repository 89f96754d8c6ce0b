"""Durations as the reference data write them."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def duration(text: str) -> timedelta:
    """`90m`, `36h` or `5d`; `ValueError` on anything else."""
    form = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text)
    if form is None:
        raise ValueError("needs a form like 90m, 36h or 5d")
    return int(form[1]) * _UNITS[form[2]]
