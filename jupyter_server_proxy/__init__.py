"""Jupyter Server Proxy: extension points and version, no logic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .serving import serve as serve

__version__ = "5.0.0.dev0"


def __getattr__(name: str) -> Any:
    """`serve`, once somebody wants it: `import` stays quick."""
    if name == "serve":
        from .serving import serve  # noqa: PLC0415

        return serve
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .extension import ServerProxyExtension  # noqa: PLC0415  # `import` stays quick

    return [{"module": "jupyter_server_proxy", "app": ServerProxyExtension}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "@jupyterhub/jupyter-server-proxy"}]


def _jupyter_nbextension_paths() -> list[dict[str, str]]:
    return [
        {
            "section": "tree",
            "dest": "jupyter_server_proxy",
            "src": "static",
            "require": "jupyter_server_proxy/tree",
        }
    ]


def _load_jupyter_server_extension(serverapp: Any) -> None:
    """For servers that load a module rather than its extension points."""
    from .extension import ServerProxyExtension  # noqa: PLC0415

    ServerProxyExtension.load_classic_server_extension(serverapp)  # type: ignore[no-untyped-call]


load_jupyter_server_extension = _load_jupyter_server_extension
_jupyter_server_extension_paths = _jupyter_server_extension_points
