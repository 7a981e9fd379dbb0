"""`list`, `status` and `logs`: nothing is changed by these."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ..client import Client, Server
from .exit_codes import ExitCode
from .session import Session, warn
from .text import details, full_name, overview, printable, split_name

_RUNS = frozenset(("ready", "unmanaged"))
_CANNOT_RUN = frozenset(("failed", "broken"))


def list_services(session: Session) -> ExitCode:
    """All services, one a line."""
    servers = session.client.servers()
    if session.options.names:
        names = [full_name(server) for server in servers]
        session.answer_lines(list(map(printable, names)), names)
        return ExitCode.DONE
    text = overview(servers) if servers else "There are no services."
    session.answer(text, {"servers": servers})
    return ExitCode.DONE


def show_status(session: Session) -> ExitCode:
    """Everything about one service, with an exit code that says whether it runs."""
    if session.options.name is None:
        return _show_server(session)
    server = session.client.server(*split_name(session.options.name))
    session.answer(_in_full(server), server)
    if server["state"] in _RUNS:
        return ExitCode.DONE
    return ExitCode.FAILED if server["state"] in _CANNOT_RUN else ExitCode.NOT_RUNNING


def _show_server(session: Session) -> ExitCode:
    client = session.client
    servers = client.servers()
    counted = Counter(str(server["state"]) for server in servers)
    states = ", ".join(f"{count} {state}" for state, count in sorted(counted.items()))
    lines = [f"Jupyter server {client.address}", f"Services: {states or 'none'}"]
    busy = [server for server in servers if server["state"] not in ("stopped", "unmanaged")]
    if busy:
        lines += ["", overview(busy)]
    known = {"url": client.address.url, "pid": client.address.pid or None}
    session.answer("\n".join(lines), {"server": known, "states": counted, "servers": servers})
    return ExitCode.DONE


def _in_full(server: Server) -> str:
    failure = server.get("last_failure")
    if not failure:
        return details(server)
    lines = [details(server), f"{'failure':<10} {printable(str(failure.get('reason') or ''))}"]
    if failure.get("retry_at"):
        lines.append(f"{'next try':<10} {failure['retry_at']}")
    if server["state"] == "failed":
        lines += [f"  {printable(line)}" for line in failure.get("output") or []]
    return "\n".join(lines)


def show_logs(session: Session) -> ExitCode:
    """The lines that a service has written, and with --follow those that it will write."""
    options = session.options
    name, instance = split_name(options.name)
    if not options.follow:
        lines = session.client.log(name, instance, tail=options.lines)
        session.answer_lines(list(map(_shown, lines)), {"lines": lines})
        return ExitCode.DONE
    return _follow(session, session.client, name, instance)


def _follow(session: Session, client: Client, name: str, instance: str | None) -> ExitCode:
    with client.follow_log(name, instance, tail=session.options.lines) as events:
        for event in events:
            if event.name == "lines":
                _show_more(session, event.data)
    warn("The server has ended the log.")
    return ExitCode.DONE


def _show_more(session: Session, data: Mapping[str, Any]) -> None:
    lines = data["lines"]
    if data.get("left_out"):
        warn(f"... {data['left_out']} lines came too fast and are in the log's file only ...")
    if lines:
        session.answer_lines(list(map(_shown, lines)), {"lines": lines})


def _shown(line: str) -> str:
    return printable(line, colours=sys.stdout.isatty())
