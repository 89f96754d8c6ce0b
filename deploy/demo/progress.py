"""How far the demo is, on a terminal."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from deploy.demo.session import Watcher


class Shown(Watcher):
    """One line per stage; a bar where the number of steps is known."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:16}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Shown:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self._finish()
        self._progress.stop()

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins: the one before is done."""
        self._finish()
        self._task = self._progress.add_task(name, total=total, note="")

    def step(self) -> None:
        """One more step has had its effect."""
        if self._task is not None:
            self._progress.advance(self._task)

    def note(self, text: str) -> None:
        """How the stage stands, in words."""
        if self._task is not None:
            self._progress.update(self._task, note=text)

    def _finish(self) -> None:
        if self._task is not None:
            total = self._progress.tasks[-1].total or 1
            self._progress.update(self._task, total=total, completed=total, note="")
