"""What the command's exit codes mean. They are promised to scripts: never change one."""

from __future__ import annotations

from enum import IntEnum

from ..client import ApiProblem, ClientError, LoginRefused, NoServerFound, UnknownService


class ExitCode(IntEnum):
    """How a command ended; the docstring of each is what the manual says."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NO_SERVER = 3
    UNKNOWN = 4
    NOT_ALLOWED = 5
    CONFLICT = 6
    NOT_RUNNING = 7
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "the service failed, or could not be started",
    ExitCode.USAGE: "the command line, or a value in it, is wrong",
    ExitCode.NO_SERVER: "no Jupyter server was found or it does not answer; "
    "or there are several and none was named",
    ExitCode.UNKNOWN: "there is no service of that name",
    ExitCode.NOT_ALLOWED: "the server does not accept the login, or does not allow this",
    ExitCode.CONFLICT: "not possible as things are, for example because the name is taken",
    ExitCode.NOT_RUNNING: "only from `status NAME`: the service does not run",
    ExitCode.INTERRUPTED: "Ctrl-C, whatever it was that went on",
}

_BY_STATUS = {
    400: ExitCode.USAGE,
    409: ExitCode.CONFLICT,
    422: ExitCode.USAGE,
}


def exit_code_for(error: ClientError) -> ExitCode:
    """The code that tells a script what `error` tells a person."""
    if isinstance(error, NoServerFound):
        return ExitCode.NO_SERVER
    if isinstance(error, LoginRefused):
        return ExitCode.NOT_ALLOWED
    if isinstance(error, UnknownService):
        return ExitCode.UNKNOWN
    if isinstance(error, ApiProblem):
        return _BY_STATUS.get(error.status, ExitCode.FAILED)
    return ExitCode.FAILED
