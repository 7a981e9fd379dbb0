"""`start`, `stop` and `restart`: each waits for what it has asked for, unless told not to."""

from __future__ import annotations

from ..client import ActionFailed, Server, carry_out
from .exit_codes import ExitCode
from .progress import Progress
from .session import Session, UsageError, warn
from .text import duration, full_name, printable, split_name

_LIVE = frozenset(("ready", "starting"))


def act(session: Session) -> ExitCode:
    """Do it to every service named, one after the other; the first that fails ends it.

    Programs are told of those that it was done to, and of the one that failed.
    """
    names = _names(session)
    done: list[Server] = []
    try:
        for name in names:
            done.append(_act_on(session, session.options.command, name))
            session.say(_told(session, session.options.command, done[-1]))
    except ActionFailed as error:
        done.append(error.server)
        raise
    finally:
        if session.is_json and (done or not names):
            session.answer("", done[0] if len(names) == 1 else {"servers": done})
    if not names:
        session.say("Nothing runs.")
    return ExitCode.DONE


def _names(session: Session) -> list[str]:
    options = session.options
    if getattr(options, "all", False):
        if options.name:
            raise UsageError("--all needs no names")
        return [full_name(s) for s in session.client.servers() if s["state"] in _LIVE]
    if not options.name:
        raise UsageError(f"which service shall {options.command}? `list` shows all")
    names: list[str] = options.name
    return names


def _act_on(session: Session, action: str, text: str) -> Server:
    name, instance = split_name(text)
    if getattr(session.options, "no_wait", False):
        return session.client.act(action, name, instance)
    return act_and_show(session, action, name, instance)


def act_and_show(session: Session, action: str, name: str, instance: str | None) -> Server:
    """Do it, with a line on the terminal that says how it is getting on."""
    try:
        with Progress() as progress:
            return carry_out(session.client, action, name, instance, on_change=progress.note)
    except KeyboardInterrupt:
        warn(f"{printable(name)}: not waiting any longer; what was asked for goes on")
        raise


def _told(session: Session, action: str, server: Server) -> str:
    name = printable(full_name(server))
    state = server["state"]
    if state != "ready" or action == "stop":
        return f"{name} is {state}"
    after = server.get("ready_after")
    took = f" after {duration(after)}" if after is not None else ""
    return f"{name} is ready{took}: {session.client.address.absolute(server['url'])}"
