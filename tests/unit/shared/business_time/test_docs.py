"""What docs/calendars.md shows is what it does."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

PAGE = (Path(__file__).parents[4] / "docs/calendars.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def test_the_example_works_when_pasted() -> None:
    printed = StringIO()
    with redirect_stdout(printed):
        exec(block("python"), {})
    assert printed.getvalue() == block("text")
