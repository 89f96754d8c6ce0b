"""Frames written in the same turn of the event loop leave in one write: fewer system calls here and at the broker."""

from __future__ import annotations

from typing import Any

import eventlet
from amqp.method_framing import frame_writer

LARGEST = 16 * 2**20  # bytes that may wait for a broker that does not read
PATIENCE = 10.0  # seconds for one write


class Coalesced:
    """Stands between py-amqp's frame writer and its transport.

    A write returns at once; the bytes leave before the loop waits again. After a failed write every further one raises,
    as on a socket that is known to be dead: what was handed over just before is lost, as it may be with any socket.
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._waiting: list[bytes] = []
        self._size = 0
        self._flushing = False
        self._broken: BaseException | None = None

    def write(self, frames: bytes | memoryview) -> None:
        """Have these bytes written soon, in order; `ConnectionError` when the socket failed or is stuffed."""
        if self._broken is not None:
            raise ConnectionError("an earlier write failed") from self._broken
        if self._size > LARGEST:
            raise ConnectionError("the broker does not read")
        self._waiting.append(bytes(frames))  # py-amqp uses its buffer again
        self._size += len(frames)
        if not self._flushing:
            self._flushing = True
            eventlet.spawn_n(self._flush)

    def _flush(self) -> None:
        try:
            while self._waiting:
                data, self._waiting, self._size = b"".join(self._waiting), [], 0
                with eventlet.Timeout(PATIENCE):
                    self._transport.write(data)
        except (OSError, AttributeError, eventlet.Timeout) as error:
            self._broken = error
        finally:
            self._flushing = False


def coalesce(connection: Any) -> None:
    """Let an open py-amqp connection write this way."""
    connection.frame_writer = frame_writer(connection, Coalesced(connection.transport))
