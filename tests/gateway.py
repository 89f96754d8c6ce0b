"""A gateway of SMPP as a process, whose file is its count (tests/smsc), and the SMS consumer as one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from tests.support import Stack, eventually

HERE = Path(__file__).parent / "smsc"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class Smsc:
    """`start` it again after `kill`: it keeps its ports and its file. `tls`: certificate and key."""

    def __init__(self, folder: Path, tls: tuple[Path, Path] | None = None) -> None:
        self._tls = tls
        self._file = folder / "taken.jsonl"
        self._folder = folder
        self.port, self._http = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def uri(self, **options: Any) -> str:
        """For SMS_GATEWAY."""
        query = "&".join(f"{name}={value}" for name, value in {"timeout": 5, "enquire": 1, **options}.items())
        kind, host = ("smpps", "localhost") if self._tls else ("smpp", "127.0.0.1")
        return f"{kind}://loopdesk:secret@{host}:{self.port}?{query}"

    def start(self) -> None:
        node = shutil.which("node") or "node"
        with (self._folder / "smsc.log").open("ab") as log:
            command = [node, "smsc.js", str(self.port), str(self._http), str(self._file), *map(str, self._tls or ())]
            self._process = subprocess.Popen(command, cwd=HERE, stdout=log, stderr=log)
        eventually(self._answers)

    def kill(self) -> None:
        """kill -9; a second time does nothing."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait(10)

    def tell(self, what: str, **body: Any) -> dict[str, Any]:
        answer: dict[str, Any] = requests.post(f"http://127.0.0.1:{self._http}/{what}", json=body, timeout=10).json()
        return answer

    def behave(self, **behaviour: Any) -> None:
        self.tell("behave", **behaviour)

    def state(self) -> dict[str, Any]:
        """What it has seen."""
        return self.tell("state")

    def taken(self) -> list[dict[str, Any]]:
        """Every SMS that it has, in order."""
        return [json.loads(line) for line in self._file.read_text().splitlines()] if self._file.exists() else []

    def _answers(self) -> bool:
        try:
            self.state()
        except requests.ConnectionError:
            return False
        return True


class Process:
    """The consumer as a process of its own, in place of the stack's; its log is a file."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self._log = folder / "consumer.log"
        self._environ = os.environ | {
            "LOOPDESK_AMQP_URI": stack.amqp_uri("sms-consumer"),
            "LOOPDESK_MONGO_URI": stack.mongo_uri("sms-consumer"),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, gateway: str, **settings: str) -> None:
        command = [sys.executable, "-m", "services.notify.consumers.sms"]
        with self._log.open("ab") as log:
            environ = {**self._environ, "SMS_GATEWAY": gateway, **settings}
            self._process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code; a second time does nothing."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        return process.wait(30)

    def said(self, event: str) -> list[dict[str, Any]]:
        """What it has logged under this name."""
        lines = map(json.loads, self._log.read_text().splitlines())
        return [line for line in lines if line["event"] == event]
