"""How commands end that a person, or who reads their output, has had enough of."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from jupyter_server_proxy.cli import INTERRUPTED, commands, main
from jupyter_server_proxy.cli.exit_codes import ExitCode

COMMAND = [sys.executable, "-m", "jupyter_server_proxy.cli"]
ENVIRONMENT = {**os.environ, "JUPYTER_TOKEN": "the-secret-token", "PYTHONWARNINGS": "error"}


def default_sigint() -> None:
    # Ignored where the tests run in a shell's background, which children would inherit.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def begun(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    default_sigint()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        yield listener


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["status"],
        ["status", "app"],
        ["start", "app"],
        ["start", "app", "--no-wait"],
        ["stop", "app"],
        ["restart", "app", "--json"],
        ["logs", "app"],
        ["logs", "-f", "app"],
        ["open", "app"],
        ["add", "app", "--start", "--", "x"],
        ["add", "app/i/one"],
        ["remove", "app"],
        ["forward", "app"],
    ],
    ids=" ".join,
)
def test_ctrl_c_while_it_waits_for_the_server(silent: socket.socket, arguments) -> None:
    port = silent.getsockname()[1]
    head, mark, command = " ".join(arguments).partition(" -- ")
    url = ["--url", f"http://127.0.0.1:{port}/"]
    with begun(*head.split(), *url, *(["--", command] if mark else [])) as process:
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(1)
            process.send_signal(signal.SIGINT)
            said, complained = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED
    assert said == ""
    assert "Traceback" not in complained


def test_ctrl_c_while_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "run", interrupt)
    assert main(["list"]) == INTERRUPTED == ExitCode.INTERRUPTED


@pytest.mark.parametrize(
    "arguments", [["--help"], ["start", "--help"], ["completion", "bash"]], ids=" ".join
)
def test_nobody_reads_what_needs_no_server(arguments) -> None:
    with begun(*arguments) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["status"], ["status", "app"], ["logs", "app"], ["logs", "-f", "app"]],
    ids=" ".join,
)
def test_nobody_reads_what_the_server_says(fake, arguments) -> None:
    fake.add("app", state="ready")
    fake.lines = ["a line"]
    with begun(*arguments, "--url", fake.url) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


def test_nobody_reads_where_a_forwarded_port_is(fake) -> None:
    fake.add("app", state="ready")
    with begun("forward", "app", "--url", fake.url) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 0
