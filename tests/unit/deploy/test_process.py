"""Keeping one process: restarts, deaths, ends."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from deploy.localstack.process import Command, Death, Process, log_end


class Kept:
    """A process under test, and what it reported."""

    def __init__(self, folder: Path, code: str, restart: str) -> None:
        self.deaths: list[Death] = []
        self.changed = asyncio.Event()
        self.process = Process(
            service="one",
            command=Command((sys.executable, "-c", code), {}, folder),
            log=folder / "one.log",
            restart=restart,
            grace_seconds=5.0,
            on_change=self.changed.set,
            on_death=self.deaths.append,
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


def keep(folder: Path, code: str, play: Callable[[Kept], Awaitable[None]], restart: str = "always") -> Kept:
    async def run() -> Kept:
        kept = Kept(folder, code, restart)
        kept.process.start()
        await play(kept)
        await kept.process.stop(kill=True)
        return kept

    return asyncio.run(run())


WAIT = "import signal; signal.pause()"


def test_a_process_that_dies_is_started_again_and_reported_with_the_end_of_its_log(tmp_path: Path):
    async def play(kept: Kept) -> None:
        await kept.until(lambda: kept.process.starts == 2)

    kept = keep(tmp_path, "print('last words'); raise SystemExit(3)", play)
    assert kept.deaths[0].code == 3
    assert "last words" in kept.deaths[0].log_end
    assert "last words" in str(kept.deaths[0])


def test_a_killed_process_names_the_signal(tmp_path: Path):
    async def play(kept: Kept) -> None:
        await kept.until(lambda: kept.process.pid is not None)
        kept.process._signal(signal.SIGKILL)
        await kept.until(lambda: kept.process.starts == 2)

    assert "SIGKILL" in str(keep(tmp_path, WAIT, play).deaths[0])


@pytest.mark.parametrize(("restart", "code", "starts"), [("no", 1, 1), ("no", 0, 1), ("on-failure", 0, 1)])
def test_restart_policy_is_honoured(tmp_path: Path, restart: str, code: int, starts: int):
    async def play(kept: Kept) -> None:
        assert await kept.process.finished() == code

    assert keep(tmp_path, f"raise SystemExit({code})", play, restart).process.starts == starts


def test_a_process_that_was_stopped_is_no_death(tmp_path: Path):
    async def play(kept: Kept) -> None:
        await kept.until(lambda: kept.process.pid is not None)
        await kept.process.stop()

    kept = keep(tmp_path, WAIT, play)
    assert (kept.deaths, kept.process.status) == ([], "stopped")


def test_a_process_that_ignores_the_stop_signal_is_killed_after_the_grace(tmp_path: Path):
    async def play(kept: Kept) -> None:
        async with asyncio.timeout(20):
            while "deaf" not in log_end(kept.process.log):
                await asyncio.sleep(0.01)
        kept.process.grace_seconds = 0.1
        await kept.process.stop()

    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    assert keep(tmp_path, code, play).process.exit_code == -signal.SIGKILL


def test_log_end_is_its_last_lines(tmp_path: Path):
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(1000)))
    assert log_end(log, 2) == "line 998\nline 999"
    assert log_end(tmp_path / "none") == ""
