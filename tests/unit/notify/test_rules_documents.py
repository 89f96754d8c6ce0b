"""docs/rules.md and docs/templates.md are held to the code."""

import re
from pathlib import Path

import pytest
import yaml

from services.notify.domain.audience import AUDIENCES
from services.notify.formats import FORMATS
from services.notify.reference.schema import RuleEntry
from services.notify.store import build
from shared.schemas import load
from tests.unit.notify.builders import the_config
from tests.unit.notify.test_formats import NOON, written

DOCS = Path(__file__).parents[3] / "docs"
RULES, TEMPLATES = ((DOCS / name).read_text(encoding="utf-8") for name in ("rules.md", "templates.md"))


def example(page):
    return yaml.safe_load(re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1])


def table(page):
    rows = re.findall(r"^\| (`.+?`) \| (.+) \|$", page, re.MULTILINE)
    return {name.strip("`"): cells for name, cells in rows}


def test_every_field_of_a_rule_is_told_and_no_other():
    described = {
        name for names in re.findall(r"^\| (`\w+`) \|", RULES, re.MULTILINE) for name in re.findall(r"\w+", names)
    }
    assert described == set(RuleEntry().fields) - {"template", "when"}
    assert {"template", "when"} <= set(example(RULES)[0])


def test_the_example_of_a_rule_is_one():
    (rule,) = example(RULES)
    load(RuleEntry, rule)
    body = the_config()
    body["templates"]["work_resolved"]["sms"] |= {}
    body["rules"] = [rule]
    assert [one.name for one in build(body, 1).rules] == ["work_resolved/customer"]


def test_every_audience_is_told():
    assert set(AUDIENCES) <= set(re.findall(r"`(\w+)`", table(RULES)["audience"]))


def test_the_example_of_a_template_can_be_written():
    body = the_config()
    body["templates"] |= example(TEMPLATES)
    assert build(body, 1).texts.language("work_resolved", "email", "fr") == "default"


@pytest.mark.parametrize("name", FORMATS)
def test_each_filter_writes_what_the_page_says(name):
    said = {key: cells.split(" | ") for key, cells in table(TEMPLATES).items()}
    values = {"number": 12345.678, "percent": 0.856, "money": "120.00", "duration": 10_800}
    for language, expected in zip(("zh-CN", "en"), said[name], strict=True):
        assert written(f"{{{{ value | {name} }}}}", language, value=values.get(name, NOON)) == expected
