from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("jupyterhub")

from jupyter_server_proxy.standalone.authorizer import OwnerAuthorizer
from jupyter_server_proxy.standalone.environment import HubEnvironment
from jupyter_server_proxy.standalone.gate import HUB_ENVIRONMENT
from jupyter_server_proxy.standalone.hub import HubUser


@pytest.mark.parametrize(
    ("model", "owner", "expected"),
    [
        ({"name": "ann"}, "ann", True),
        ({"name": "bob"}, "ann", False),
        ({"name": "bob", "admin": True}, "ann", True),
        # Services are told apart from users: another one may have any user's name.
        ({"name": "ann", "kind": "service"}, "ann", False),
        ({"name": "cron", "kind": "service", "admin": True}, "ann", True),
        # The server of a service has no owner.
        ({"name": "ann"}, "", False),
        ({"name": "bob", "admin": True}, "", True),
    ],
)
def test_control_is_for_the_owner_and_administrators(
    model: dict[str, Any], owner: str, expected: bool
) -> None:
    handler: Any = SimpleNamespace(settings={HUB_ENVIRONMENT: HubEnvironment(user=owner)})
    user = HubUser(model)
    authorizer = OwnerAuthorizer()
    assert authorizer.is_authorized(handler, user, "execute", "server-proxy:x") is expected
    for action in ("read", "write"):
        assert authorizer.is_authorized(handler, user, action, "server-proxy:x")
