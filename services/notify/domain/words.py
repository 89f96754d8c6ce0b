"""What a promise is called in a text to the staff, in each language; and names for people in the text's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Clock -> language -> what is promised; `{part}` is the step or the group of steps.
PROMISES: Mapping[str, Mapping[str, str]] = {
    "first_response": {"zh-CN": "首次响应", "en": "first response"},
    "resolution": {"zh-CN": "解决", "en": "resolution"},
    "next_update": {"zh-CN": "下次回复", "en": "next update"},
    "step": {"zh-CN": "环节“{part}”", "en": "step “{part}”"},
    "group": {"zh-CN": "环节组“{part}”", "en": "group of steps “{part}”"},
}


def in_language(data: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The data of an event as a template may use them: names by language become that language's.

    Where there is a `clock`, there is a `promise`: its name, empty for none.
    """
    named = {key: _name(value, language) if key.endswith("_name") else value for key, value in data.items()}
    return named | {"promise": promise(named, language)} if "clock" in named else named


def promise(named: Mapping[str, Any], language: str) -> str:
    """What is promised by `clock`, of `part_name` or, without a name, of `part`."""
    clock = named["clock"] or ""
    form = PROMISES.get(clock, {}).get(language, clock)
    return form.replace("{part}", named.get("part_name") or named.get("part") or "")


def _name(value: Any, language: str) -> Any:
    """The name in the language, else in one that there is."""
    if not isinstance(value, Mapping):
        return value
    return value.get(language) or next(iter(value.values()), None)
