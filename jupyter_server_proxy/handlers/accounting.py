"""What a request counts as: in the numbers of its service, as activity, as use of its child.

Nothing is decided here about what is relayed; whoever relays says what happens.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..processes.usage import Use
from ..rules.activity import counts_as_activity
from ..rules.service import Origin
from . import activity
from .front import FrontHandler
from .traffic import ANY_PORT, Traffic

# For a backend that is not ours to stop.
NOBODYS = Use(None)


class AccountingHandler(FrontHandler):
    """Tells those who count what becomes of this request."""

    # What its requests are counted under.
    traffic_label: str = ANY_PORT
    update_last_activity: bool | Callable[[Any], Any] = True
    exclude_last_activity_patterns: Sequence[re.Pattern[str]] = ()

    # What the child knows of this request as long as it runs.
    _use: Use = NOBODYS
    _activity_noted = 0.0
    _known_traffic: Traffic | None = None

    def origin_of(self, key: str) -> Origin:
        """What a callable in the setting `key` is to be put down to, in messages."""
        return Origin("", key)

    # --- numbers of the service -------------------------------------------------------------

    @property
    def _traffic(self) -> Traffic:
        """The numbers of this service."""
        known = self._known_traffic
        if known is None:
            known = self._known_traffic = self.runtime.traffic[self.traffic_label]
        return known

    def on_finish(self) -> None:
        """Somebody was answered, by the application or by us."""
        self._traffic.count_answer(self.get_status())
        super().on_finish()

    def note_detached(self, status: int) -> None:
        """See `FrontHandler`."""
        super().note_detached(status)
        self._traffic.count_answer(status)

    def note_taken_over(self) -> None:
        """See `FrontHandler`."""
        super().note_taken_over()
        self._traffic.count_answer(101)

    # --- use of the child -------------------------------------------------------------------

    def in_use(self, path: str, *, is_tunnel: bool = False) -> Use:
        """Entered while an exchange runs; `is_tunnel`: while an upgrade is negotiated and its
        tunnel is open."""
        return NOBODYS

    def _is_use(self, path: str) -> bool:
        """Whether a request for `path` is use of the service, as opposed to a tab's polling."""
        patterns = self.exclude_last_activity_patterns
        return not patterns or counts_as_activity(path, self.request.path, patterns)

    def _note_answered(self, path: str, *, is_stream: bool) -> None:
        """The application has answered, with something that may never end if `is_stream`."""
        if is_stream:
            self._use.became_stream()
        else:
            self._use.answered()
        self._note_activity(path)

    def _note_progress(self, path: str) -> None:
        """Some of an answer has passed."""
        self._use.moved()
        self._note_activity(path)

    # --- activity of Jupyter ----------------------------------------------------------------

    def _note_activity(self, path: str) -> None:
        """Note activity, at most once a second for one request."""
        now = time.monotonic()
        if now - self._activity_noted < activity.SECONDS_BETWEEN_NOTES:
            return
        self._activity_noted = now
        if self._counts_as_activity(path):
            activity.record(self.settings)

    def _counts_as_activity(self, path: str) -> bool:
        """Whether this request counts, by the service's `update_last_activity` and patterns.

        False when an async callable has yet to say, which is then recorded later.
        """
        update = self.update_last_activity
        if callable(update):
            return activity.says_so(update, self, self.origin_of("update_last_activity"))
        return bool(update) and self._is_use(path)
