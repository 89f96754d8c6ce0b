"""Whether a mail was written by a machine: such a mail is never answered (RFC 3834 section 2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

AUTO_SUBMITTED, BOUNCE, LIST, PRECEDENCE, NO_RETURN_PATH, MAILER_DAEMON, SUPPRESSED = REASONS = (
    "auto_submitted",
    "bounce",
    "list",
    "precedence",
    "no_return_path",
    "mailer_daemon",
    "suppressed",
)

_LIST_HEADERS = (
    "list-id",
    "list-post",
    "list-help",
    "list-unsubscribe",
    "list-subscribe",
    "list-owner",
    "mailing-list",
)
#: What answering machines older than RFC 3834 put there instead of Auto-Submitted.
_OLD_MARKS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-autoreply-from", "x-mail-autoreply", "x-loop")
_BULK = {"bulk", "junk", "list", "auto_reply"}
_DAEMONS = re.compile(
    r"mailer-?daemon|mail-?daemon|maildelivery|postmaster|no-?reply|do-?not-?reply|no_reply|auto-?reply"
)
_LISTS = re.compile(r"owner-.*|.*-(request|owner|bounces?)")


@dataclass(frozen=True)
class Marks:
    """What the answer goes by. `headers`: name in small letters -> values. `return_path`: envelope sender, "" for <>.

    `author`: the address in From. `content_type`: as `multipart/report`, in small letters.
    """

    return_path: str
    author: str
    content_type: str
    headers: Mapping[str, Sequence[str]]

    def has(self, *names: str) -> bool:
        """Whether one of these headers is there."""
        return any(name in self.headers for name in names)

    def words(self, name: str) -> set[str]:
        """A header's values, split where words of a list are, comments and parameters left out."""
        known = (value.partition(";")[0].partition("(")[0].lower() for value in self.headers.get(name, ()))
        return {word for value in known for word in re.split(r"[,\s]+", value) if word}


def _bounce(mail: Marks) -> bool:
    return mail.content_type == "multipart/report" or mail.has("x-failed-recipients")


def _auto_submitted(mail: Marks) -> bool:
    return bool(mail.words("auto-submitted") - {"no"}) or mail.has(*_OLD_MARKS)


def _mailer_daemon(mail: Marks) -> bool:
    return any(_DAEMONS.fullmatch(_local(address)) for address in (mail.author, mail.return_path))


def _no_return_path(mail: Marks) -> bool:
    return mail.return_path == "" or "<>" in {value.strip() for value in mail.headers.get("return-path", ())}


def _list(mail: Marks) -> bool:
    return mail.has(*_LIST_HEADERS) or bool(_LISTS.fullmatch(_local(mail.return_path)))


def _precedence(mail: Marks) -> bool:
    return bool(mail.words("precedence") & _BULK)


def _suppressed(mail: Marks) -> bool:
    return bool(mail.words("x-auto-response-suppress") & {"all", "oof", "autoreply"})


#: The first that holds is the reason that is told.
_RULES: tuple[tuple[str, Callable[[Marks], bool]], ...] = (
    (BOUNCE, _bounce),
    (AUTO_SUBMITTED, _auto_submitted),
    (MAILER_DAEMON, _mailer_daemon),
    (NO_RETURN_PATH, _no_return_path),
    (LIST, _list),
    (PRECEDENCE, _precedence),
    (SUPPRESSED, _suppressed),
)


def automatic(mail: Marks) -> str | None:
    """Why the mail is taken for a machine's, one of `REASONS`; None where a person may have written it."""
    return next((reason for reason, holds in _RULES if holds(mail)), None)


def _local(address: str) -> str:
    return address.rpartition("@")[0].lower()
