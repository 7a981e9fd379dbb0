"""`add` and `remove`: services and instances that come and go while Jupyter runs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..client import Server
from ..client.definitions import define, make_paths_explicit
from .acting import act_and_show
from .exit_codes import ExitCode
from .session import Session, UsageError
from .text import full_name, printable, split_name


def add(session: Session) -> ExitCode:
    """A new service where there is a command, else an instance of one."""
    server = _add_service(session) if session.options.program else _add_instance(session)
    if session.options.start:
        server = act_and_show(session, "start", server["name"], server.get("instance"))
    url = session.client.address.absolute(server["url"])
    session.answer(f"{printable(full_name(server))} is {server['state']}: {url}", server)
    return ExitCode.DONE


def _add_service(session: Session) -> Server:
    options = session.options
    if options.parameter:
        raise UsageError("parameters are for instances; a command's arguments follow it")
    keys: dict[str, Any] = {key: _value(text) for key, text in _pairs("--set", options.set)}
    if options.title:
        launcher = keys.get("launcher_entry")
        launcher = launcher if isinstance(launcher, dict) else {}
        keys["launcher_entry"] = {**launcher, "title": options.title}
    if options.cwd:
        keys["cwd"] = os.path.abspath(options.cwd)
    if options.env:
        keys["environment"] = dict(_pairs("--env", options.env))
    if options.save:
        keys["save"] = True
    client = session.client
    return client.add(define(options.name, options.program, client.address, keys=keys))


def _add_instance(session: Session) -> Server:
    options = session.options
    name, instance = split_name(options.name)
    if instance is None and not options.parameter:
        raise UsageError("what is the command? It follows ` -- `")
    for option in ("title", "cwd", "env", "set", "save"):
        if getattr(options, option):
            raise UsageError(f"--{option} is for new services; an instance has parameters")
    client = session.client
    given = dict(_pairs("--parameter", options.parameter))
    declared = client.server(name).get("parameters") or {} if given else {}
    values = make_paths_explicit(_typed(given, declared), declared, client.address)
    return client.add_instance(name, instance=instance or None, parameters=values)


def remove(session: Session) -> ExitCode:
    """Remove every service named; the first that cannot be ends it."""
    for text in session.options.name:
        session.client.remove(*split_name(text))
        session.say(f"{printable(text)} is removed")
    if session.is_json:
        session.answer("", {"removed": session.options.name})
    return ExitCode.DONE


def _pairs(option: str, given: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for text in given:
        key, mark, value = text.partition("=")
        if not (key and mark):
            raise UsageError(f"{option}: {text!r} is not KEY=VALUE")
        found.append((key, value))
    return found


def _value(text: str) -> Any:
    """What is JSON as such, all else as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _typed(given: Mapping[str, str], declared: Mapping[str, Any]) -> dict[str, Any]:
    """Whole numbers where they are wanted; whether they are right is the server's to say."""

    def typed(key: str, text: str) -> Any:
        try:
            return int(text) if declared.get(key, {}).get("type") == "integer" else text
        except ValueError:
            return text

    return {key: typed(key, text) for key, text in given.items()}
