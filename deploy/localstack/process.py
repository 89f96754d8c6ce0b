"""One process, kept running."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
STEADY_SECONDS = 3.0  # alive for so long: its next death starts the backoff anew
LOG_END_LINES = 20
LINE_LENGTH = 400

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent() -> None:
    """Runs in the child: the kernel kills it when the supervisor goes, however that goes."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass(frozen=True)
class Command:
    """What to start: its whole environment stands here, nothing is inherited."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path


@dataclass(frozen=True)
class Death:
    """A process that ended without being asked to."""

    service: str
    pid: int
    code: int
    at: float
    log_end: str

    def __str__(self) -> str:
        how = f"signal {signal.Signals(-self.code).name}" if self.code < 0 else f"exit code {self.code}"
        said = "".join(f"\n    | {line}" for line in self.log_end.splitlines())
        return f"{self.service} (pid {self.pid}) died: {how}{said or ' (it said nothing)'}"


def log_end(log: Path, lines: int = LOG_END_LINES) -> str:
    """The last lines of a log file, long ones cut."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - LINE_LENGTH * lines))
        return "\n".join(line[:LINE_LENGTH] for line in file.read().decode(errors="replace").splitlines()[-lines:])


@dataclass
class Process:
    """Starts `command`, reports every death to `on_death`, and starts it again if `restart` says so.

    `restart` has the words of Docker Compose: no, on-failure, always, unless-stopped.
    """

    service: str
    command: Command
    log: Path
    restart: str = "always"
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10.0
    on_change: Callable[[], None] = lambda: None
    on_death: Callable[[Death], None] = lambda death: None
    pid: int | None = None
    exit_code: int | None = None
    starts: int = 0
    deaths: int = 0
    _wanted: bool = False
    _loop: asyncio.Task[None] | None = None
    _child: asyncio.subprocess.Process | None = None
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def status(self) -> str:
        """running, starting (between two lives), exited or stopped."""
        if self.pid is not None:
            return "running"
        if self._wanted and self._loop is not None and not self._loop.done():
            return "starting"
        return "stopped" if self.exit_code is None or not self._wanted else "exited"

    def start(self) -> None:
        """Returns at once; a process that runs already is left alone."""
        if self._loop is None or self._loop.done():
            self._wanted = True
            self._ended.clear()
            self._loop = asyncio.create_task(self._keep())

    async def stop(self, *, kill: bool = False) -> None:
        """Ends it by its stop signal, by SIGKILL after the grace, and keeps it ended."""
        self._wanted = False
        if self._child is not None:
            self._signal(signal.SIGKILL if kill else self.stop_signal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._child.wait(), self.grace_seconds)
            self._signal(signal.SIGKILL)
        self._ended.set()
        if self._loop is not None:
            await self._loop

    async def finished(self) -> int:
        """Waits for the end of a process that is not restarted; its exit code."""
        if self._loop is not None:
            await self._loop
        return self.exit_code if self.exit_code is not None else -1

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self._child is not None and self._child.returncode is None:
                self._child.send_signal(number)

    async def _keep(self) -> None:
        failures = 0
        while self._wanted:
            born = time.monotonic()
            await self._live()
            if not self._wanted or not self._comes_back():
                return
            failures = 0 if time.monotonic() - born > STEADY_SECONDS else failures
            pause = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
            failures += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), pause)

    async def _live(self) -> None:
        """One life, from start to end."""
        with self.log.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                *self.command.argv,
                env=dict(self.command.env),
                cwd=self.command.cwd,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
            )
        self.pid, self.starts = self._child.pid, self.starts + 1
        self.on_change()
        code = await self._child.wait()
        pid, self.pid, self.exit_code, self._child = self.pid, None, code, None
        if self._wanted and (code != 0 or self._comes_back()):
            self.deaths += 1
            self.on_death(Death(self.service, pid, code, time.time(), log_end(self.log)))
        self.on_change()

    def _comes_back(self) -> bool:
        if self.restart == "on-failure":
            return self.exit_code != 0
        return self.restart in ("always", "unless-stopped")
