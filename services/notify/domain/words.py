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

#: Why nobody can take work, as dispatch's limits exclude them -> in each language.
CAUSES: Mapping[str, Mapping[str, str]] = {
    "nobody serves it": {"zh-CN": "没有人员负责此类工作", "en": "it is nobody's work"},
    "level": {"zh-CN": "技能等级不足", "en": "not skilled enough"},
    "role": {"zh-CN": "角色无权处理", "en": "their role may not"},
    "language": {"zh-CN": "语言不符", "en": "do not speak the language"},
    "channel": {"zh-CN": "不受理该渠道", "en": "do not serve the channel"},
    "shift": {"zh-CN": "不在班（含休假、休息）", "en": "off duty"},
    "presence": {"zh-CN": "不在岗或忙碌", "en": "away or busy"},
    "handed_over": {"zh-CN": "已移交他人代班", "en": "have handed over"},
    "subject": {"zh-CN": "是被投诉人", "en": "are whom it complains of"},
    "declined": {"zh-CN": "已拒接", "en": "have declined it"},
    "kind": {"zh-CN": "同类工作已达上限", "en": "have as much of its kind as they may"},
    "capacity": {"zh-CN": "工作量已满", "en": "have no room"},
}
_BETWEEN = {"zh-CN": "、", "en": "; "}


def in_language(data: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The data of an event as a template may use them: names by language become that language's.

    Where there is a `clock`, there is a `promise`: its name, empty for none. A `cause` is told in words.
    """
    named = {key: _name(value, language) if key.endswith("_name") else value for key, value in data.items()}
    if "cause" in data:
        named["cause"] = causes(data["cause"] or "", language)
    return named | {"promise": promise(named, language)} if "clock" in named else named


def promise(named: Mapping[str, Any], language: str) -> str:
    """What is promised by `clock`, of `part_name` or, without a name, of `part`."""
    clock = named["clock"] or ""
    form = PROMISES.get(clock, {}).get(language, clock)
    return form.replace("{part}", named.get("part_name") or named.get("part") or "")


def causes(limits: str, language: str) -> str:
    """The limits, with commas between, that kept everybody from the work; one without words is called by its name."""
    names = [name.strip() for name in limits.split(",")]
    return _BETWEEN.get(language, ", ").join(CAUSES.get(name, {}).get(language, name) for name in names)


def _name(value: Any, language: str) -> Any:
    """The name in the language, else in one that there is."""
    if not isinstance(value, Mapping):
        return value
    return value.get(language) or next(iter(value.values()), None)
