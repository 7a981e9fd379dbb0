"""The keys of a service that say how its process is started and how it lives. No I/O here."""

from __future__ import annotations

import pathlib

from traitlets import Bool, Callable, Dict, Enum, Float, Instance, Int, List, Unicode, Union
from traitlets.config import Configurable

from ..rules.service import ProcessOptions, RestartPolicy
from .traits import LogLevel, Seconds, file_path


class ProcessTraits(Configurable):
    """What is started, where it listens, when it is ready, when it ends."""

    command = Union(
        [List(Unicode()), Callable()],
        help="""
        The program to start and its arguments, as a list of strings. The templates ``{port}``,
        ``{unix_socket}`` and ``{base_url}`` stand for the port or the path of the socket that
        the program should listen on and for the base URL of the Jupyter server. A literal brace is
        written twice.

        Or a callable, plain or async, that returns such a list. It gets those of the arguments
        ``port``, ``unix_socket``, ``base_url``, ``name`` and ``cwd`` that it names.

        When it is missing or empty the program is taken to be running already, at ``port``,
        ``unix_socket`` or ``backend_url``.
        """,
    ).tag(config=True, expects="a list of strings, or a callable that returns one", secret=True)

    environment = Union(
        [Dict(Unicode(allow_none=True), key_trait=Unicode()), Callable()],
        default_value={},
        help="""
        Environment variables of the process, on top of Jupyter's own. Templates as in ``command``;
        a variable with the value None is taken away.

        Or a callable, plain or async, that returns such a dictionary, with arguments as for
        ``command``.
        """,
    ).tag(
        config=True, expects="a dictionary of strings, or a callable that returns one", secret=True
    )

    cwd = Union(
        [Unicode(), Instance(pathlib.PurePath), Callable()],
        default_value=None,
        allow_none=True,
        help="""
        Working directory of the process, with templates as in ``command``; ``~`` is the home
        directory. Or a callable, plain or async, that returns it, with those of the arguments
        ``port``, ``unix_socket``, ``base_url`` and ``name`` that it names. Jupyter's own working
        directory when it is missing.
        """,
    ).tag(config=True, expects="a path, or a callable that returns one")

    timeout = Float(
        ProcessOptions().timeout,
        help="Time in seconds that the process may take to become ready.",
    ).tag(config=True, expects="a number of seconds, more than 0")

    port = Int(
        0,
        help="""
        The TCP port, 1 to 65535, that the program listens on. 0 means any free one, which is handed
        over as ``{port}``.
        """,
    ).tag(config=True, expects="a port number, 1 to 65535, or 0 for any free one")

    unix_socket = Union(
        [Bool(False), Unicode()],
        default_value=None,
        allow_none=True,
        help="""
        Listen on a unix socket instead of a port. True means a socket in a new private directory,
        handed over as ``{unix_socket}``; a string is the path of the socket. It goes before
        ``port``.
        """,
    ).tag(config=True, expects="True, False or the path of a socket")

    readiness = Union(
        [Unicode(), Dict(), Callable()],
        default_value="http",
        help="""
        How it is seen that the process is ready: ``"http"``, any answer with a status below 500 to
        a GET of ``ready_path``; ``"tcp"``, a connection is accepted; ``{"log": "regular
        expression"}``, a line of its output matches; or a callable, plain or async, that returns
        something true, with those of the arguments ``port``, ``unix_socket``, ``base_url``,
        ``name`` and ``url`` that it names. With ``raw_socket_proxy``, ``"http"`` means ``"tcp"``.
        """,
    ).tag(config=True, expects='"http", "tcp", {"log": "regular expression"} or a callable')

    ready_path = Unicode(
        "/",
        help='The path, with a query if need be, that readiness "http" asks for.',
    ).tag(config=True, expects='a path that starts with "/"')

    stop_signal = Union(
        [Int(), Unicode()],
        default_value="TERM",
        help="""
        The signal that asks the process group to end, by name (``"TERM"``, ``"SIGINT"``) or number.
        """,
    ).tag(config=True, expects='the name or the number of a signal, such as "TERM"')

    stop_timeout = Seconds(
        ProcessOptions().stop_timeout,
        help="Time in seconds from the stop signal until the process is killed.",
    ).tag(config=True)

    restart = Enum(
        [policy.value for policy in RestartPolicy],
        default_value=RestartPolicy.ON_FAILURE.value,
        help="""
        What happens when the process ends by itself: ``"on-failure"`` starts it again when it
        crashed, ``"always"`` also when it ended with code 0, ``"never"`` waits for a request.
        """,
    ).tag(config=True, expects='"on-failure", "always" or "never"')

    idle_timeout = Seconds(
        0.0,
        help="""
        Stop the process when nobody has used it for this many seconds; requests that go on and data
        in websockets are use, an open websocket that is silent is not, nor is a path that
        ``exclude_last_activity_patterns`` matches. 0 means never. The next visit starts it again.
        """,
    ).tag(config=True)

    max_lifetime = Seconds(
        0.0,
        help="""
        Stop the process when it is this many seconds old, used or not. 0 means never. The next
        request starts it again.
        """,
    ).tag(config=True)

    autostart = Bool(
        False,
        help="Start the process with Jupyter instead of with the first request.",
    ).tag(config=True, expects="True or False")

    keep_warm = Bool(
        False,
        help="""
        Start the process with Jupyter, and again whenever it has ended: by itself with whatever
        code, because it was idle for ``idle_timeout`` or reached ``max_lifetime``, which then means
        a fresh start. After failures the back-off is kept to, and after too many of them it is
        given up. What a person has stopped stays stopped. It goes before ``restart``.
        """,
    ).tag(config=True, expects="True or False")

    start_page = Bool(
        True,
        help="""
        Whether a visit to the page of an application that is not ready is answered at once by a
        page that shows how its start goes and opens the application when it is ready. False makes
        visits wait, as all other requests do.
        """,
    ).tag(config=True, expects="True or False")

    parameters = Dict(
        Dict(),
        key_trait=Unicode(),
        help="""
        Values that further instances of the service may be given, by name. Each is a dictionary
        with a ``type``: ``"string"``, ``"integer"`` (which may have a ``minimum`` and a
        ``maximum``), ``"choice"`` (of the strings in ``choices``) or ``"path"`` (of a file or
        folder below Jupyter's root directory); a ``default`` and a ``description`` may be added.
        The names are templates in ``command``, ``cwd`` and the values of ``environment``, and
        arguments that callables there may name.
        """,
    ).tag(config=True, expects="a dictionary of dictionaries by name")

    log_file = file_path(
        help="""
        File that the output of the process is written to, ``~`` is the home directory. A file in
        Jupyter's runtime directory when it is missing.
        """,
    )

    output_log_level = LogLevel(
        None,
        allow_none=True,
        help="""
        The level at which the output of the process is written to Jupyter's own log: ``"DEBUG"``,
        ``"INFO"``, ``"WARNING"``, ``"ERROR"``, ``"CRITICAL"`` or a number; ``"OFF"`` keeps it out
        of there. None means what ``ServerProxy.output_log_level`` says. The file and the last lines
        in memory hold all of it anyway.
        """,
    ).tag(config=True, expects='a level such as "INFO", a number, or "OFF"')
