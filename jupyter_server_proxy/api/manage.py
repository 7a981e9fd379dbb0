"""Adding and removing services and instances. What that means is in `config.runtime_services`.

Commands that come this way run as the person that Jupyter runs as, so whoever may add a service
may do everything that this person may.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import NotAuthorized, RequestInvalid, StateForbids
from ..handlers.catalog import Entry
from ..rules.wording import described
from .context import Manager
from .services import ServicesView, ServiceView
from .view import ApiView, service_resource

# Nobody describes a service in more bytes.
LARGEST_BODY = 1024 * 1024
INSTANCE_KEYS = ("instance", "parameters")
# Who adds something with one of these starts it.
STARTING_KEYS = ("autostart", "keep_warm")


class ManagingView(ApiView):
    """Reads with GET, writes with everything else."""

    def _authorization_action(self) -> str:
        return "read" if self.request.method in ("GET", "HEAD") else "write"

    @property
    def manager(self) -> Manager:
        """Who adds and removes. Raises StateForbids where that cannot be."""
        if self.api.manager is None:
            raise StateForbids("This application has one service and will have no other")
        return self.api.manager

    def asked_object(self) -> dict[str, Any]:
        """The body, which is a JSON object. Raises RequestInvalid."""
        body = self.request.body
        if len(body) > LARGEST_BODY:
            raise RequestInvalid(f"The body must not be larger than {LARGEST_BODY} bytes")
        try:
            value = json.loads(body or b"{}")
        except (ValueError, RecursionError) as error:
            raise RequestInvalid(f"The body is no JSON: {error}") from error
        if not isinstance(value, dict):
            raise RequestInvalid(f"The body must be a JSON object, not {described(value)}")
        return value

    async def check_may(self, action: str, name: str, *, doing: str) -> None:
        """Raise NotAuthorized unless this user may do it to the service `name`."""
        if not await self.may(action, name):
            raise NotAuthorized(f"You may not {doing} {service_resource(name)}")

    def answer_added(self, entry: Entry) -> None:
        """201, with the address of what there is now."""
        if is_started_at_once(entry):
            supervisor = self.api.find_supervisor(entry)
            self.api.begin(supervisor.ensure_ready(), name=f"autostart of {supervisor.name}")
        self.set_header("Location", self.api.addresses.api(entry.name, entry.instance))
        self.answer(self.api.describe(entry), 201)


def is_started_at_once(entry: Entry) -> bool:
    """Whether its process, or that of an instance of it, does not wait for somebody to ask."""
    supervisor = entry.supervisor
    return supervisor is not None and any(getattr(supervisor.options, key) for key in STARTING_KEYS)


class AnyServicesView(ManagingView, ServicesView):
    """`servers`: whoever adds one may add services at all, and this one."""

    def resource_of(self, name: str | None) -> str:
        """See `ApiView`."""
        is_read = self.request.method in ("GET", "HEAD")
        return super().resource_of(name) if is_read else self.writing_resource

    # What `/proxy/PORT/` is to the authorizer, too: everything besides the configured services.
    writing_resource = "server-proxy"

    async def post(self) -> None:
        """Add the service that the body describes."""
        manager, settings = self.manager, self.asked_object()
        is_saved = settings.pop("save", False)
        if not isinstance(is_saved, bool):
            raise RequestInvalid(f"save: must be true or false, not {described(is_saved)}")
        name = str(settings.get("name"))
        await self.check_may("write", name, doing="add")
        if any(settings.get(key) for key in STARTING_KEYS):
            await self.check_may("execute", name, doing="start")
        self.answer_added(manager.add(settings, is_saved=is_saved))


class AnyServiceView(ManagingView, ServiceView):
    """`servers/NAME` and `servers/NAME/instances/INSTANCE`."""

    async def delete(self, name: str, instance: str | None = None) -> None:
        """Remove it, once the requests under way have ended."""
        if instance is None:
            await self.manager.remove(name)
        else:
            await self.manager.remove_instance(name, instance)
        self.set_status(204)
        self.finish()


class InstancesView(ManagingView):
    """`servers/NAME/instances`."""

    async def post(self, name: str) -> None:
        """Add an instance, with the name and the values in the body."""
        manager, body = self.manager, self.asked_object()
        for key in body:
            if key not in INSTANCE_KEYS:
                raise RequestInvalid(f"{key}: there is no such key; {_EXPECTED}")
        given = body.get("parameters", {})
        if not isinstance(given, Mapping):
            raise RequestInvalid(f"parameters: must be an object, not {described(given)}")
        if is_started_at_once(self.api.find(name)):
            await self.check_may("execute", name, doing="start")
        self.answer_added(manager.add_instance(name, body.get("instance"), given=given))


_EXPECTED = "known are instance (its name) and parameters (an object of values by name)"
