"""What an installation makes of settings. Run by its interpreter: it prints JSON.

Reads {name: [kind, Python expression]} from standard input; the kinds are the functions below.
"""

import functools
import json
import logging
import os
import pathlib
import re
import sys
import warnings

from traitlets.config import Config

from jupyter_server_proxy.config import ServerProcess, ServerProxy, make_handlers

NAMES = {"functools": functools, "os": os, "pathlib": pathlib, "re": re}


class Configuration:
    """What a bound method or a callable object in settings belongs to."""

    def command(self, port):
        return ["x", str(port)]

    def __call__(self, port):
        return ["x", str(port)]


NAMES["Configuration"] = Configuration


def process(settings):
    """The service that these settings mean, and whether it gets a route."""
    made = ServerProcess(**{"name": "x", **settings})
    facts = [f"{key} = {shown(getattr(made, key))}" for key in settings if made.has_trait(key)]
    entry = made.launcher_entry
    keys = ("enabled", "icon_path", "title", "path_info", "category")
    facts += [f"launcher_entry.{key} = {shown(getattr(entry, key))}" for key in keys]
    return [*facts, "has a route" if make_handlers("/", [made]) else "has no route"]


def proxy(settings):
    """The options of the whole extension, as from a configuration file."""
    made = ServerProxy(config=Config({"ServerProxy": settings}))
    facts = [f"server {name}: {server.name}" for name, server in made.servers.items()]
    return facts + [f"{key} = {shown(getattr(made, key))}" for key in settings if key != "servers"]


class Logged(logging.Handler):
    """Keeps what is said of a service, by way of the log rather than of warnings."""

    def emit(self, record):
        LOGGED.append(record.getMessage())


LOGGED = []


def shown(value):
    if type(value).__name__ == "LauncherEntry":
        return "a launcher entry"
    if callable(value):
        return "callable"
    if isinstance(value, (list, tuple)):
        return repr([shown(item) for item in value])
    return repr(value)


def answer(kind, expression):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            facts = ["accepted", *kind(eval(expression, dict(NAMES)))]
        except Exception:
            facts = ["rejected"]
    has_warned = bool(caught or LOGGED)
    LOGGED.clear()
    return [*facts, "warns"] if has_warned else facts


if __name__ == "__main__":
    logger = logging.getLogger("traitlets")
    logger.addHandler(Logged(logging.WARNING))
    logger.propagate = False
    kinds = {"process": process, "proxy": proxy}
    told = {
        name: answer(kinds[kind], expression)
        for name, (kind, expression) in json.load(sys.stdin).items()
    }
    json.dump(told, sys.stdout)
