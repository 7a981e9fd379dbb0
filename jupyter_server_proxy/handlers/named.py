"""`/NAME/...` for a service that runs already, and what all services by name have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ..callbacks import call_now
from ..errors import CallableFailed
from ..rules import templates
from ..rules.service import Origin, Service
from ..rules.targets import Target
from .answers_of_callables import call_for_path, check_headers
from .local import LocalProxyHandler

# The options of a service that are attributes of a relaying handler, by the same names.
RELAYING_OPTIONS = (
    "connect_timeout",
    "forward_credentials",
    "max_connections",
    "response_timeout",
    "rewrite_content_types",
    "rewrite_limit",
    "tunnel_idle_timeout",
)


class NamedLocalProxyHandler(LocalProxyHandler):
    """Relays to a service that runs already: `port` or `unix_socket` says where.

    The class attributes are the service's options; `config` makes a subclass for each.
    """

    service: Service | None = None
    # Below these there is nobody else's code: requests are only ever relayed.
    is_own_base = True
    # Whether it joins messages to a byte stream, see `raw`.
    is_raw = False
    name: str = ""
    port: Any = 0
    mappath: Mapping[str, str] | Callable[..., Any] = MappingProxyType({})
    request_headers_override: Any = MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A class made for a configured service takes over what relaying reads of it."""
        super().__init_subclass__(**kwargs)
        service = cls.__dict__.get("service")
        if service is not None:
            for option in RELAYING_OPTIONS:
                if option not in cls.__dict__:
                    setattr(cls, option, getattr(service, option))
            cls.traffic_label = service.name
            cls.authorization_resource = f"server-proxy:{service.name}"
            cls.relays_only = bool(cls.__bases__[0].__dict__.get("is_own_base"))

    @property
    def process_args(self) -> dict[str, Any]:
        """What templates and callables of this service can ask for."""
        return {
            "port": self.port,
            "unix_socket": self.unix_socket or "",
            "base_url": self.base_url,
            "name": self.name,
        }

    def origin_of(self, key: str) -> Origin:
        """See `ExchangingHandler`."""
        return self.service.origin(key) if self.service is not None else Origin(self.name, key)

    def get_request_headers_override(self) -> Mapping[str, str]:
        """The service's own headers, with what they ask for filled in."""
        override = self.request_headers_override
        if not override:
            return {}
        key = "request_headers_override"
        origin = self.origin_of(key)
        try:
            headers = self._realize_rendered_template(override, key)
        except ValueError as error:
            raise CallableFailed(str(origin), str(error)) from error
        return check_headers(headers, override, origin)

    def _render_template(self, value: Any) -> Any:
        """`value` with its templates filled in. Raises ValueError for one that is unknown."""
        return templates.render(value, self.process_args)

    def _realize_rendered_template(self, attribute: Any, key: str = "template") -> Any:
        """`attribute`, called if it can be, with its templates filled in; `key` is its name."""
        if callable(attribute):
            attribute = call_now(attribute, self.process_args, self.origin_of(key))
        return self._render_template(attribute)

    def proxy(self, port: Any, path: str) -> Any:  # type: ignore[override]
        """Relay to `path`, mapped by `mappath`."""
        if callable(self.mappath):
            return self._proxy_where_it_says(port, path)
        return super().proxy(port, self._looked_up(path))

    async def _proxy_where_it_says(self, port: Any, path: str) -> None:
        await super().proxy(port, await self._mapped(path))

    async def proxy_open(self, host: str, port: Any, proxied_path: str = "") -> None:
        """Offer an upgrade at `proxied_path`, mapped by `mappath` as for HTTP."""
        await super().proxy_open(host, port, await self._mapped(proxied_path))

    async def _mapped(self, path: str) -> str:
        if not callable(self.mappath):
            return self._looked_up(path)
        return await call_for_path(self.mappath, _with_slash(path), self.origin_of("mappath"))

    def _looked_up(self, path: str) -> str:
        path = _with_slash(path)
        return self.mappath.get(path, path)  # type: ignore[union-attr]

    def _find_target(self, host: str, port: Any) -> Target:
        if self.service is not None and self.service.target is not None:
            return self.service.target
        return super()._find_target(host, port)

    # --- verbs: the route's only group is the path -----------------------------------------

    def http_get(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return self.proxy(self.port, path)

    def open(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return super().open(self.port, path)

    def post(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return self.proxy(self.port, path)

    def put(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return self.proxy(self.port, path)

    def delete(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return self.proxy(self.port, path)

    def head(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return self.proxy(self.port, path)

    def patch(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return self.proxy(self.port, path)

    def options(self, path: str) -> Any:  # type: ignore[override]
        """See `ProxyHandler`."""
        return self.proxy(self.port, path)


def _with_slash(path: str) -> str:
    return path if path.startswith("/") else "/" + path
