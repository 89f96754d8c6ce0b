"""SMS where no gateway is set: a file of JSON lines, which knows every message that it has."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.notify.consumers.message import SENT, Down, Message, Outcome, TryLater, Unanswered
from services.notify.consumers.store import ABANDONED_AFTER, Claim
from shared.clock import Clock, to_text

THERE = "it was in the sink already"


class FileSink:
    """Appends each message once, whoever and however many ask: under the file's lock it reads what others have written.

    The ids are kept in memory, about 150 bytes a message; begin a new file when that is too much.
    """

    idempotent = True

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._known: set[str] = set()
        self._read_to = 0
        self._inode = -1

    def check(self) -> None:
        """`Down` unless the file can be written."""
        with self._locked():
            pass

    def send(self, message: Message) -> Outcome:
        """The line is on the disk when this returns; `Down` when it cannot be written, `Unanswered` if it may be."""
        line = {
            "message_id": message.message_id,
            "to": message.to,
            "text": message.text,
            "language": message.language,
            "occurrence": message.occurrence,
            "written_at": to_text(self._clock.now()),
        }
        with self._locked() as file:
            if message.message_id in self._known:
                return Outcome(SENT, THERE)
            try:
                self._append(file, json.dumps(line, ensure_ascii=False).encode() + b"\n")
            except OSError as error:  # it may have been the disk's last word after a line that is whole
                raise Unanswered(f"the sink cannot be written: {error.strerror}") from error
            self._known.add(message.message_id)
        return Outcome(SENT)

    def resolve(self, message: Message, claim: Claim) -> Outcome | None:
        """`sent` where the file has it; None: it has not, and nobody is at it."""
        if claim.age(self._clock.now()) < ABANDONED_AFTER:
            raise TryLater("another process may be at it")
        with self._locked():
            return Outcome(SENT, THERE) if message.message_id in self._known else None

    def close(self) -> None:
        """Nothing stays open."""

    @contextmanager
    def _locked(self) -> Iterator[int]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                self._catch_up(file)
                yield file
            finally:
                os.close(file)
        except OSError as error:
            raise Down(f"the sink cannot be written: {error.strerror}") from error

    def _catch_up(self, file: int) -> None:
        """Learn the ids written since the last look; a line cut off by a crash is ended, and means nothing."""
        state = os.fstat(file)
        if state.st_ino != self._inode or state.st_size < self._read_to:
            self._known, self._read_to, self._inode = set(), 0, state.st_ino
        with os.fdopen(os.dup(file), "rb") as reader:
            reader.seek(self._read_to)
            for line in reader:
                self._known.update(_id_in(line))
                if not line.endswith(b"\n"):
                    self._append(file, b"\n")
        self._read_to = os.fstat(file).st_size

    def _append(self, file: int, data: bytes) -> None:
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)


def _id_in(line: bytes) -> set[str]:
    """The id in a line; none in one that is torn."""
    try:
        return {str(json.loads(line)["message_id"])} if line.endswith(b"\n") else set()
    except (ValueError, KeyError, TypeError):
        return set()
