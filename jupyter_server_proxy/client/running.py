"""Which Jupyter servers run, and which of them a program belongs to.

Reads the files that `jupyter server list` reads, and leaves them alone. Starts nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil
from jupyter_core.paths import jupyter_runtime_dir

from .address import Address, from_info, from_url
from .problems import NoServerFound

_TOKEN_VARIABLE = "JUPYTER_TOKEN"  # noqa: S105  # the name of a variable
_HUB_TOKEN_VARIABLE = "JUPYTERHUB_API_TOKEN"  # noqa: S105


def running_servers() -> list[Address]:
    """The servers of this user that run on this machine, the youngest last."""
    return [address for address in _told_by_files() if psutil.pid_exists(address.pid)]


def _told_by_files() -> Iterator[Address]:
    files = sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json"), key=_changed_at)
    for file in files:
        # Files may be half written, gone a moment later, or another program's.
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            yield from_info(json.loads(file.read_text(encoding="utf-8")))


def _changed_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def own_server(environ: Mapping[str, str] | None = None) -> Address | None:
    """The server that this program runs under: that of its kernel, terminal or JupyterHub."""
    environ = os.environ if environ is None else environ
    servers = running_servers()
    named = _named_by_environment(environ, servers)
    if named is not None:
        return named
    by_pid = {server.pid: server for server in servers}
    for pid in _ancestors(environ):
        if pid in by_pid:
            return _with_hub_token(by_pid[pid], environ)
    return _hub_server(environ)


def _named_by_environment(environ: Mapping[str, str], servers: list[Address]) -> Address | None:
    """Jupyter's terminals are told the address; only those on this machine know the rest."""
    url = environ.get("JUPYTER_SERVER_URL", "")
    for server in servers:
        if _is_at(server, url):
            return _with_hub_token(server, environ)
    return None


def _is_at(server: Address, url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "http+unix":
        return unquote(parts.netloc) == server.unix_socket
    return url.rstrip("/") + "/" == server.url


def _ancestors(environ: Mapping[str, str]) -> Iterator[int]:
    """Process ids of who started us, nearest first. Kernels are told theirs as well, which
    helps where something has come in between."""
    with contextlib.suppress(psutil.Error):
        yield from (process.pid for process in psutil.Process().parents())
    with contextlib.suppress(ValueError):
        yield int(environ.get("JPY_PARENT_PID", ""))


def _with_hub_token(server: Address, environ: Mapping[str, str]) -> Address:
    if server.token or not environ.get("JUPYTERHUB_SERVICE_PREFIX"):
        return server
    return replace(server, token=environ.get(_HUB_TOKEN_VARIABLE, ""))


def _hub_server(environ: Mapping[str, str]) -> Address | None:
    """What JupyterHub tells a single-user server, and so whatever it starts."""
    url = environ.get("JUPYTERHUB_SERVICE_URL", "")
    prefix = environ.get("JUPYTERHUB_SERVICE_PREFIX", "")
    token = environ.get(_HUB_TOKEN_VARIABLE, "")
    if not (url and prefix and token):
        return None
    address = from_url(url, token=token)
    # "All addresses" is where it listens; this is where to connect to.
    reachable = address.url.replace("//0.0.0.0", "//127.0.0.1", 1).replace("//[::]", "//[::1]", 1)
    return replace(address, url=reachable)


def choose_server(
    *,
    url: str = "",
    token: str = "",
    server: str = "",
    ca_file: str = "",
    verify: bool = True,
    environ: Mapping[str, str] | None = None,
) -> Address:
    """The server that is meant: the one named, else our own, else the only one that runs.

    `server` is the port, the pid or the base URL of a running one. Raises NoServerFound, which
    says which ones there are, and ValueError for a `url` that is none.
    """
    environ = os.environ if environ is None else environ
    if url:
        given = token or environ.get(_TOKEN_VARIABLE, "")
        return from_url(url, token=given, ca_file=ca_file, verify=verify)
    found = _pick(server) if server else own_server(environ) or _only_one()
    found = replace(found, token=token or found.token or environ.get(_TOKEN_VARIABLE, ""))
    return replace(found, ca_file=ca_file, verify=True) if ca_file else found


def _pick(wanted: str) -> Address:
    running = running_servers()
    for server in running:
        if wanted in (str(server.port), str(server.pid), server.url, server.url.rstrip("/")):
            return server
    raise NoServerFound(f"no running Jupyter server is {wanted!r}{_listed(running)}")


def _only_one() -> Address:
    running = running_servers()
    if len(running) == 1:
        return running[0]
    if not running:
        raise NoServerFound("no Jupyter server of yours is running on this machine")
    raise NoServerFound(f"several Jupyter servers are running, say which{_listed(running)}")


def _listed(servers: list[Address]) -> str:
    lines = [f"\n  {server}{_folder(server)}" for server in servers]
    return ":" + "".join(lines) if lines else ""


def _folder(server: Address) -> str:
    return f", serving {server.root_dir}" if server.root_dir else ""
