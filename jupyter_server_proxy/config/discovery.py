"""Finds every service: those of configuration files first, then those that packages offer.

It runs the packages' entry points, which are other people's code; nothing they raise
gets further than a log line and the list of broken services.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from traitlets.log import get_logger

from ..errors import ConfigurationError
from .compile import compile_service
from .compile_backend import is_link, is_reachable
from .entry_points import offer_functions
from .server_process import ServerProcess, build_process
from .server_proxy import ServerProxy


@dataclass(frozen=True, slots=True)
class Offer:
    """What one entry point returned; `package` is its distribution's name."""

    name: str
    package: str
    settings: Mapping[str, Any]


def discover(proxy: ServerProxy) -> list[ServerProcess]:
    """Every service that can work, each name once.

    Those that cannot are logged and added to `proxy.broken`. A service that does not say
    whether it gets credentials takes over what `proxy` says.
    """
    # A package's own settings are no stand-in for what somebody configured and got wrong.
    wrong = {error.service for error in proxy.broken}
    offers = _first_of_each_name(_load_offers(proxy), proxy)
    found = {name: _merged(process, offers, proxy) for name, process in _configured(proxy).items()}
    for name, offer in offers.items():
        if name not in found and name not in wrong:
            found[name] = _built(offer, proxy)
    return [process for process in found.values() if process and _can_work(process, proxy)]


def get_entrypoint_server_processes() -> list[ServerProcess]:
    """The services that packages offer, without those that cannot be made out."""
    proxy = ServerProxy(log=get_logger())
    return [
        process
        for offer in _first_of_each_name(_load_offers(proxy), proxy).values()
        if (process := _built(offer, proxy)) is not None
    ]


def _configured(proxy: ServerProxy) -> dict[str, ServerProcess]:
    by_name: dict[str, ServerProcess] = {}
    for process in proxy.servers.values():
        if process.name in by_name:
            proxy.log.warning("service %r is configured twice; the first counts", process.name)
        by_name.setdefault(process.name, process)
    return by_name


def _load_offers(proxy: ServerProxy) -> Iterator[Offer]:
    for function in offer_functions(proxy.log):
        name, package = function.name, function.package
        try:
            settings = function.settings(proxy.log)
        # A program that is missing, an import that fails, sys.exit(): all are that package's own.
        except (Exception, SystemExit) as error:
            problem = f"{function.target} raised {type(error).__name__}: {error}"
            proxy.report_broken(ConfigurationError(name, "entry point", problem, package=package))
            proxy.log.debug("the entry point %s raised", function.target, exc_info=True)
        else:
            yield Offer(str(settings.get("name", name)), package, settings)


def _first_of_each_name(offers: Iterator[Offer], proxy: ServerProxy) -> dict[str, Offer]:
    by_name: dict[str, Offer] = {}
    for offer in offers:
        first = by_name.setdefault(offer.name, offer)
        if first is not offer:
            proxy.log.warning(
                "service %r is offered by %s and by %s; the first counts",
                offer.name,
                first.package,
                offer.package,
            )
    return by_name


def _merged(
    process: ServerProcess, offers: Mapping[str, Offer], proxy: ServerProxy
) -> ServerProcess | None:
    """`process`, on top of the offer of the same name where it only changes some keys."""
    written = proxy.written.get(process.name)
    offer = offers.get(process.name)
    if written is None or offer is None or "command" in written or is_reachable(process):
        return process  # it says by itself where the application is
    merged = Offer(process.name, offer.package, merge_settings(offer.settings, written))
    return _built(merged, proxy, changed_keys=frozenset(written))


def merge_settings(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`under` with the keys of `over` put over it; launcher entries are merged themselves."""
    merged = {**under, **over}
    entries = [settings.get("launcher_entry") for settings in (under, over)]
    if all(isinstance(entry, Mapping) for entry in entries):
        merged["launcher_entry"] = {**entries[0], **entries[1]}  # type: ignore[dict-item]
    return merged


def _built(
    offer: Offer, proxy: ServerProxy, *, changed_keys: frozenset[str] = frozenset()
) -> ServerProcess | None:
    process, errors = build_process(
        offer.name, offer.settings, package=offer.package, changed_keys=changed_keys, log=proxy.log
    )
    for error in errors:
        proxy.report_broken(error)
    return process


def adopt(process: ServerProcess, proxy: ServerProxy) -> None:
    """Let `process` take over what `proxy` says for all services."""
    if process.forward_credentials is None:
        process.forward_credentials = proxy.forward_credentials
    process.root_dir = proxy.root_dir


def _can_work(process: ServerProcess, proxy: ServerProxy) -> bool:
    adopt(process, proxy)
    if process.output_log_level is None:
        process.output_log_level = proxy.output_log_level
    if not process.name:
        proxy.report_broken(ConfigurationError("", "name", "must not be empty"))
        return False
    if type(process).make_proxy_handler is not ServerProcess.make_proxy_handler:
        return True  # it makes a handler of its own, for which other things may be right
    if is_link(process):
        return True
    try:
        compile_service(process)
    except ConfigurationError as error:
        proxy.report_broken(process.blamed(error))
        return False
    return True
