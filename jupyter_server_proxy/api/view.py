"""What all answers of the REST API have in common: gate, XSRF, problem documents.

The gate is the one of the proxied routes (`handlers.front`); what differs is said here.
"""

from __future__ import annotations

import json
from http.client import responses
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from tornado import web

from ..errors import LoginRequired, ProxyError, RequestInvalid
from ..handlers import pages
from ..handlers.catalog import Entry
from ..handlers.facts import Facts, describe_failure, failure_without_output, without_output
from ..handlers.front import FrontHandler, awaited
from .context import Api

LIST_RESOURCE = "server-proxy-info"
VERBS = ("get", "head", "post", "put", "delete", "patch", "options")
_TRUE, _FALSE = ("", "1", "true"), ("0", "false")


class ApiView(FrontHandler):
    """One resource of the API. `action` is what the authorizer is asked for.

    The resource it is asked about is that of the service in the path, else of the list.
    """

    action = "read"
    api: Api
    _is_admitted = False

    def initialize(self, api: Api) -> None:
        """Remember what all share; called by Tornado with the route's keywords."""
        self.api = api

    # --- the gate --------------------------------------------------------------------------

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Let only pass who may, see `FrontHandler`."""
        name = self.path_kwargs.get("name")
        self.authorization_resource = self.resource_of(name)
        await super().prepare(*args, **kwargs)
        self._is_admitted = True

    def resource_of(self, name: str | None) -> str:
        """What the authorizer is asked about when `name` is that in the path, if any."""
        return LIST_RESOURCE if name is None else service_resource(name)

    def _authorization_action(self) -> str:
        return self.action

    def check_xsrf_cookie(self) -> None:
        """As for Jupyter's own API, other than for what is proxied."""
        JupyterHandler.check_xsrf_cookie(self)

    def get_login_url(self) -> str:
        """Programs are refused rather than sent to a login page."""
        if not self.current_user:
            raise LoginRequired("Log in to Jupyter first")
        return str(super().get_login_url())

    async def may_read(self, entry: Entry) -> bool:
        """Whether the authorizer lets this user see `entry` in a list."""
        return await self.may("read", entry.name)

    async def may_execute(self, entry: Entry) -> bool:
        """Whether this user may start `entry`, and so see how and what it writes."""
        return await self.may("execute", entry.name)

    async def told(self, entry: Entry, facts: Facts) -> Facts:
        """As much of `facts` about `entry` as this user, who may read them, may see."""
        return facts if await self.may_execute(entry) else without_output(facts)

    async def may(self, action: str, name: str) -> bool:
        """Whether the authorizer lets this user do it to the service `name`, if there is one."""
        resource = service_resource(name)
        allowed = self.authorizer.is_authorized(self, self.current_user, action, resource)
        return bool(await awaited(allowed))

    # --- what is asked ---------------------------------------------------------------------

    def asked_flag(self, name: str, *, default: bool) -> bool:
        """A parameter of the query that is true or false; alone it is true. Raises
        RequestInvalid."""
        value = self.get_query_argument(name, None)
        if value is None:
            return default
        if value.lower() in _TRUE + _FALSE:
            return value.lower() in _TRUE
        raise RequestInvalid(f"{name} must be true or false, not {value[:50]!r}")

    def asked_number(self, name: str, *, default: int) -> int:
        """A parameter of the query that is a number from 0. Raises RequestInvalid."""
        value = self.get_query_argument(name, None)
        if value is None:
            return default
        if value.isascii() and value.isdigit() and len(value) < 10:
            return int(value)
        raise RequestInvalid(f"{name} must be a whole number from 0, not {value[:50]!r}")

    # --- answers -----------------------------------------------------------------------------

    def set_default_headers(self) -> None:
        """Jupyter's, and what keeps answers from being kept or taken for something else."""
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.clear_header("Server")

    def answer(self, facts: Facts, status: int = 200) -> None:
        """Answer a JSON object."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(facts))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A problem document (RFC 9457), whoever asks."""
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, ProxyError):
            title, detail = error.title, error.message
        else:
            title = responses.get(status_code, "Error")
            detail = str(error.get_message()) if isinstance(error, web.HTTPError) else ""
        retry_after = error.retry_after if isinstance(error, ProxyError) else None
        body = {
            "type": "about:blank",
            "title": title,
            "status": status_code,
            "detail": detail or title,
            **self.problem_members(),
        }
        problem = pages.Problem(pages.PROBLEM_TYPE, json.dumps(body), retry_after)
        for name, value in pages.headers_for(problem).items():
            self.set_header(name, value)
        if status_code == 405:
            self.set_header("Allow", ", ".join(self.allowed_methods()))
        self.finish(problem.body)

    def problem_members(self) -> Facts:
        """Members of a problem document besides the usual ones: which service, how it failed."""
        if not self._is_admitted or "name" not in self.path_kwargs:
            return {}
        entry = self.api.catalog.get(self.path_kwargs["name"], self.path_kwargs.get("instance"))
        if entry is None or entry.supervisor is None:
            return {}
        failure = describe_failure(entry.supervisor)
        if self.action != "execute":
            # Whoever was let in for less was not asked for that.
            failure = failure_without_output(failure)
        return {"service": entry.name, "last_failure": failure}

    @classmethod
    def allowed_methods(cls) -> list[str]:
        """The methods of this resource, for RFC 9110 section 10.2.1."""
        unimplemented = web.RequestHandler._unimplemented_method  # noqa: SLF001
        return [verb.upper() for verb in VERBS if getattr(cls, verb) is not unimplemented]


def service_resource(name: str) -> str:
    """What the authorizer is asked about, for everything that is about this service."""
    return f"server-proxy:{name}"
