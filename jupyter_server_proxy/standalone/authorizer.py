"""Who may control the application behind a Hub, as opposed to using it. No I/O.

`execute` is what the engine calls that: stopping and starting it by hand, and seeing its command
line and output. A visit starts it, whoever comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from jupyter_server.auth import Authorizer, User

from .gate import HUB_ENVIRONMENT

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler

    from .hub import HubUser


class OwnerAuthorizer(Authorizer):
    """Leaves control to the owner of the server and to administrators of the Hub.

    The server of a Hub's service is nobody's own, so that only administrators are left there.
    """

    def is_authorized(
        self, handler: JupyterHandler, user: User, action: str, resource: str
    ) -> bool:
        """Whether `user`, who may use the application, may do this as well."""
        return action != "execute" or _may_control(
            cast("HubUser", user), owner=handler.settings[HUB_ENVIRONMENT].user
        )


def _may_control(user: HubUser, *, owner: str) -> bool:
    # Services have names of their own, which may be those of users.
    is_owner = user.kind == "user" and bool(owner) and user.username == owner
    return is_owner or user.is_admin
