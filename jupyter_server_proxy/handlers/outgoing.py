"""What a backend is sent for a request: its target, its fields, its body.

`rules` decides; here they are given what Tornado, Jupyter and the service's settings say.
Nothing is sent from here.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import TargetInvalid
from ..rules import paths
from ..rules.credentials import Credentials, strip_query
from ..rules.headers import ClientFacts, request_headers
from ..rules.targets import bracketed
from .accounting import AccountingHandler
from .body import BufferedBody, RequestBody, has_body
from .destination import Destination, Outbound
from .runtime import jupyter_credentials


class OutgoingHandler(AccountingHandler):
    """Makes the outgoing request of the one that came."""

    absolute_url: bool = False
    forward_credentials: bool = False
    proxy_base: str = ""

    _known_credentials: Credentials | None = None

    # --- what subclasses refine ----------------------------------------------------------

    def get_request_headers_override(self) -> Mapping[str, str]:
        """Headers that replace those of the client. Typically overridden."""
        return {}

    def _get_context_path(self, host: str, port: int | str) -> str:
        """The path under which the client sees this backend."""
        if self.proxy_base:
            return paths.context_path(self.base_url, self.proxy_base)
        host_and_port = str(port) if host == "localhost" else f"{bracketed(host)}:{port}"
        parts = ("proxy", "absolute") if self.absolute_url else ("proxy",)
        return paths.context_path(self.base_url, *parts, host_and_port)

    @property
    def _jupyter_credentials(self) -> Credentials:
        known = self._known_credentials
        if known is None:
            known = self._known_credentials = jupyter_credentials(self.settings, self)
        return known

    def _is_behind_trusted_proxy(self) -> bool:
        return bool(getattr(self.settings.get("serverapp"), "trust_xheaders", False))

    def _request_body(self) -> RequestBody | None:
        return BufferedBody(self.request.body) if has_body(self.request.headers) else None

    # --- the request -----------------------------------------------------------------------

    def _outbound(self, destination: Destination, *, upgrade: str | None = None) -> Outbound:
        """What the backend is sent; `upgrade` offers to switch to these protocols."""
        body = self._request_body()
        return Outbound(
            str(self.request.method),
            self._request_target(destination),
            self._request_fields(destination, upgrade, body),
            body,
        )

    def _request_target(self, destination: Destination) -> str:
        raw_path, suffix = paths.split_target(self.request.uri or "/")
        if self.absolute_url:
            prefix = self._get_context_path(destination.host, destination.port)
            path = paths.absolute_path(raw_path, destination.path, prefix)
        else:
            path = paths.backend_path(raw_path, destination.path)
        if suffix and not self.forward_credentials:
            suffix = strip_query(suffix, self._jupyter_credentials)
        target = paths.with_query(path, suffix)
        if not paths.is_fit_for_request_line(target):
            raise TargetInvalid("The path contains characters that no request may have")
        return target

    def _request_fields(
        self, destination: Destination, upgrade: str | None, body: RequestBody | None
    ) -> list[tuple[str, str]]:
        context = self._get_context_path(destination.host, destination.port)
        client = self._client_facts()
        fields = request_headers(
            self.request.headers.get_all(),
            client,
            prefix=None if self.absolute_url else context,
            hidden=None if self.forward_credentials else self._jupyter_credentials,
            overrides=tuple(self.get_request_headers_override().items()),
            upgrade=upgrade,
            default_host=client.host or destination.authority,
        )
        if body is not None:
            fields.append(body.framing)
        return fields

    def _client_facts(self) -> ClientFacts:
        request = self.request
        return ClientFacts(
            remote_ip=request.remote_ip or "",
            scheme=request.protocol,
            host=request.headers.get("Host", ""),
            is_behind_trusted_proxy=self._is_behind_trusted_proxy(),
        )
