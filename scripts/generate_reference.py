"""Writes docs/reference/configuration.md from the traits, which are its only source.

Run it after changing a trait; a test fails while the file is not what this would write.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from traitlets import HasTraits

from jupyter_server_proxy.config import LauncherEntry, ServerProcess, ServerProxy
from jupyter_server_proxy.config.backend_traits import BackendTraits
from jupyter_server_proxy.config.exchange_traits import ExchangeTraits
from jupyter_server_proxy.config.problems import what_is_right
from jupyter_server_proxy.config.process_traits import ProcessTraits

TARGET = Path(__file__).parents[1] / "docs" / "reference" / "configuration.md"

INTRODUCTION = """\
# Configuration

<!-- Written by scripts/generate_reference.py from the traits; change those instead. -->

A service is a dictionary (or a `ServerProcess`) in `c.ServerProxy.servers`, in a Jupyter
configuration file in Python or JSON, or on the command line as JSON:

```python
c.ServerProxy.servers = {
    "app": {"command": ["my-app", "--port={port}"], "timeout": 90},
}
```

or what a function returns that a package names in the entry point group
`jupyter_serverproxy_servers`:

```toml
[project.entry-points.jupyter_serverproxy_servers]
app = "my_package:setup_app"
```

It is found at the base URL of the Jupyter server followed by its name. The name is literal
text; characters that URLs must quote are no hindrance.

## What goes before what

Configuration goes before packages. A configured service that says where the application is
(`command`, `port`, `backend_url` or the path in `unix_socket`) replaces a package's service of the
same name; one that does not changes only the keys it holds, so `{"app": {"timeout": 300}}` gives
more time to a service that a package brings. Of two packages with the same name the first counts,
and a warning names both.

## Templates

`{port}`, `{unix_socket}` and `{base_url}` are filled in in `command`, `environment` (names and
values), `cwd` and `request_headers_override`, and in what callables for these return. `{port}` is 0
with a unix socket, `{unix_socket}` is empty without one. A literal brace is written twice. Anything
else in braces is an error when the configuration is read.

## Callables

A callable may be a function, a lambda, a `functools.partial`, a bound method or any other object
that can be called. It gets those of the arguments that it names, also where it has a default for
them; needing an argument that is not known is an error when the configuration is read.

## Mistakes

A service with a wrong value is left out, and Jupyter's log says which key is wrong and what would
be right. All other services work. An unknown key is a warning with the nearest known key.
"""


def reference() -> str:
    """The whole file."""
    process = ServerProcess(name="NAME", port=1)
    parts = [
        INTRODUCTION,
        "## Keys of a service\n",
        "### How it starts and lives\n",
        *_entries(process, ProcessTraits, level=4),
        "### Where it is and its limits\n",
        *_entries(ServerProcess(name="NAME"), BackendTraits, level=4),
        "### What happens to requests and answers\n",
        *_entries(process, ExchangeTraits, level=4),
        "### How it is shown\n",
        *_entries(process, ServerProcess, level=4),
        "## Keys of `launcher_entry`\n",
        *_entries(process.launcher_entry, LauncherEntry, level=3),
        "## Options of the extension\n",
        "Each is set as `c.ServerProxy.OPTION`.\n",
        *_entries(ServerProxy(), ServerProxy, level=3),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _entries(owner: HasTraits, definer: type[HasTraits], *, level: int) -> Iterator[str]:
    traits = definer.class_own_traits()
    for name in (name for name in vars(definer) if name in traits):
        trait = traits[name]
        help_text = textwrap.dedent(str(trait.help).expandtabs()).strip()
        if name == "servers":
            help_text = help_text.split("\n\n")[0]  # its keys have sections of their own
        yield f"{'#' * level} `{name}`\n"
        yield f"{help_text}\n"
        yield f"*Value:* {what_is_right(trait)}.{_default(owner, name)}\n"


def _default(owner: HasTraits, name: str) -> str:
    value = owner.trait_defaults(name)
    if value in ("", [], (), {}) or not isinstance(
        value, (str, int, float, bool, list, type(None))
    ):
        return ""
    return f" *Default:* `{value!r}`."


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(reference(), encoding="utf-8")
