"""`GET api/openapi.json`: the description of this API (OpenAPI 3.1).

Tests hold it against the routes and against what is really answered.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jupyter_server.utils import url_path_join

from .schemas import SCHEMAS, ref
from .view import ApiView

Part = dict[str, Any]

_ABOUT = (
    "Services of jupyter-server-proxy: what they are, how they are, and starting and stopping "
    "them. Requests that change something need Jupyter's token, or the cookie of a login together "
    "with the cookie `_xsrf` and a header `X-XSRFToken` of the same value. The authorizer is asked "
    "about `server-proxy:NAME` for one service, about `server-proxy-info` for lists, and about "
    "`server-proxy` before one is added."
)
_PROBLEMS = {
    400: "The request or its body is malformed",
    403: "You are not logged in or may not do that, or the request may be forged",
    404: "There is no service or instance of this name",
    409: "The service cannot do that, as it is now or as it is made",
    422: "A parameter or the body is wrong; the detail says what is right",
    429: "Wrong tokens were tried too often; only in an application of its own",
    500: "It could not be saved, or its entry in the file could not be removed; nothing has "
    "changed",
    503: "Nobody can log in now, since the JupyterHub that knows people does not answer, or "
    "Jupyter is shutting down",
    504: "It was not ready in time; the problem has the failure",
}
_NOT_ADDED = (409, 422, 500)
# Whatever is asked for may be answered so.
_ALWAYS = (400, 403, 429, 503)
# These say when it may be tried again, where that is known.
_LATER = (429, 503, 504)
_NOT_STARTED = "It could not be started, the problem has the failure; or as for other requests"
_RETRY_AFTER: Part = {
    "schema": {"type": "integer", "minimum": 1},
    "description": "Seconds, where it is known when another try makes sense",
}
_COMMANDS = {
    "start": "Start it and wait until it is ready. If it is ready already, nothing happens. Also "
    "when it has failed or was stopped, as a person's visit would.",
    "stop": "Stop it and wait until nothing of it is left. If it is stopped already, nothing "
    "happens. Who waits for it to become ready is refused.",
    "restart": "Stop it, start it again and wait until it is ready. Requests under way may end, "
    "for up to its `stop_timeout`; new ones wait for the new process.",
}
_WORDS = {"Server": "service", "Instance": "instance"}
NAME: Part = {
    "name": "name",
    "in": "path",
    "required": True,
    "description": "Name of the service, percent-encoded",
    "schema": {"type": "string", "minLength": 1},
}
INSTANCE: Part = {**NAME, "name": "instance", "description": "Name of the instance"}


class OpenApiView(ApiView):
    """The document, with the address of this server in it."""

    def get(self) -> None:
        """Answer it."""
        url = url_path_join(self.api.addresses.base_url, "server-proxy/api")
        self.answer({**document(), "servers": [{"url": url}]})

    head = get


@lru_cache(maxsize=1)
def document() -> Part:
    """The description, without any address."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Jupyter Server Proxy", "version": "1", "description": _ABOUT},
        "security": [{"token": []}, {"login": []}],
        "paths": {
            "/servers": {
                "get": operation("listServers", "All services", ok=json_of("Servers")),
                "post": _adding("addServer", "Add a service", "NewServer", problems=_NOT_ADDED),
            },
            **paths_of_one("/servers/{name}", "Server", NAME),
            **paths_of_one("/servers/{name}/instances/{instance}", "Instance", NAME, INSTANCE),
            "/servers/{name}/instances": {
                "parameters": [NAME],
                "post": _adding(
                    "addInstance", "Add an instance", "NewInstance", problems=(404, 409, 422)
                ),
            },
            "/events": {"get": _events()},
            "/openapi.json": {
                "get": operation(
                    "getDescription",
                    "This document",
                    ok={"application/json": {"schema": {"type": "object"}}},
                )
            },
        },
        "components": {"schemas": SCHEMAS, "securitySchemes": _LOGINS},
    }


def paths_of_one(path: str, what: str, *parameters: Part) -> dict[str, Part]:
    """The paths about one service or instance."""
    found: dict[str, Part] = {
        path: {
            "get": operation(
                f"get{what}", f"One {_WORDS[what]}", ok=json_of("Server"), problems=(404,)
            ),
            "delete": operation(
                f"remove{what}",
                f"Remove one {_WORDS[what]}",
                description="Only what was added at run time. Requests under way may end, for up "
                "to its `stop_timeout`.",
                problems=(404, 409, 500) if what == "Server" else (404, 409),
                answers={"204": {"description": "It is gone"}},
            ),
        },
        f"{path}/log": {"get": _log(what)},
    }
    for command, description in _COMMANDS.items():
        found[f"{path}/{command}"] = {"post": _command(command, what, description)}
    for item in found.values():
        item["parameters"] = list(parameters)
    return found


def operation(
    id_: str,
    summary: str,
    *,
    ok: Part | None = None,
    description: str = "",
    parameters: tuple[Part, ...] = (),
    problems: tuple[int, ...] = (),
    answers: Part | None = None,
) -> Part:
    """One method of a path; `ok` is the content of a 200, `answers` are further responses."""
    responses = {"200": {"description": "OK", "content": ok}} if ok is not None else {}
    responses |= answers or {}
    for status in sorted({*_ALWAYS, *problems}):
        responses[str(status)] = {
            "description": _PROBLEMS[status],
            "content": {"application/problem+json": {"schema": ref("Problem")}},
        }
        if status in _LATER:
            responses[str(status)]["headers"] = {"Retry-After": _RETRY_AFTER}
    described: Part = {"operationId": id_, "summary": summary, "responses": responses}
    if description:
        described["description"] = description
    if parameters:
        described["parameters"] = list(parameters)
    return described


def json_of(schema: str) -> Part:
    """The content of a response."""
    return {"application/json": {"schema": ref(schema)}}


def query(name: str, schema: Part, description: str) -> Part:
    """A parameter of the query."""
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _command(command: str, what: str, description: str) -> Part:
    wait = query(
        "wait",
        {"type": "boolean", "default": True},
        "If false, the answer comes at once (202) and the service goes on by itself",
    )
    problems = (404, 409, 422) if command == "stop" else (404, 409, 422, 504)
    described = operation(
        f"{command}{what}",
        f"{command.capitalize()} one {_WORDS[what]}",
        description=description,
        ok=json_of("Server"),
        parameters=(wait,),
        problems=problems,
        answers={"202": {"description": "It has begun", "content": json_of("Server")}},
    )
    if command != "stop":
        described["responses"]["503"]["description"] = _NOT_STARTED
    return described


def _adding(id_: str, summary: str, body: str, *, problems: tuple[int, ...]) -> Part:
    location = {"schema": {"type": "string"}, "description": "Its path in this API"}
    added = {
        "description": "It is there",
        "headers": {"Location": location},
        "content": json_of("Server"),
    }
    described = operation(id_, summary, problems=problems, answers={"201": added})
    described["requestBody"] = {"required": True, "content": json_of(body)}
    return described


def _log(what: str) -> Part:
    number = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
    flag = {"type": "boolean", "default": False}
    return operation(
        f"get{what}Log",
        f"What one {_WORDS[what]} has written",
        description=(
            "The last lines as JSON. With `follow`, or if `Accept` names `text/event-stream`, "
            "server-sent events that do not end: `lines` with data as in `LinesEvent`, first with "
            "the last lines. A client that reads too slowly gets the last lines only, with the "
            "number of those left out; one that does not read for 30 seconds is disconnected."
        ),
        ok={**json_of("Log"), "text/event-stream": {"schema": {"type": "string"}}},
        parameters=(
            query("tail", number, "How many of the last lines; all that are kept if left out"),
            query("follow", flag, "Go on with every line that comes"),
            query("states", flag, "With `follow`: also send `state`, first with the present one"),
        ),
        problems=(404, 422),
    )


def _events() -> Part:
    return operation(
        "followServers",
        "What happens to services",
        description=(
            "Server-sent events that do not end. First `servers` with data as in `Servers`; then "
            "`state` (data as in `StateEvent`) after every change of state, `added` (`Server`) and "
            "`removed` (`RemovedEvent`). Nothing is sent while nothing changes, but a comment "
            "every 30 seconds. A client for which 256 KiB wait is disconnected; when it connects "
            "again it gets everything."
        ),
        ok={"text/event-stream": {"schema": {"type": "string"}}},
    )


_LOGINS = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`token` or `Bearer`, a space, and Jupyter's token",
    },
    "login": {
        "type": "apiKey",
        "in": "cookie",
        "name": "username-HOST-PORT",
        "description": "The cookie that Jupyter sets when somebody logs in; its name differs",
    },
}
