"""One process of the probe, started and watched by a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.localstack.instance import ROOT
from deploy.localstack.process import _die_with_parent
from tests.support import eventually


class Running:
    """One process of the probe."""

    def __init__(self, kind: str, env: Mapping[str, str], log: Path) -> None:
        self.kind = kind
        self.log = log
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "tests.probe.run", kind],
                cwd=ROOT,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=_die_with_parent,
            )

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def lives(self) -> bool:
        return self.popen.poll() is None

    def log_lines(self) -> list[dict[str, Any]]:
        """Its log, but for what is not one JSON object a line."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def said(self, event: str, **more: Any) -> list[dict[str, Any]]:
        """The lines of its log with this event and these values."""
        wanted = {"event": event, **more}
        return [line for line in self.log_lines() if wanted.items() <= line.items()]

    def wait_ready(self) -> Running:
        """Until it consumes."""

        def is_ready() -> bool:
            if not self.lives:
                raise RuntimeError(f"{self.kind} ended: {self.log.read_text()[-2000:]}")
            return bool(self.said("ready"))

        eventually(is_ready)
        return self

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        """As a crash does."""
        self.popen.kill()
        self.popen.wait()

    def terminate(self, within: float = 25) -> int:
        """As an operator does; its exit code."""
        self.popen.terminate()
        return self.popen.wait(within)
