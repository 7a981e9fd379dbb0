"""The Hub's REST API, as an administrator uses it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

import httpx

from .running import PATIENCE, RunningHub

Value = TypeVar("Value")


class HubApi:
    """Methods wait until what they ask for is done; a failure of the Hub raises."""

    def __init__(self, hub: RunningHub, client: httpx.AsyncClient) -> None:
        self.hub = hub
        self.client = client

    async def ask(self, method: str, path: str, json: object = None) -> httpx.Response:
        answer = await self.client.request(method, path, json=json)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    async def add_user(self, *names: str) -> None:
        for name in names:
            answer = await self.client.post(f"users/{name}")
            assert answer.status_code in (201, 409), answer.text

    async def user(self, name: str) -> dict[str, Any]:
        model: dict[str, Any] = (
            await self.ask("GET", f"users/{name}?include_stopped_servers=1")
        ).json()
        return model

    async def server(self, user: str, name: str = "") -> dict[str, Any] | None:
        """What the Hub knows of it, None when it is not there."""
        found: dict[str, Any] | None = (await self.user(user))["servers"].get(name)
        return found

    async def is_running(self, user: str, name: str = "") -> bool:
        server = await self.server(user, name)
        return bool(server and (server["ready"] or server["pending"]))

    async def last_activity(self, user: str, name: str = "") -> datetime:
        server = await self.server(user, name)
        assert server is not None
        return datetime.fromisoformat(server["last_activity"].replace("Z", "+00:00"))

    async def ask_for(self, user: str, name: str = "", **options: object) -> None:
        """Ask for a start without waiting for its end. One that runs is left as it is."""
        await self.add_user(user)
        answer = await self.client.post(f"users/{user}/servers/{name}", json=options)
        is_there = answer.status_code == 400 and "already running" in answer.text
        assert answer.is_success or (is_there and not options), answer.text

    async def start(self, user: str, name: str = "", **options: object) -> None:
        """Have a server, with these `user_options`, see `jupyterhub_config.py`."""
        await self.ask_for(user, name, **options)
        *_, last = [it async for it in self.progress(user, name)]
        assert last.get("ready"), f"{last}\n{self.hub.log()}"

    async def progress(self, user: str, name: str = "") -> AsyncIterator[dict[str, Any]]:
        """The events of a start until it is done or has failed."""
        path = f"users/{user}/servers/{name}/progress" if name else f"users/{user}/server/progress"
        async with self.client.stream("GET", path) as answer:
            assert answer.status_code == 200, answer
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))

    async def stop(self, user: str, name: str = "") -> None:
        await self.ask("DELETE", f"users/{user}/servers/{name}", json={})
        await until(lambda: self._has_stopped(user, name))

    async def _has_stopped(self, user: str, name: str) -> bool:
        return not await self.is_running(user, name)

    async def token(self, user: str, *scopes: str) -> str:
        """A new token of the user's with these scopes only."""
        answer = await self.ask("POST", f"users/{user}/tokens", json={"scopes": scopes})
        token: str = answer.json()["token"]
        return token


@asynccontextmanager
async def hub_api(hub: RunningHub) -> AsyncIterator[HubApi]:
    headers = {"Authorization": f"token {hub.settings.token}"}
    async with httpx.AsyncClient(
        base_url=f"{hub.url}hub/api/", headers=headers, timeout=PATIENCE
    ) as client:
        yield HubApi(hub, client)


async def until(look: Callable[[], Awaitable[Value]]) -> Value:
    """What `look` returns once that is true."""
    deadline = time.monotonic() + PATIENCE
    while not (value := await look()):
        assert time.monotonic() < deadline, f"{look} stays {value}"
        await asyncio.sleep(0.1)
    return value
