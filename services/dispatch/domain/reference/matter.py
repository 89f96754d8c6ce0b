"""What conditions of policies and flows may ask about the matter."""

from __future__ import annotations

from collections.abc import Mapping

MATTER: Mapping[str, str] = dict.fromkeys(("type", "category", "priority", "tier", "channel", "team"), "string")
"""Name -> its type in a condition; all text, "" where it is not known."""

TYPES = ("enquiry", "fault", "complaint", "suggestion", "praise", "request")
"""Of tickets; those of intake (tests/contract/test_intake_words.py)."""

LANGUAGES = ("zh-CN", "en")
"""Of customers, and so of agents; those of intake."""

PRIORITIES = ("P1", "P2", "P3", "P4")
"""Most urgent first; every policy promises something for each."""
