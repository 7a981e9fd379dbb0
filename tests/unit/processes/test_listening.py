"""What a program that listens is called, without what may be secret."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from jupyter_server_proxy.processes import listening
from jupyter_server_proxy.processes.listening import Listening, ListeningNow, find_listening


@pytest.mark.parametrize(
    ("name", "command", "expected"),
    [
        ("postgres", ["postgres", "-D", "/data"], "postgres"),
        ("python3", ["python3", "-m", "http.server", "8000"], "python3 -m http.server"),
        ("python3", ["python3", "-u", "SCRIPT", "--token=s3cr3t"], "python3 app.py"),
        ("python3", ["python3", "-c", "password = 's3cr3t'"], "python3"),
        ("python3", ["python3"], "python3"),
        ("python3", ["python3", "-m"], "python3"),
        ("node", ["node", "SCRIPT"], "node app.py"),
    ],
)
def test_a_name(tmp_path: Path, name: str, command: list[str], expected: str) -> None:
    script = tmp_path / "app.py"
    script.touch()
    told = [str(script) if part == "SCRIPT" else part for part in command]
    assert listening._named(name, told) == expected


def test_ones_own_ports_are_not_listed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert server.getsockname()[1] not in [it.port for it in find_listening()]


async def test_all_who_ask_within_two_seconds_cause_one_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[Listening] = []
    clock = [1000.0]

    def look() -> list[Listening]:
        looks.append(Listening(len(looks), 1, "app"))
        return looks[-1:]

    monkeypatch.setattr(listening, "find_listening", look)
    monkeypatch.setattr(listening.time, "monotonic", lambda: clock[0])
    now = ListeningNow()
    assert await asyncio.gather(*(now.find() for _ in range(30))) == [looks[:1]] * 30
    clock[0] += 1.9
    assert await now.find() == looks[:1]
    clock[0] += 0.2
    assert [it.port for it in await now.find()] == [1]
    assert len(looks) == 2
