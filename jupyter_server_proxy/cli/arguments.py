"""The command line's grammar. Nothing is done here."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from .exit_codes import MEANINGS

_PROGRAM = "jupyter server-proxy"
_DESCRIPTION = "List and control the services of a running Jupyter server."
_NAME_HELP = "the service, or NAME/i/INSTANCE for one of its instances"


def build_parser() -> argparse.ArgumentParser:
    """The parser; `command` in its result is the name of the command."""
    codes = "\n".join(f"  {int(code):>3}  {meaning}" for code, meaning in MEANINGS.items())
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        description=_DESCRIPTION,
        epilog=f"exit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    shared = _shared_options()
    _add_looking(commands, shared)
    _add_acting(commands, shared)
    _add_changing(commands, shared)
    _add_reaching(commands, shared)
    completion = commands.add_parser("completion", help="print a script that completes names")
    completion.add_argument("shell", choices=("bash", "zsh", "fish"))
    return parser


Commands = argparse._SubParsersAction  # noqa: SLF001  # argparse has no public name for its type


def _shared_options() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    which = shared.add_argument_group("which Jupyter server (by default the one that runs)")
    which.add_argument("--server", metavar="PORT", default="", help="port, pid or URL of one here")
    which.add_argument("--url", default="", help="base URL of one anywhere")
    which.add_argument("--token", default="", help="its token; better set JUPYTER_TOKEN")
    which.add_argument("--ca-file", default="", help="who signed its certificate, PEM")
    which.add_argument("--insecure", action="store_true", help="do not check its certificate")
    shared.add_argument("--json", action="store_true", help="for programs")
    return shared


def _add_looking(
    commands: Commands[argparse.ArgumentParser], shared: argparse.ArgumentParser
) -> None:
    listing = commands.add_parser("list", parents=[shared], help="all services")
    listing.add_argument("--names", action="store_true", help="only the names, a line each")
    status = commands.add_parser("status", parents=[shared], help="everything about a service")
    status.add_argument("name", nargs="?", help=_NAME_HELP)
    logs = commands.add_parser("logs", parents=[shared], help="what a service has written")
    logs.add_argument("name", help=_NAME_HELP)
    logs.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")
    logs.add_argument("-n", "--lines", type=_count, metavar="N", help="only the last N lines")


def _add_acting(
    commands: Commands[argparse.ArgumentParser], shared: argparse.ArgumentParser
) -> None:
    for action, what in (
        ("start", "start services and wait until they are ready"),
        ("stop", "stop services"),
        ("restart", "restart services; requests wait meanwhile"),
    ):
        command = commands.add_parser(action, parents=[shared], help=what)
        command.add_argument("name", nargs="*", help=_NAME_HELP)
        if action == "stop":
            command.add_argument("--all", action="store_true", help="all that run")
        else:
            command.add_argument("--no-wait", action="store_true", help="do not wait for it")


def _add_changing(
    commands: Commands[argparse.ArgumentParser], shared: argparse.ArgumentParser
) -> None:
    add = commands.add_parser(
        "add",
        parents=[shared],
        help="add a service, or an instance of one",
        usage=f"{_PROGRAM} add NAME [options] -- COMMAND [ARGUMENT...]\n"
        f"       {_PROGRAM} add NAME[/i/INSTANCE] [-p KEY=VALUE...]",
    )
    add.add_argument("name", help="of the new service, or of the one to make an instance of")
    add.add_argument("--title", help="shown in the launcher")
    add.add_argument("--cwd", help="folder to start it in; by default this one")
    add.add_argument("-e", "--env", action="append", default=[], metavar="KEY=VALUE")
    add.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any key of the configuration; the value is JSON, or text",
    )
    add.add_argument("--save", action="store_true", help="keep it when Jupyter ends")
    add.add_argument("--start", action="store_true", help="start it at once")
    add.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a parameter of the instance",
    )
    add.set_defaults(program=[])
    remove = commands.add_parser(
        "remove", parents=[shared], help="remove what was added at run time"
    )
    remove.add_argument("name", nargs="+", help=_NAME_HELP)


def _add_reaching(
    commands: Commands[argparse.ArgumentParser], shared: argparse.ArgumentParser
) -> None:
    opening = commands.add_parser("open", parents=[shared], help="open a service in the browser")
    opening.add_argument("name", help=_NAME_HELP)
    opening.add_argument("--no-browser", action="store_true", help="only print its URL")
    forward = commands.add_parser(
        "forward", parents=[shared], help="reach a service through a local port, until Ctrl-C"
    )
    forward.add_argument("name", help=_NAME_HELP)
    forward.add_argument("port", nargs="?", type=_port, default=0, metavar="LOCALPORT")
    forward.add_argument("--no-start", action="store_true", help="do not start the service now")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What the user wants. Exits as argparse does where it makes no sense."""
    parser = build_parser()
    own, program = list(arguments), []
    # argparse would look for options in what follows "--".
    if own[:1] == ["add"] and "--" in own:
        cut = own.index("--")
        own, program = own[:cut], own[cut + 1 :]
    parsed = parser.parse_args(own)
    if program:
        parsed.program = program
    return parsed


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is between 0 and 65535, 0 for a free one")
    return number
