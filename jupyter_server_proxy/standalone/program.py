"""A Jupyter program that says what is wrong with its command line and files, in one line each.

Nothing here knows what is served.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Collection, Generator, Sequence
from importlib import metadata
from typing import Any, NoReturn, TypeGuard

from jupyter_core.application import JupyterApp
from traitlets import HasTraits, default
from traitlets.config import Config

from ..config import ServerProcess
from .command_line import General, read_command_line
from .help_text import options_help
from .options import OptionWrong, all_options

# Whose lines are to look like ours; nobody else gives them a form.
LIBRARIES = ("asyncio", "jupyterhub", "tornado")
HELP_FLAGS = ("h", "help", "help-all", "V", "version")


class Program(JupyterApp):
    """Reads its options with `command_line`; the command becomes the trait of that name."""

    @default("version")
    def _default_version(self) -> str:
        return metadata.version("jupyter-server-proxy")

    def refuse(self, message: str) -> NoReturn:
        """End, since this cannot work."""
        self.log.critical("%s", message)
        self.close_handlers()
        raise SystemExit(1)

    def log_libraries(self) -> None:
        """Let the libraries' lines have the form of ours, with a name and a level."""
        for name in LIBRARIES:
            for handler in self.log.handlers:
                logging.getLogger(name).addHandler(handler)

    # --- the command line ----------------------------------------------------------------------

    def parse_command_line(self, argv: Sequence[str] | None = None) -> None:
        """See `Application`; ends for what cannot be understood."""
        try:
            said = read_command_line(
                sys.argv[1:] if argv is None else argv, all_options(), general=self._general()
            )
        except OptionWrong as error:
            self.refuse(str(error))
        for word in said.foreign:
            self.log.warning("%s has no effect: it is another program's", word)
        super().parse_command_line(said.general)
        command = {"command": said.command} if said.command else {}
        own = Config({type(self).__name__: said.values | command})
        # What files say must not go before it.
        self.cli_config.merge(own)
        self.update_config(own)

    def _general(self) -> General:
        ours = (*type(self).__mro__, ServerProcess)
        return General(
            (*_names(self.flags), *HELP_FLAGS),
            _names(self.aliases),
            {it.__name__: it.class_trait_names(config=True) for it in ours if _has_traits(it)},
        )

    def emit_help(self, classes: bool = False) -> Generator[str, None, None]:
        """What `--help`, or with `classes` `--help-all`, prints."""
        yield from self.emit_description()
        yield from options_help(all_options(), is_full=classes)
        yield from ("", "Of every Jupyter program", "------------------------")
        yield from self.emit_flag_help()
        yield from self.emit_alias_help()
        yield ""
        yield from self.emit_examples()
        if not classes:
            yield "--help-all says more about each option."

    # --- files ---------------------------------------------------------------------------------

    def load_config_file(  # type: ignore[override]  # as in JupyterApp
        self,
        suppress_errors: bool = True,
    ) -> None:
        """See `JupyterApp`; ends for a file that was named and is not there, and for one with a
        mistake: it may have said who may come in."""
        file = str(self.config_file)
        stem = os.path.splitext(file)[0]
        if file and not any(map(os.path.isfile, (file, f"{stem}.py", f"{stem}.json"))):
            self.refuse(f"--config: there is no file {file}")
        self.raise_config_file_errors = True
        try:
            super().load_config_file(suppress_errors=False)
        except Exception as error:  # whatever somebody has written there
            folders = {
                os.path.realpath(it) for it in (*self.config_file_paths, os.path.dirname(file))
            }
            where = _place_of(error, folders) or file or "a configuration file"
            self.refuse(f"{where} cannot be used: {type(error).__name__}: {_brief(error)}")

    def write_default_config(self) -> None:
        """See `JupyterApp`; ends where nobody can be asked, or nothing can be written."""
        try:
            super().write_default_config()
        except EOFError:
            self.refuse("--generate-config: the file exists already; -y overwrites it")
        except OSError as error:
            self.refuse(f"--generate-config: the file cannot be written: {error}")


def _has_traits(cls: type) -> TypeGuard[type[HasTraits]]:
    return issubclass(cls, HasTraits)


def _names(keys: Any) -> list[str]:
    """Of traitlets' flags and aliases, whose keys may be tuples of names."""
    return [name for key in keys for name in (key if isinstance(key, tuple) else (key,))]


def _place_of(error: Exception, folders: Collection[str]) -> str:
    """The file and the line of a mistake in one of `folders`, "" when they are not known."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}"
    for frame in traceback.extract_tb(error.__traceback__):
        if os.path.dirname(os.path.realpath(frame.filename)) in folders:
            return f"{frame.filename}, line {frame.lineno}"
    return ""


def _brief(error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return str(error.msg)
    return next(iter(str(error).splitlines()), "")
