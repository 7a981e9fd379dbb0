"""Services and instances that are added and removed while Jupyter runs.

They are checked, routed and listed as configured ones are. Who may do that has been decided
before anything here is called.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from tornado import web

from ..errors import (
    ConfigurationError,
    RequestInvalid,
    ServiceUnknown,
    ShuttingDown,
    StateForbids,
)
from ..handlers import Runtime
from ..handlers.catalog import Catalog, Entry, Source
from ..handlers.dynamic import DynamicRouter, has_route
from .instances import check_can_have_instances, instance_handler, unused_instance
from .listed import Listed
from .routes import service_routes
from .saved import Saved
from .server_process import ServerProcess
from .server_proxy import ServerProxy
from .written_in_json import check_instance_name, process_from_json

Key = tuple[str, str | None]


class RuntimeServices:
    """Adds to and removes from one application. For the event loop's thread."""

    def __init__(
        self,
        application: web.Application,
        runtime: Runtime,
        proxy: ServerProxy,
        *,
        listed: Listed,
        saved: Saved,
    ) -> None:
        self.router = DynamicRouter(application)
        self._application = application
        self._base_url: str = application.settings["base_url"]
        self._runtime = runtime
        self._proxy = proxy
        self._listed = listed
        self._saved = saved
        # What was added here; others are not ours to remove.
        self._added: set[Key] = set()
        self._leaving: set[Key] = set()
        # Services that are, or were, in the file: what they have written is as lasting.
        self._lasting: set[Key] = set()

    @property
    def _catalog(self) -> Catalog:
        return self._runtime.catalog

    # --- services ---------------------------------------------------------------------------

    def add(self, settings: Mapping[str, Any], *, is_saved: bool) -> Entry:
        """Add the service that `settings`, which are JSON, describe.

        Raises RequestInvalid, naming all keys that are wrong, StateForbids for a name that is
        taken, NotSaved, or ShuttingDown; nothing has been added then.
        """
        self._check_open()
        process = process_from_json(settings, self._proxy)
        self._check_free(process.name)
        if is_saved:
            written = {key: value for key, value in settings.items() if key != "name"}
            self._saved.put(process.name, written)
            self._lasting.add((process.name, None))
        return self._open(process, Source.RUNTIME)

    async def remove(self, name: str) -> None:
        """Remove a service that was added here, with its instances, and from the file if it is
        there. Requests under way may end for up to its `stop_timeout`.

        Raises ServiceUnknown, also where it is being removed, StateForbids for others' services,
        or NotSaved; nothing has been removed then.
        """
        entry = self._find((name, None))
        if (name, None) not in self._added:
            raise StateForbids(f"{name} {_whose(entry)}, so it can only be removed there")
        self._saved.remove(name)
        self._listed.remove(name)
        keys = {(it.name, it.instance) for it in self._catalog if it.name == name}
        leaving = keys - self._leaving
        # Before anything is waited for, so that nobody else removes them, too.
        self._leaving |= leaving
        await asyncio.gather(*(self._leave(key) for key in leaving))

    def restore(self) -> None:
        """Add what was saved, unless there is one of that name. Called once, at the start."""
        try:
            saved = self._saved.read()
        except ValueError as error:
            self._proxy.log.error("server-proxy: saved services are left out: %s", error)
            return
        for name, settings in saved.items():
            if self._catalog.get(name) is not None:
                self._proxy.log.warning("service %r was saved, but there is another", name)
            else:
                self._restore_one(name, settings)

    def _restore_one(self, name: str, settings: Any) -> None:
        try:
            if not isinstance(settings, dict):
                raise RequestInvalid("must be a dictionary")
            process = process_from_json({**settings, "name": name}, self._proxy)
            self._check_free(name)
        except (RequestInvalid, StateForbids) as error:
            problem = f"{error.message} (in {self._saved.path})"
            self._proxy.report_broken(ConfigurationError(name, "saved", problem))
            self._catalog.add(Entry(name, Source.CONFIG, problem=problem))
            self._added.add((name, None))
        else:
            self._lasting.add((name, None))
            self._open(process, Source.CONFIG)

    def _open(self, process: ServerProcess, source: Source) -> Entry:
        handler, keywords = process.make_proxy_handler()
        assert handler is not None  # what is nowhere to be found has been refused
        entry = Entry(process.name, source, getattr(handler, "service", None))
        self._route(entry, process.name, handler, keywords)
        self._listed.add(process)
        return entry

    def _check_free(self, name: str) -> None:
        # Its instances may take longer to leave than the service itself.
        is_leaving = any(leaving == name for leaving, _ in self._leaving)
        if is_leaving or self._catalog.get(name) is not None:
            raise StateForbids(f"There is a service {name!r} already")
        if has_route(self._application, self._base_url, name):
            raise StateForbids(f"The name {name!r} is taken: Jupyter has pages of its own there")

    # --- instances --------------------------------------------------------------------------

    def add_instance(
        self, name: str, instance: str | None = None, *, given: Mapping[str, object]
    ) -> Entry:
        """Add an instance of a service, with the values `given` for its parameters.

        One that is not given a name gets a number. Raises ServiceUnknown, RequestInvalid for
        wrong names and values, StateForbids where there can be no such instance, ShuttingDown.
        """
        self._check_open()
        service = self._find((name, None)).service
        process = check_can_have_instances(name, self._listed.find(name), service)
        taken = {it.instance for it in self._catalog if it.name == name and it.instance}
        if instance is None:
            instance = unused_instance(taken)
        check_instance_name(instance)
        if instance in taken:
            raise StateForbids(f"{name} has an instance {instance!r} already")
        handler, keywords, values = instance_handler(process, instance, given)
        entry = Entry(
            name,
            Source.RUNTIME,
            handler.service,
            package=process.package,
            instance=instance,
            values=values,
        )
        self._route(entry, handler.proxy_base, handler, keywords)
        return entry

    async def remove_instance(self, name: str, instance: str) -> None:
        """As `remove`."""
        self._find((name, instance))
        await self._leave((name, instance))

    # --- both -------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._runtime.is_closing:
            raise ShuttingDown("Jupyter is shutting down")

    def _find(self, key: Key) -> Entry:
        entry = self._catalog.get(*key)
        if entry is None or key in self._leaving or (key[0], None) in self._leaving:
            what = f"service {key[0]!r}" if key[1] is None else f"instance {key[1]!r} of {key[0]}"
            raise ServiceUnknown(f"There is no {what}" + (" any more" if entry else ""))
        return entry

    def _route(self, entry: Entry, path: str, handler: Any, keywords: dict[str, Any]) -> None:
        key = (entry.name, entry.instance)
        # Before its supervisor, who looks for it there.
        self._catalog.add(entry)
        self._added.add(key)
        self.router.add(key, service_routes(self._base_url, path, handler, keywords))
        make_supervisor = getattr(handler, "make_supervisor", None)
        if make_supervisor is not None:
            make_supervisor(self._runtime, self._base_url, keywords.get("state"))

    async def _leave(self, key: Key) -> None:
        """No request comes any more; those under way end; nothing is left of it."""
        self._leaving.add(key)
        self.router.remove(key)
        try:
            entry = self._catalog.get(*key)
            supervisor = entry.supervisor if entry is not None else None
            if supervisor is not None:
                await supervisor.drain()
                await supervisor.stop()
                # Where a person has said where the log is to be, it is theirs.
                if key not in self._lasting and not supervisor.options.log_file:
                    supervisor.output.is_lasting = False
                await self._runtime.registry.remove(supervisor.name)
        finally:
            self._leaving.discard(key)
            self._lasting.discard(key)
            self._added.discard(key)
            if self._catalog.get(*key) is not None:
                self._catalog.remove(*key)


def _whose(entry: Entry) -> str:
    if entry.source is Source.PACKAGE:
        return f"comes with the package {entry.package}"
    return "comes from Jupyter's configuration"
