import pytest
from click.testing import CliRunner

from deploy.cli import main


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Your ticket is closed", "gsm7: 21 characters, 1 segment of 160\n"),
        ("您的工单已受理🙂", "ucs2: 9 characters, 1 segment of 70\n"),
        ("好" * 71, "ucs2: 71 characters, 2 segments of 67\n"),
    ],
)
def test_the_command_line_says_how_many_sms_a_text_takes(text, said):
    assert CliRunner().invoke(main, ["count-segments", text]).output == said
    assert CliRunner().invoke(main, ["count-segments", "-"], input=text).output == said
