"""What the API answers, as JSON Schema (draft 2020-12). Data, read by `openapi`."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

STATES = (
    "stopped",
    "starting",
    "ready",
    "stopping",
    "failed",
    "closed",
    "unmanaged",
    "broken",
)
STOPPED_BY = ("person", "idle", "lifetime", "package")


def ref(name: str) -> Schema:
    """The schema of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def one_of(values: tuple[str, ...], description: str, *, or_null: bool = False) -> Schema:
    """One of some words."""
    if not or_null:
        return {"type": "string", "enum": list(values), "description": description}
    enum = [*values, None]
    return {"type": ["string", "null"], "enum": enum, "description": description}


def value(kind: str, description: str, **more: Any) -> Schema:
    """A value of a JSON type; "string?" may be null."""
    types: str | list[str] = [kind[:-1], "null"] if kind.endswith("?") else kind
    return {"type": types, "description": description, **more}


def time(description: str) -> Schema:
    """A moment, or null."""
    return value("string?", description + " (RFC 3339)", format="date-time")


def record(properties: dict[str, Schema], description: str) -> Schema:
    """An object that has all of these."""
    return {
        "type": "object",
        "description": description,
        "required": list(properties),
        "properties": properties,
    }


FAILURE = record(
    {
        "reason": value("string", "In one line, as in Jupyter's log"),
        "words": value("string", "Exit code or signal in plain words, or why it has not begun"),
        "returncode": value("integer?", "Exit code; negative for a signal"),
        "signal": value("string?", "Name of the signal that ended it"),
        "out_of_memory": value("boolean", "Whether the system killed it to get its memory back"),
        "failed_at": time("When it failed"),
        "attempt": value("integer", "How many failures in a row this is", minimum=1),
        "retry_at": time("When it is started again by itself; null when it is not"),
        "command": value("string", "The command line, secrets masked"),
        "output": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The last lines that it has written, at most 50",
        },
    },
    "Why a service failed last",
)

SERVER = record(
    {
        "name": value("string", "Name of the service"),
        "instance": value("string?", "Name of the instance; null for the service itself"),
        "title": value("string", "What people call it"),
        "url": value("string", "Path of the application on this server, with a slash at its end"),
        "icon_url": value("string?", "Path of its icon"),
        "category": value("string", "Category in the launcher"),
        "new_browser_tab": value("boolean", "Whether it is made to have a browser tab of its own"),
        "listed": value("boolean", "Whether launchers show it"),
        "source": one_of(("config", "package", "runtime"), "Who says that there is such a service"),
        "package": value("string?", "The Python package that brings it"),
        "managed": value("boolean", "Whether its process is started and stopped by this server"),
        "raw_socket": value("boolean", "Whether it is a byte stream behind a websocket"),
        "state": one_of(STATES, "Where it is in its life"),
        "problem": value("string?", "What is wrong with its configuration, when it is broken"),
        "pid": value("integer?", "Its process"),
        "target": value("string?", "Where it listens, once it is ready"),
        "command": value("string", "The command line, secrets masked; empty before a start"),
        "generation": value("integer", "How often it has been started", minimum=0),
        "restarts": value(
            "integer", "Starts after a failure, for a restart, or to keep it warm", minimum=0
        ),
        "started_at": time("When the last start began"),
        "ready_after": value("number?", "Seconds that the last start took that succeeded"),
        "usual_start": value("number?", "Seconds that a start takes as a rule"),
        "last_activity": time("When it was used last"),
        "in_flight": value("integer", "Requests and tunnels that are open now", minimum=0),
        "tunnels": value("integer", "How many of these are tunnels (websockets)", minimum=0),
        "stopped_by": one_of(
            STOPPED_BY, "Who stopped it; null when it ended by itself", or_null=True
        ),
        "last_failure": {"anyOf": [ref("Failure"), {"type": "null"}]},
        "cpu_percent": value(
            "number?",
            "Processor time of all its processes, 100 is one processor; only in answers "
            "about servers, not in events",
            minimum=0,
        ),
        "rss": value("integer?", "Resident bytes of all its processes; as above", minimum=0),
        "parameters": value("object", "What its instances may be given, by name"),
        "values": value("object", "What this instance was given"),
    },
    "A service, or one instance of it, as it is now",
)

PROBLEM = {
    "type": "object",
    "description": "An error (RFC 9457)",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": value("string", "Always about:blank"),
        "title": value("string", "What kind of error"),
        "status": value("integer", "The HTTP status"),
        "detail": value("string", "What is wrong and what would be right, for people"),
        "service": value("string", "The service it is about"),
        "last_failure": {"anyOf": [ref("Failure"), {"type": "null"}]},
    },
}

LINES: Schema = {
    "type": "array",
    "items": {"type": "string"},
    "description": "As written, with the control sequences for colours",
}

NEW_SERVER: Schema = {
    "type": "object",
    "description": (
        "A service to add. Every key of a service that can be written in JSON may be given besides "
        "these"
    ),
    "required": ["name"],
    "properties": {
        "name": value("string", "Its name, which is its path", minLength=1),
        "command": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The program and its arguments, with templates such as {port}",
        },
        "save": value("boolean", "Whether it is there again when Jupyter is started again"),
    },
}

NEW_INSTANCE: Schema = {
    "type": "object",
    "description": "An instance to add",
    "additionalProperties": False,
    "properties": {
        "instance": value("string", "Its name; one is made up when it is missing", minLength=1),
        "parameters": value("object", "Values for the parameters that the service declares"),
    },
}

SCHEMAS: dict[str, Schema] = {
    "NewServer": NEW_SERVER,
    "NewInstance": NEW_INSTANCE,
    "Server": SERVER,
    "Servers": record(
        {"servers": {"type": "array", "items": ref("Server")}},
        "All services and instances that you may see",
    ),
    "Failure": FAILURE,
    "Log": record(
        {"lines": LINES, "file": value("string?", "The file that has all of them")},
        "The last lines, of earlier processes too",
    ),
    "StateEvent": {
        "description": "Data of the event `state`",
        "allOf": [
            ref("Server"),
            record({"before": one_of(STATES, "Its state until now")}, "What was before"),
        ],
    },
    "RemovedEvent": record(
        {"name": value("string", "The service"), "instance": value("string?", "The instance")},
        "Data of the event `removed`",
    ),
    "LinesEvent": {
        "type": "object",
        "description": "Data of the event `lines`",
        "required": ["lines"],
        "properties": {
            "lines": LINES,
            "left_out": value("integer", "How many before these could not be sent", minimum=1),
        },
    },
    "Problem": PROBLEM,
}
