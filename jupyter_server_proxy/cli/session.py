"""What every command has: the server it speaks to, and a way to say things."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Sequence
from typing import Any

from ..client import Address, Client, LoginRefused, choose_server


class UsageError(Exception):
    """The command line makes no sense; the message says why."""


class Session:
    """One run of the command."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.is_json = bool(options.json)
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        """The server that is meant. Raises NoServerFound or UsageError."""
        if self._client is None:
            options = self.options
            try:
                address = choose_server(
                    url=options.url,
                    token=options.token,
                    server=options.server,
                    ca_file=options.ca_file,
                    verify=not options.insecure,
                )
            except ValueError as error:
                raise UsageError(f"--url: {error}") from error
            self._client = Client(address, ask_password=_ask_password)
        return self._client

    def say(self, text: str) -> None:
        """A line for the person; nothing where a program listens."""
        if not self.is_json:
            print(text, flush=True)

    def answer_lines(self, lines: Sequence[str], data: Any) -> None:
        """As `answer`; of no lines nothing is printed."""
        if lines or self.is_json:
            self.answer("\n".join(lines), data)

    def answer(self, text: str, data: Any) -> None:
        """What was asked for: `text` for a person, `data` for a program."""
        print(json.dumps(data) if self.is_json else text, flush=True)


def _ask_password(address: Address) -> str:
    if not sys.stdin.isatty():
        raise LoginRefused(f"{address} wants a login: give its token, or set JUPYTER_TOKEN")
    try:
        return getpass.getpass(f"Password of {address}: ")
    except EOFError:  # Ctrl-D
        raise LoginRefused(f"{address} wants a login, and was given none") from None


def warn(text: str) -> None:
    """A line on standard error."""
    print(text, file=sys.stderr, flush=True)
