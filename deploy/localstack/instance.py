"""A named stack on this machine: its folder, its lock, its state file and its control socket."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.localstack.errors import StackError

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".local"
LOCK_ATTEMPTS, LOCK_PAUSE_SECONDS = 10, 0.05


@dataclass(frozen=True)
class Instance:
    """Everything of the stack `name` lies under `.local/<name>`; the supervisor holds its lock while it lives."""

    name: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", self.name):
            raise StackError(f"a stack's name is small letters, digits and dashes, not {self.name!r}")

    @property
    def folder(self) -> Path:
        """Made on first use, readable by its owner only: it holds secrets."""
        folder = HOME / self.name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @property
    def logs(self) -> Path:
        """One file per process."""
        logs = self.folder / "logs"
        logs.mkdir(exist_ok=True)
        return logs

    @property
    def supervisor_log(self) -> Path:
        """What the supervisor reports."""
        return self.folder / "supervisor.log"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Held by the supervisor for its whole life.

        Raises: StackError if another one lives.
        """
        with (self.folder / "lock").open("w") as file:
            for _ in range(LOCK_ATTEMPTS):
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                time.sleep(LOCK_PAUSE_SECONDS)  # somebody may only be asking `is_up`
            else:
                raise StackError(f"the stack {self.name!r} runs already")
            yield

    def is_up(self) -> bool:
        """Whether its supervisor lives."""
        try:
            with (HOME / self.name / "lock").open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def state(self) -> dict[str, Any]:
        """The supervisor's last word: see `Supervisor.state`. Empty before the first."""
        file = HOME / self.name / "state.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def write_state(self, state: dict[str, Any]) -> None:
        """Replaces the state file in one step."""
        self.write_secret("state.json", json.dumps(state, indent=1))

    def write_secret(self, name: str, text: str) -> Path:
        """Writes a file that only its owner may read, in one step."""
        file, draft = self.folder / name, self.folder / f".{name}.new"
        draft.touch(mode=0o600)
        draft.write_text(text)
        draft.replace(file)
        return file

    def forget(self) -> None:
        """Removes everything that it left on disk."""
        shutil.rmtree(HOME / self.name, ignore_errors=True)

    @contextlib.contextmanager
    def control_address(self) -> Iterator[str]:
        """The control socket's address: by the folder's descriptor, since such addresses end at 107 bytes."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            yield f"/proc/self/fd/{descriptor}/control"
        finally:
            os.close(descriptor)

    def order(self, order: str, **arguments: Any) -> None:
        """Gives the supervisor an order (`control.obey`) and waits until it is done.

        Raises: StackError if it refuses or does not run.
        """
        with self.control_address() as address, socket.socket(socket.AF_UNIX) as line:
            try:
                line.connect(address)
            except OSError:
                raise StackError(f"the stack {self.name!r} does not run") from None
            line.sendall(json.dumps({"order": order, **arguments}).encode() + b"\n")
            answer = json.loads(line.makefile().readline() or '{"error": "the supervisor went away"}')
        if "error" in answer:
            raise StackError(answer["error"])
