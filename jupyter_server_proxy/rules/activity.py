"""Whether a request shows that somebody is using Jupyter. No clock here."""

from __future__ import annotations

import re
from collections.abc import Sequence


def counts_as_activity(path: str, full_path: str, patterns: Sequence[re.Pattern[str]]) -> bool:
    """False when a pattern matches from the start of `path` (after the prefix) or `full_path`."""
    return not any(pattern.match(path) or pattern.match(full_path) for pattern in patterns)
