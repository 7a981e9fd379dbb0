"""`LauncherEntry`: how a service is offered to people. Traits only, no I/O."""

from __future__ import annotations

import pathlib
from typing import Any
from urllib.parse import quote

from traitlets import Bool, HasTraits, Instance, Unicode, Union, validate

# What may stand in a path segment as it is, RFC 3986 section 3.3, and the slash between them.
IN_PATH = "/-._~!$&'()*+,;=:@"


class LauncherEntry(HasTraits):
    """The `launcher_entry` of a service."""

    enabled = Bool(
        True,
        help="Whether the launchers show an entry for this service.",
    ).tag(expects="True or False")

    icon_path = Union(
        [Unicode(), Instance(pathlib.PurePath)],
        default_value="",
        help="Full path of an icon file, SVG or PNG, to show in launchers.",
    ).tag(expects="the path of an icon file, as a string or a Path")

    title = Unicode(
        help="Title of the launcher entry. The name of the service when it is missing.",
    ).tag(expects="a string")

    path_info = Unicode(
        help="""
        What the entry opens, relative to the base URL of the Jupyter server. It may hold a query.
        The name of the service and a slash when it is missing.
        """,
    ).tag(expects="a string")

    category = Unicode(
        "Notebook",
        help="Section of the launcher that the entry is in. Any name makes a section.",
    ).tag(expects="a string")

    @validate("icon_path")
    def _icon_path_as_text(self, proposal: Any) -> str:
        return str(proposal["value"])


def default_path_info(name: str) -> str:
    """What a launcher opens when nothing is said: the name as a path, quoted where it must be."""
    return quote(name, safe=IN_PATH) + "/"
