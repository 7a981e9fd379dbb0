"""The front of every proxied route: one gate, one way to answer errors, one way to finish.

Nothing reaches a backend or starts a process before `prepare` has let it pass (login,
Jupyter's authorizer, Origin for upgrades). Every `ProxyError` raised behind it becomes its
status and a page or a problem document here and nowhere else.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from tornado import httputil, web
from tornado.http1connection import HTTP1Connection
from tornado.util import ObjectDict

from ..errors import ClientGone, LoginRequired, NotAuthorized, OriginNotAllowed, ProxyError
from ..relay.error_log import log_error
from ..rules.headers import connection_options
from ..rules.log_lines import one_line
from ..rules.wakeup import is_navigation
from . import pages
from .runtime import SETTING, Runtime

# The verbs Tornado knows; every other token is an extension method (RFC 9110 section 16.1).
STANDARD_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"))


class ExtensionMethod(str):
    """A request method that Tornado has no verb for.

    Tornado finds the verb by lower-casing the method. Left alone, `FINISH` or `PREPARE`
    would call methods of the handler that are no verbs; so this one lower-cases to the only
    verb that serves them all.
    """

    __slots__ = ()

    def lower(self) -> str:
        """The name of the verb."""
        return "extension_method"


class _AnyMethod(tuple[str, ...]):
    """Every method is supported but CONNECT, which is for proxies of another kind."""

    __slots__ = ()

    def __contains__(self, method: object) -> bool:
        return method != "CONNECT"


class FrontHandler(JupyterHandler):
    """Gate, answers and bookkeeping of a request that will be relayed.

    Here and below, what is not known yet is an attribute of the class: up to 30 attributes, of
    which Tornado and Jupyter set 18, an instance has no dictionary of its own and is quick.
    """

    SUPPORTED_METHODS = _AnyMethod(sorted(STANDARD_METHODS))

    # What Jupyter's authorizer is asked about.
    authorization_resource = "server-proxy"

    _relayed_status: int | None = None
    _is_answered = False
    _is_usual = False

    def __init__(
        self, application: web.Application, request: httputil.HTTPServerRequest, **kwargs: Any
    ) -> None:
        if request.method not in STANDARD_METHODS:
            request.method = ExtensionMethod(request.method)
        super().__init__(application, request, **kwargs)

    @property
    def runtime(self) -> Runtime:
        """What the handlers of this application share."""
        known = self.application.settings.get(SETTING)
        if isinstance(known, Runtime):
            return known
        return Runtime.of(self.settings, self.log)

    @property
    def offered_protocols(self) -> str:
        """What the client offers to leave HTTP for; "" when it is an ordinary request.

        `h2c` is left out, since it cannot be tunnelled (RFC 9113 section 3.1). Offers that
        need not be heard (RFC 9110 section 7.8) are ignored where they make no sense: in
        HTTP/1.0, with other methods than GET, and with a body.
        """
        request = self.request
        headers = request.headers
        if "Upgrade" not in headers or request.method != "GET" or request.version == "HTTP/1.0":
            return ""
        if "Transfer-Encoding" in headers or headers.get("Content-Length", "0") != "0":
            return ""
        if "upgrade" not in connection_options(headers.get_list("Connection")):
            return ""
        offered = (protocol.strip() for protocol in headers["Upgrade"].split(","))
        return ", ".join(p for p in offered if p and p.lower() != "h2c")

    @property
    def is_upgrade(self) -> bool:
        """Whether the client asks to leave HTTP for a protocol that can be tunnelled."""
        return bool(self.offered_protocols)

    @property
    def is_page_visit(self) -> bool:
        """Whether a person navigates here, as opposed to a page fetching something."""
        return is_navigation(self.request.headers)

    # --- the gate ----------------------------------------------------------------------

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Let only pass who is logged in, authorized, and of our origin where that matters."""
        await super().prepare(*args, **kwargs)
        if not self._is_answered:
            await self._pass_gate()

    async def _pass_gate(self) -> None:
        user = self.current_user
        if not user:
            await self._refuse_stranger()
            return
        allowed = self.authorizer.is_authorized(
            self, user, self._authorization_action(), self.authorization_resource
        )
        if allowed is not True and not await awaited(allowed):
            raise NotAuthorized(f"You may not use {self.authorization_resource}")
        if self.is_upgrade and not self.check_origin():
            raise OriginNotAllowed("A page of this origin may not open connections here")

    async def _refuse_stranger(self) -> None:
        """Answer somebody who is not logged in: with the login page, or LoginRequired."""
        if self.is_upgrade:
            raise LoginRequired("Log in to Jupyter first")
        # Redirects people to the login page and refuses the rest with 403.
        web.authenticated(_pass)(self)

    def _authorization_action(self) -> str:
        if self.is_upgrade:
            return "execute"
        return "read" if self.request.method in ("GET", "HEAD", "OPTIONS") else "write"

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """A path may hold bytes that are no UTF-8; they pass as `rules.paths` says. Of an argument
        that does, the log gets the name: the value may be a secret."""
        if name is None:
            return value.decode("utf-8", "surrogateescape")
        try:
            return super().decode_argument(value, name)
        except web.HTTPError:
            raise web.HTTPError(400, "The argument %s is no UTF-8", name) from None

    def check_xsrf_cookie(self) -> None:
        """Leave it to the proxied application, whose forms do not know Jupyter's token."""

    def extension_method(self, *_args: Any, **_kwargs: Any) -> Any:
        """Any method that Tornado has no verb for; see `ExtensionMethod`."""
        raise web.HTTPError(405)

    # --- answers -----------------------------------------------------------------------

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Answer an error; see `tornado.web.RequestHandler.send_error`."""
        error = kwargs.get("exc_info", (None, None))[1]
        if self._is_answered:
            return
        if isinstance(error, ClientGone):
            # Nobody is left to answer, and leaving a page is no event for anybody's log.
            self._is_answered = True
            return
        if isinstance(error, ProxyError):
            status_code = error.status
            self._is_usual = error.log_level <= logging.DEBUG
        super().send_error(status_code, **kwargs)

    def _log(self) -> None:
        """Log the request, as Tornado lets handlers do in their own way: a start page, or a
        forgotten tab that is refused again and again, is no error for Jupyter's log."""
        if self._is_usual:
            request = self.request
            asked = one_line(f"{request.method} {request.path}")
            self.log.debug("%d %s", self.get_status(), asked)
        else:
            super()._log()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A page for people, a problem document (RFC 9457) for programs."""
        error = kwargs.get("exc_info", (None, None))[1]
        problem = self.describe_error(status_code, error)
        framed_by = pages.frame_ancestors(self.content_security_policy)
        for name, value in pages.headers_for(problem, framed_by=framed_by).items():
            self.set_header(name, value)
        body = problem.body.encode()
        self.set_header("Content-Length", str(len(body)))
        if self.request.method != "HEAD":
            self.write(body)

    def describe_error(self, status_code: int, error: BaseException | None) -> pages.Problem:
        """What the client is told of an error."""
        return pages.describe(status_code, error, request=self.request, frame=self.page_frame)

    @property
    def page_frame(self) -> pages.Frame | None:
        """What our pages have around them: nothing in Jupyter."""
        return None

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """One line for what was foreseen, a traceback for what was not; never a query."""
        if isinstance(value, ProxyError):
            said = one_line(f"{self.request.path}: {value.message.partition(chr(10))[0]}")
            self.log.log(value.log_level, "server-proxy: %s", said)
        else:
            log_error(self.log, self.request, (typ, value, tb))

    # --- finishing -----------------------------------------------------------------------

    def get_status(self) -> int:
        """The status answered, relayed or our own."""
        return self._relayed_status or super().get_status()

    @property
    def is_head_sent(self) -> bool:
        """Whether the head of a relayed response is out, so that no other can follow."""
        return self._relayed_status is not None

    def own_cookies(self) -> list[tuple[str, str]]:
        """Set-Cookie fields of our own that a relayed response must carry.

        Jupyter logs a person in on the first request with a token; without its cookie the
        page's next requests would be nobody's.
        """
        # Tornado has no public way to see the cookies that `set_cookie` was called with.
        cookies = getattr(self, "_new_cookie", {})
        return [("Set-Cookie", morsel.OutputString(None)) for morsel in cookies.values()]

    def note_relayed(self, status: int) -> None:
        """A response of this status is written to the connection itself; `finish` ends it."""
        self._relayed_status = status

    def note_detached(self, status: int) -> None:
        """The connection was taken over after an answer of this status; nothing is to finish."""
        self._relayed_status = status
        self._is_answered = True
        self.application.log_request(self)

    def note_taken_over(self) -> None:
        """Another handler has answered and logged this request; nothing is to finish."""
        self._is_answered = True
        self._relayed_status = 101

    @property
    def is_answered(self) -> bool:
        """Whether the response is finished, be it a redirect, an error or a relayed one."""
        return self._is_answered

    def finish(self, chunk: Any = None) -> asyncio.Future[None]:
        """End the response; harmless when a relayed one has ended already."""
        if self._relayed_status is None:
            self._is_answered = True
            return super().finish(chunk)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        if not self._is_answered:
            self._is_answered = True
            self._finish_relayed()
        return done

    def _finish_relayed(self) -> None:
        connection = self.request.connection
        assert isinstance(connection, HTTP1Connection)
        connection.set_close_callback(None)
        if not connection.stream.closed():
            connection.finish()
        self.application.log_request(self)
        self.on_finish()
        # A handler refers to itself through it; letting go spares the garbage collector.
        self.ui = ObjectDict()


def _pass(_handler: web.RequestHandler) -> None:
    """What `web.authenticated` guards."""


async def awaited(value: Any) -> Any:
    """`value`, awaited if it can be; an overridden method may be a plain function."""
    return await value if inspect.isawaitable(value) else value
