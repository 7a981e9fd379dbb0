"""Telling JupyterHub when somebody last used the application, so that it stops idle servers only.

What is told is what the proxy recorded, never the mere passing of time.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import Callable
from datetime import datetime, timezone

from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from .environment import HubEnvironment

REQUEST_SECONDS = 30.0


class ActivityReporter:
    """Reports to the Hub's activity URL. `last_activity` returns the time, None for never."""

    def __init__(
        self,
        last_activity: Callable[[], datetime | None],
        hub: HubEnvironment,
        *,
        tls: ssl.SSLContext | None = None,
        log: logging.Logger,
    ) -> None:
        self._last_activity = last_activity
        self._hub = hub
        self._tls = tls
        self._log = log
        self._reported: datetime | None = None

    async def run(self, interval: float) -> None:
        """Report every `interval` seconds until cancelled."""
        while True:
            await asyncio.sleep(interval)
            await self.report()

    async def report(self) -> None:
        """Tell the Hub if there was activity since it was last told.

        A failure is logged, and what could not be told is told the next time.
        """
        last = self._last_activity()
        if last is None or last == self._reported:
            return
        try:
            await self._post(last)
        except Exception as error:  # whatever the network does, the application goes on
            self._log.warning("Activity could not be reported to JupyterHub: %s", error)
        else:
            self._reported = last

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
