"""All named differences, in the order in which they are applied."""

from importlib import import_module

from .named import NAMED

__all__ = ["NAMED"]

# Whole answers come before what is changed in them; whom secrets are told comes last.
_ABOUT = ("answers", "fields", "requests", "websockets", "processes", "settings", "credentials")
for _about in _ABOUT:
    import_module(f"{__package__}.named_{_about}")
