"""The page of a service that is not ready: how its start goes, why it failed, who stopped it.

The same page for all of these, since one follows the other while it is open; its script
(`templates/life.js`) follows what happens. Programs get the same facts as a problem document.
Reading only; nothing here starts anything.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tornado import httputil

from ...errors import (
    ProxyError,
    ServiceAsleep,
    ServiceStopped,
    StartFailed,
    Starting,
)
from ...processes.failure import SHOWN_LINES, stop_words
from ...rules.coming_back import with_invitation
from ...rules.lifecycle import State
from ..facts import Addresses, Facts, timestamp, without_output
from ..facts import describe as describe_entry
from .problem import Frame, Problem, describe, page, prefers_problem, words_of

if TYPE_CHECKING:
    from ...processes.supervisor import Supervisor
    from ..catalog import Entry

# Without a script, the page asks again after so many seconds.
REFRESH_SECONDS = 2
_SHOWN_LOG = 200
# Without a script nothing scrolls to the end, so the page has no more than fit on a screen.
_NEWEST = 20
# Sequences of a terminal (ECMA-48): for colours, for titles and links, and single ones.
_TERMINAL = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])"
    r"|[\x00-\x08\x0b-\x1f\x7f]"
)


@dataclass(frozen=True, slots=True)
class LifeFacts:
    """What the page of a service is made of.

    `addresses` is None where there is no REST API to follow the service by. `may_control`: this
    visitor may read the log and stop it. `xsrf` is the token for that. `reason` is why it had not
    been running, "" for nothing special. `invitation` is what the page brings when it comes back.
    `frame` is what the page has around it.
    """

    entry: Entry
    supervisor: Supervisor
    addresses: Addresses | None
    base_url: str
    may_control: bool
    xsrf: str = ""
    reason: str = ""
    invitation: str = ""
    frame: Frame | None = None


def is_about_life(error: BaseException | None) -> bool:
    """Whether `error` is that a service is not ready."""
    return isinstance(error, (Starting, StartFailed, ServiceStopped, ServiceAsleep))


def describe_life(
    error: ProxyError, facts: LifeFacts, *, request: httputil.HTTPServerRequest, address: str
) -> Problem:
    """The answer that says `error`, in the form this client prefers; `address` is that of the page,
    with its query."""
    server = describe_entry(facts.entry, facts.addresses or Addresses(facts.base_url))
    if not facts.may_control:
        server = without_output(server)
        error = type(error)(error.message.partition("\n")[0], retry_after=error.retry_after)
    if prefers_problem(request.headers.get("Accept"), request.headers.get("Sec-Fetch-Mode")):
        members = {
            "service": facts.entry.name,
            "state": server["state"],
            "stopped_by": server["stopped_by"],
            "last_failure": server["last_failure"],
        }
        return describe(error.status, error, request=request, members=members)
    return _page(error, facts, server, address=address)


def _page(error: ProxyError, facts: LifeFacts, server: Facts, *, address: str) -> Problem:
    title, detail = words_of(error.status, error)
    lines = facts.supervisor.output.lines()[-_SHOWN_LOG:] if facts.may_control else []
    again = with_invitation(address, facts.invitation) if facts.invitation else ""
    view = _view(error)
    failure = server["last_failure"]
    usual = server["usual_start"]
    now = time.time()
    return page(
        "life.html",
        retry_after=error.retry_after or (REFRESH_SECONDS if view == "starting" else None),
        frame=facts.frame,
        view=view,
        status=error.status,
        title=title,
        detail=detail.partition("\n")[0],
        server=server,
        failure=failure,
        reason=facts.reason or _stopped_words(facts.supervisor),
        elapsed=_elapsed(facts.supervisor, now),
        usual=usual,
        lines=[_plain(line) for line in lines],
        newest=_NEWEST,
        output=[_plain(line) for line in failure["output"]] if failure else [],
        refresh=REFRESH_SECONDS,
        # Where the page asks for itself, as no person does.
        again=again,
        may_control=facts.may_control,
        facts=_as_script({**_for_script(facts, server, lines, now), "again": again}),
    )


def _elapsed(supervisor: Supervisor, now: float) -> float:
    """How long the start has taken so far; 0 while the child before it is still being stopped."""
    is_starting = supervisor.state is State.STARTING
    return max(0.0, now - (supervisor.started_at or now)) if is_starting else 0.0


def _view(error: ProxyError) -> str:
    match error:
        case Starting():
            return "starting"
        case StartFailed():
            return "failed"
        case _:
            return "stopped"


def _for_script(facts: LifeFacts, server: Facts, lines: list[str], now: float) -> Facts:
    if facts.addresses is None:
        api = follow = ""
    else:
        api = facts.addresses.api(facts.entry.name, facts.entry.instance)
        follow = f"{api}/log?follow&states&tail={_SHOWN_LOG}"
        if not facts.may_control:
            follow = facts.addresses.events()
        if facts.xsrf:
            # Server-sent events cannot be asked for with a field.
            follow += f"{'&' if '?' in follow else '?'}_xsrf={quote(facts.xsrf)}"
    return {
        "server": server,
        "lines": lines,
        "now": timestamp(now),
        "api": api if facts.may_control else "",
        "follow": follow,
        "xsrf": facts.xsrf,
        "refresh": REFRESH_SECONDS,
        "shown_lines": SHOWN_LINES,
    }


def _stopped_words(supervisor: Supervisor) -> str:
    return stop_words(supervisor.stopped_by, idle_timeout=supervisor.options.idle_timeout)


def _plain(line: str) -> str:
    """A line of output without what only a terminal understands."""
    return _TERMINAL.sub("", line)


def _as_script(facts: Any) -> str:
    """JSON that may stand in a script element (HTML Living Standard section 4.12.1.3)."""
    text = json.dumps(facts)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
