"""`loopdesk apply`, as operators type it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.journey.outside import CONFIG, SERVICES, apply_reference
from tests.support import Stack

LOOPDESK = Path(sys.executable).parent / "loopdesk"


def loopdesk(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LOOPDESK_AMQP_URI": stack.amqp_uri("operator")}
    return subprocess.run([LOOPDESK, *arguments], env=environment, capture_output=True, text=True, timeout=60)


def versions(stack: Stack) -> dict[str, int]:
    client = stack.client("workbench")
    return {service: client.call(service, "get_reference")["version"] for service in SERVICES}


def test_applying_again_changes_nothing_and_a_fault_anywhere_applies_nothing(stack: Stack, tmp_path: Path) -> None:
    first = loopdesk(stack, "apply", str(CONFIG))
    applied = versions(stack)
    second = loopdesk(stack, "apply", str(CONFIG))

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "nothing to do" in second.stdout
    assert versions(stack) == applied

    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    feedback, notify = folder / "feedback.yaml", folder / "notify.yaml"
    feedback.write_text(feedback.read_text().replace("survey_days: 5", "survey_days: 6"))
    notify.write_text(notify.read_text().replace("Asia/Shanghai", "Mars/Olympus"))
    refused = loopdesk(stack, "apply", str(folder))
    assert refused.returncode == 1
    assert "time_zone" in refused.stderr
    assert versions(stack) == applied

    notify.write_text(notify.read_text().replace("Mars/Olympus", "Asia/Shanghai"))
    assert loopdesk(stack, "apply", str(folder)).returncode == 0
    assert versions(stack) == applied | {"feedback": applied["feedback"] + 1}
    apply_reference(stack)
