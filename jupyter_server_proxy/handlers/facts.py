"""What programs and pages are told about a service: one form for API, events and pages.

Reading only; nothing here starts anything or decides.
"""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jupyter_server.utils import url_path_join

from ..rules.lifecycle import State
from ..rules.service import Launcher, Service
from .catalog import Entry

if TYPE_CHECKING:
    from ..processes.supervisor import Supervisor

Facts = dict[str, Any]

# RFC 3986 section 3.3: what may stand in a path as it is. A slash in a name stays one, since the
# route of a service takes it so.
PATH_SAFE = "/-._~!$&'()*+,;=:@"
# These two are how the way to another state looks to the supervisor only.
_SHOWN_STATES = {State.ABORTING: "stopping", State.CLOSING: "closed"}
_NO_LAUNCHER = Launcher(enabled=False, icon_path="", title="", path_info="", category="")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where services are on this server. `is_alone`: one service has the base URL to itself."""

    base_url: str
    is_alone: bool = False

    def service(self, name: str, instance: str | None = None) -> str:
        """The path of a service or an instance of it, with a slash at its end."""
        if self.is_alone:
            return self.base_url.rstrip("/") + "/"
        parts = [name] if instance is None else [name, "i", instance]
        return url_path_join(self.base_url, *(quote(part, safe=PATH_SAFE) for part in parts), "/")

    def icon(self, name: str) -> str:
        """The path of a service's icon."""
        return url_path_join(self.base_url, "server-proxy/icon", quote(name, safe=PATH_SAFE))

    def api(self, name: str, instance: str | None = None) -> str:
        """The path of a service in the REST API, without a slash at its end."""
        parts = [name] if instance is None else [name, "instances", instance]
        path = "/".join(quote(part, safe=PATH_SAFE) for part in parts)
        return f"{self.base_url.rstrip('/')}/server-proxy/api/servers/{path}"

    def events(self) -> str:
        """The path of the events of all services."""
        return f"{self.base_url.rstrip('/')}/server-proxy/api/events"


def describe(entry: Entry, addresses: Addresses) -> Facts:
    """Everything about one service or instance that can be told without asking the system."""
    launcher = entry.service.launcher if entry.service is not None else _NO_LAUNCHER
    has_icon = bool(launcher.icon_path) and not addresses.is_alone
    return {
        "name": entry.name,
        "instance": entry.instance,
        "title": launcher.title or entry.name,
        "url": addresses.service(entry.name, entry.instance),
        "icon_url": addresses.icon(entry.name) if has_icon else None,
        "category": launcher.category,
        "new_browser_tab": entry.service.new_browser_tab if entry.service is not None else True,
        "listed": launcher.enabled,
        "source": entry.source.value,
        "package": entry.package or None,
        "managed": is_managed(entry),
        "raw_socket": bool(entry.service and entry.service.raw_socket_proxy),
        "state": state_of(entry),
        "problem": entry.problem or None,
        **_life(entry.supervisor),
        "cpu_percent": None,
        "rss": None,
        "parameters": _declarations(entry.service),
        "values": dict(entry.values),
    }


def without_output(facts: Facts) -> Facts:
    """What is told to who may see a service, but not its log or how it is started."""
    return {**facts, "command": "", "last_failure": failure_without_output(facts["last_failure"])}


def failure_without_output(failure: Facts | None) -> Facts | None:
    """The same for a failure alone."""
    return {**failure, "output": [], "command": ""} if failure is not None else None


def _declarations(service: Service | None) -> Facts:
    parameters = service.parameters if service is not None else {}
    return {name: parameter.declaration() for name, parameter in parameters.items()}


def is_managed(entry: Entry) -> bool:
    """Whether there is, or will be, a child that is ours to start and stop."""
    return entry.supervisor is not None or bool(entry.service and entry.service.command)


def state_of(entry: Entry) -> str:
    """In one word."""
    if entry.problem:
        return "broken"
    if entry.supervisor is not None:
        # Whoever comes while it drains has to wait for the next one.
        is_going = entry.supervisor.is_draining
        return shown_state(State.STOPPING if is_going else entry.supervisor.state)
    return "stopped" if is_managed(entry) else "unmanaged"


def shown_state(state: State) -> str:
    """A state of a child, as it is told."""
    return _SHOWN_STATES.get(state, state.value)


def _life(supervisor: Supervisor | None) -> Facts:
    if supervisor is None:
        return _NO_LIFE
    return {
        "pid": supervisor.pid,
        "target": str(supervisor.target) if supervisor.target is not None else None,
        "command": supervisor.command,
        "generation": supervisor.generation,
        "restarts": supervisor.restarts,
        "started_at": timestamp(supervisor.started_at),
        "ready_after": supervisor.ready_after,
        "usual_start": supervisor.usual_start,
        "last_activity": timestamp(supervisor.last_activity),
        "in_flight": supervisor.in_flight,
        "tunnels": supervisor.tunnels,
        "stopped_by": supervisor.stopped_by.name.lower() if supervisor.stopped_by else None,
        "last_failure": describe_failure(supervisor),
    }


_NO_LIFE: Facts = {
    "pid": None,
    "target": None,
    "command": "",
    "generation": 0,
    "restarts": 0,
    "started_at": None,
    "ready_after": None,
    "usual_start": None,
    "last_activity": None,
    "in_flight": 0,
    "tunnels": 0,
    "stopped_by": None,
    "last_failure": None,
}


def describe_failure(supervisor: Supervisor) -> Facts | None:
    """Why it failed last and when it is tried again; None when it has not failed."""
    failure = supervisor.last_failure
    if failure is None:
        return None
    is_due = supervisor.state is State.FAILED and supervisor.restarts_itself
    retry_at = failure.failed_at + (failure.retry_after or 0.0) if is_due else None
    return {
        "reason": failure.reason,
        "words": failure.words,
        "returncode": failure.returncode,
        "signal": _signal(failure.returncode),
        "out_of_memory": failure.out_of_memory,
        "failed_at": timestamp(failure.failed_at),
        "attempt": failure.attempt,
        "retry_at": timestamp(retry_at),
        "command": failure.command,
        "output": list(failure.output),
    }


def _signal(returncode: int | None) -> str | None:
    if returncode is None or returncode >= 0:
        return None
    try:
        return signal.Signals(-returncode).name
    except ValueError:
        return str(-returncode)


def timestamp(seconds: float | None) -> str | None:
    """Unix time as in RFC 3339, to the millisecond."""
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return re.sub(r"\+00:00$", "Z", moment.isoformat(timespec="milliseconds"))
