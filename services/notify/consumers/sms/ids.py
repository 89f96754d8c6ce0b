"""One SMS under two names: some gateways give its id in hex when they take it, and in decimal in its receipt.

`receipt_ids` says how receipts write what answers gave: `same`, or `decimal` of a hex id, or `hex` of a decimal one. It
is declared and never guessed: `10` is either.
"""

from __future__ import annotations

import re

SAME, DECIMAL, HEX = KINDS = ("same", "decimal", "hex")
_DIGITS = {16: re.compile(r"[0-9A-Fa-f]+"), 10: re.compile(r"[0-9]+")}
_WRITTEN = {16: "x", 10: "d"}
#: (the base of an answer's id, of a receipt's)
_BASES = {DECIMAL: (16, 10), HEX: (10, 16)}


def of_answer(gateway_id: str, receipt_ids: str) -> str:
    """The one form of an id out of an answer, however it is padded or written; what is no number stays as it is."""
    if receipt_ids == SAME:
        return gateway_id
    return _rewritten(gateway_id, _BASES[receipt_ids][0], _BASES[receipt_ids][0])


def of_receipt(gateway_id: str, receipt_ids: str) -> str:
    """The same form of an id out of a receipt."""
    if receipt_ids == SAME:
        return gateway_id
    return _rewritten(gateway_id, _BASES[receipt_ids][1], _BASES[receipt_ids][0])


def _rewritten(gateway_id: str, base: int, into: int) -> str:
    if not _DIGITS[base].fullmatch(gateway_id):
        return gateway_id
    return format(int(gateway_id, base), _WRITTEN[into])
