"""What goes with a mail, by reference: a file below the consumer's folder, or fetched by https from declared hosts."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from services.notify.consumers.message import Attachment, TryLater

SECONDS = 20.0  # for one file, all in all
_CHUNK = 65_536


class NotAttachable(Exception):
    """The mail cannot go with this; says why, for people."""


@dataclass(frozen=True)
class File:
    """An attachment with its content."""

    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True)
class Attachments:
    """`folder` and `hosts`: whence files may come; nowhere by default. `most`: bytes, of all files of one mail."""

    folder: Path | None = None
    hosts: frozenset[str] = frozenset()
    most: int = 10_000_000
    verify: str | bool = True  # of https: a CA file, or the usual authorities

    def load(self, wanted: Iterable[Attachment]) -> list[File]:
        """All of them. Raises `NotAttachable` (it never will be), `TryLater` (its host is away)."""
        found: list[File] = []
        for one in wanted:
            left = self.most - sum(len(file.data) for file in found)
            if one.size > left:
                raise NotAttachable(f"too large: {one.name}")
            read = self._fetched if one.href.startswith("https://") else self._read
            found.append(File(one.name, one.content_type, read(one, left)))
        return found

    def _read(self, one: Attachment, left: int) -> bytes:
        """What lies below the folder, links followed first: none leads out of it."""
        if self.folder is None:
            raise NotAttachable(f"no folder for attachments is declared: {one.name}")
        try:
            root = self.folder.resolve(strict=True)
            path = (root / one.href).resolve(strict=True)
            if not path.is_relative_to(root) or not path.is_file():
                raise NotAttachable(f"not in the folder: {one.name}")
            with path.open("rb") as file:
                data = file.read(left + 1)
        except (OSError, ValueError, RuntimeError) as error:
            raise NotAttachable(f"missing: {one.name} ({type(error).__name__})") from None
        return _small_enough(data, left, one)

    def _fetched(self, one: Attachment, left: int) -> bytes:
        parts = urlsplit(one.href)
        if parts.hostname not in self.hosts or parts.username is not None:
            raise NotAttachable(f"from a host that is not declared: {one.name}")
        until = time.monotonic() + SECONDS
        try:
            with requests.get(
                one.href, timeout=SECONDS / 4, stream=True, allow_redirects=False, verify=self.verify
            ) as answer:
                _found(answer, one)
                data = b""
                for chunk in answer.iter_content(_CHUNK):
                    data += chunk
                    if len(data) > left:
                        break
                    if time.monotonic() > until:
                        raise TryLater(f"slow: {one.name}")
        except requests.RequestException as error:
            raise TryLater(f"away: {one.name} ({type(error).__name__})") from error
        return _small_enough(data, left, one)


def _found(answer: requests.Response, one: Attachment) -> None:
    if answer.status_code in (408, 425, 429) or answer.status_code >= 500:
        raise TryLater(f"away: {one.name} ({answer.status_code})")
    if answer.status_code != 200:
        raise NotAttachable(f"missing: {one.name} ({answer.status_code})")


def _small_enough(data: bytes, left: int, one: Attachment) -> bytes:
    if len(data) > left:
        raise NotAttachable(f"too large: {one.name}")
    return data
