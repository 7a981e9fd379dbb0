"""Telling JupyterHub when somebody last used the application, so that it stops idle servers only.

What is told is what the proxy recorded, never the mere passing of time.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from .environment import HubEnvironment

REQUEST_SECONDS = 30.0
# What is new after a silence is told this soon, so that a culler does not act on old news.
LONGEST_BETWEEN_LOOKS = 10.0
# The first try again after a failure; each further one comes twice as late, up to the interval.
FIRST_RETRY_SECONDS = 5.0
# How far from the interval a report may be: servers that began together do not stay so.
JITTER = 0.1
# While this process ends, the Hub has this long to take the last report.
LAST_REPORT_SECONDS = 2.0


@dataclass(slots=True)
class Timetable:
    """When the Hub may be told again. No clock here: `now` and `chance` (0 to 1) are given.

    Steady use is told once in `interval` seconds; what follows a longer silence, at once.
    """

    interval: float
    due: float = 0.0
    failures: int = 0

    def is_due(self, now: float) -> bool:
        """Whether news may be told now."""
        return now >= self.due

    def note_success(self, now: float, chance: float) -> None:
        """It was told."""
        self.failures = 0
        self.due = now + self.interval * (1 + JITTER * (2 * chance - 1))

    def note_failure(self, now: float, chance: float) -> None:
        """It could not be told: at least half of a growing time has to pass first."""
        longest = max(self.interval, FIRST_RETRY_SECONDS)
        # The exponent is bounded, so that an hour of failures makes no astronomic number.
        delay = min(longest, FIRST_RETRY_SECONDS * 2 ** min(self.failures, 16))
        self.failures += 1
        self.due = now + delay * (1 + chance) / 2


class ActivityReporter:
    """Reports to the Hub's activity URL, at most once in `interval` seconds.

    `last_activity` returns the time, None for never.
    """

    def __init__(
        self,
        last_activity: Callable[[], datetime | None],
        hub: HubEnvironment,
        *,
        interval: float,
        tls: ssl.SSLContext | None = None,
        log: logging.Logger,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._last_activity = last_activity
        self._hub = hub
        self._tls = tls
        self._log = log
        self._clock = clock
        self._chance = chance
        self._timetable = Timetable(interval)
        self._reported: datetime | None = None

    async def run(self) -> None:
        """Report until cancelled; then what is new is told a last time, within a short time."""
        # Short against the interval, or steady use would be told after up to twice that.
        pause = min(self._timetable.interval * JITTER, LONGEST_BETWEEN_LOOKS)
        try:
            while True:
                await asyncio.sleep(pause)
                await self.look()
        finally:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.report(), LAST_REPORT_SECONDS)

    async def look(self) -> None:
        """Report what is new, if that is due."""
        if self._timetable.is_due(self._clock()):
            await self.report()

    async def report(self) -> None:
        """Tell the Hub if there was activity since it was last told.

        The first of several failures is logged, and what could not be told is told later.
        """
        last = self._last_activity()
        if last is None or last == self._reported:
            return
        try:
            await self._post(last)
        except Exception as error:  # whatever the network does, the application goes on
            self._note_failure(error)
        else:
            self._reported = last
            self._note_success()

    def _note_failure(self, error: Exception) -> None:
        is_first = not self._timetable.failures
        self._timetable.note_failure(self._clock(), self._chance())
        tell = self._log.warning if is_first else self._log.debug
        tell("Activity could not be reported to JupyterHub, which is tried again: %s", error)

    def _note_success(self) -> None:
        failures = self._timetable.failures
        self._timetable.note_success(self._clock(), self._chance())
        if failures:
            self._log.info("Activity is reported to JupyterHub again, after %d failures", failures)

    async def _post(self, last: datetime) -> None:
        client = AsyncHTTPClient(force_instance=True)
        try:
            await client.fetch(self._request(last))
        finally:
            client.close()

    def _request(self, last: datetime) -> HTTPRequest:
        moment = last.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
        servers = {self._hub.server_name: {"last_activity": moment}}
        return HTTPRequest(
            self._hub.activity_url,
            method="POST",
            headers={
                "Authorization": f"token {self._hub.api_token}",
                "Content-Type": "application/json",
            },
            body=json.dumps({"servers": servers, "last_activity": moment}),
            request_timeout=REQUEST_SECONDS,
            ssl_options=self._tls,
        )
