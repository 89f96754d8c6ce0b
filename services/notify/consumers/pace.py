"""How fast mails go to each domain: large providers put off whoever writes to them faster than they like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_PER = {"s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\*|[^=\s/@]+)=(\d+(?:\.\d+)?)/([smh])")
EVERYBODY = "*"
MOST_REMEMBERED = 10_000


def rates_of(text: str) -> dict[str, float]:
    """Domain -> mails a second, from `qq.com=5/s,outlook.com=600/h,*=50/s`; `*` is every other domain by itself.

    Raises `ValueError`.
    """
    rates: dict[str, float] = {}
    for part in filter(None, (item.strip() for item in text.split(","))):
        known = _PART.fullmatch(part)
        if known is None or float(known[2]) <= 0:
            raise ValueError(f"SMTP_PACE: {part!r} is not domain=number/s, /m or /h")
        rates[known[1].casefold()] = float(known[2]) / _PER[known[3]]
    return rates


@dataclass
class Pace:
    """Mails to a domain follow each other by 1/rate seconds at least. One process's own; times are in seconds."""

    rates: Mapping[str, float] = field(default_factory=dict)
    _free_at: dict[str, float] = field(default_factory=dict, init=False)

    def wait(self, domain: str, now: float) -> float:
        """Seconds until a mail may go there; 0: now."""
        return max(0.0, self._free_at.get(domain, 0.0) - now)

    def spend(self, domain: str, now: float) -> None:
        """A mail goes there now."""
        rate = self.rates.get(domain, self.rates.get(EVERYBODY))
        if rate is None:
            return
        if len(self._free_at) >= MOST_REMEMBERED:
            self._free_at = {name: free for name, free in self._free_at.items() if free > now}
        self._free_at[domain] = max(now, self._free_at.get(domain, 0.0)) + 1 / rate


def domain_of(to: str) -> str:
    """In small letters."""
    return to.rpartition("@")[2].casefold()
