"""From a command line to an exit code. What commands do is beside this."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..client import ClientError
from . import acting, changing, completion, looking, opening
from .arguments import parse
from .exit_codes import ExitCode, exit_code_for
from .session import Session, UsageError, warn
from .text import printable


def _forward(session: Session) -> ExitCode:
    from .forwarding import forward  # noqa: PLC0415  # asyncio and Tornado are for this one only

    return forward(session)


COMMANDS: dict[str, Callable[[Session], ExitCode]] = {
    "list": looking.list_services,
    "status": looking.show_status,
    "logs": looking.show_logs,
    "start": acting.act,
    "stop": acting.act,
    "restart": acting.act,
    "add": changing.add,
    "remove": changing.remove,
    "open": opening.open_service,
    "forward": _forward,
}


def run(arguments: Sequence[str]) -> int:
    """Run the command; the exit code is one of `ExitCode`."""
    options = parse(arguments)
    if options.command == "completion":
        print(completion.script_for(options.shell), end="")
        return ExitCode.DONE
    try:
        return COMMANDS[options.command](Session(options))
    except UsageError as error:
        warn(f"jupyter server-proxy {options.command}: {error}")
        return ExitCode.USAGE
    except ClientError as error:
        warn("\n".join(map(printable, str(error).splitlines())))
        return exit_code_for(error)
