"""Public holidays as the single days of a business calendar, from kept packages.

Mainland China by `chinesecalendar`, which holds the State Council's yearly announcements with their make-up working
days; everywhere else by `holidays`, which computes them from each country's rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version

import chinese_calendar
import holidays

CHINA = "CN"
Day = Mapping[str, str | bool]  # as in a calendar's `days`


class NotKnown(ValueError):
    """The package does not know this place, language or year; the message says what it knows."""


@dataclass(frozen=True)
class Source:
    """A place's holidays: which package tells them, and for which years."""

    place: str
    package: str
    years: range
    language: str | None = None

    def days(self, years: Iterable[int], make_up_as: str) -> dict[date, Day]:
        """The holidays, and the make-up working days with the hours of `make_up_as`. Raises `NotKnown`."""
        if unknown := sorted(set(years) - set(self.years)):
            known = f"{self.years[0]} to {self.years[-1]}"
            raise NotKnown(f"{self.package} does not know {_listed(unknown)} in {self.place}; it knows {known}")
        found = _china(years, make_up_as) if self.place == CHINA else self._elsewhere(years)
        return dict(sorted(found.items()))

    def _elsewhere(self, years: Iterable[int]) -> dict[date, Day]:
        told = _entity(self.place, self.language, years)
        return {day: {"closed": True, "name": name} for day, name in told.items()}


def source(place: str, language: str | None = None) -> Source:
    """Who tells the holidays of a country, or of a part of one (`DE-BY`). Raises `NotKnown`."""
    if place == CHINA:
        package = f"chinesecalendar {version('chinesecalendar')}"
        return Source(place, package, _range(day.year for day in chinese_calendar.holidays))
    entity = _entity(place, language, ())
    return Source(place, f"holidays {version('holidays')}", range(entity.start_year, entity.end_year + 1), language)


def _entity(place: str, language: str | None, years: Iterable[int]) -> holidays.HolidayBase:
    country, _, part = place.partition("-")
    countries = holidays.list_supported_countries(include_aliases=False)
    if country not in countries:
        raise NotKnown(f"{country!r} is not known; countries are named by two letters, such as CN, DE or US")
    if part and part not in countries[country]:
        raise NotKnown(f"{country} has no part {part!r}; known are {_listed(countries[country]) or 'none'}")
    # without a language it would take that of the machine, and another machine would write other names
    own = language or getattr(holidays, country).default_language
    languages = getattr(holidays, country).supported_languages
    if language and language not in languages:
        raise NotKnown(f"{country}'s holidays have no names in {language!r}; known are {_listed(languages) or 'none'}")
    return holidays.country_holidays(country, subdiv=part or None, years=years, language=own, expand=False)


def _china(years: Iterable[int], make_up_as: str) -> dict[date, Day]:
    wanted = set(years)
    closed: dict[date, Day] = {
        day: {"closed": True, "name": _name(name)}
        for day, name in chinese_calendar.holidays.items()
        if day.year in wanted
    }
    made_up: dict[date, Day] = {
        day: {"as": make_up_as, "name": f"调休 {_name(name)}"}
        for day, name in chinese_calendar.workdays.items()
        if day.year in wanted
    }
    return closed | made_up


def _name(name: str) -> str:
    return f"{chinese_calendar.Holiday(name).chinese} {name}"


def _range(years: Iterable[int]) -> range:
    known = set(years)
    return range(min(known), max(known) + 1)


def _listed(items: Iterable[object]) -> str:
    return ", ".join(str(item) for item in items)
