"""Putting into words why a service failed. Pure text: no I/O here."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from ..errors import (
    CoolingDown,
    ProxyError,
    ServiceAsleep,
    ServiceStopped,
    ShuttingDown,
    StartFailed,
    StartTimedOut,
)
from ..rules.lifecycle import State
from ..rules.wording import spoken_seconds
from .usage import StopReason

SHOWN_LINES = 50
_LINES_IN_MESSAGE = 10
_OFTEN = ", often out of memory"
_OFTEN_OUT_OF_MEMORY = signal.Signals.SIGTERM if not hasattr(signal, "SIGKILL") else signal.SIGKILL
# By signal 9, as it is seen directly and through a shell.
KILLED = frozenset((-9, 137))


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a service failed last, for people and programs.

    `reason` is one line; `command` has its secrets masked; `output` are the last lines of the child
    that failed; `attempt` counts failures in a row; `retry_after` are the seconds from `failed_at`
    (Unix time) to the next try, None when only a person can start it again. `is_crash`: there was a
    child and it ended; `is_timeout`: it was not ready in time; `out_of_memory`: it was killed, and
    the system has killed for lack of memory meanwhile.
    """

    reason: str
    failed_at: float
    command: str = ""
    output: tuple[str, ...] = ()
    returncode: int | None = None
    attempt: int = 1
    retry_after: float | None = None
    is_crash: bool = False
    is_timeout: bool = False
    out_of_memory: bool = False

    @property
    def words(self) -> str:
        """How the child ended, or what kept it from beginning."""
        return self._explained(describe_exit(self.returncode)) if self.is_crash else self.reason

    @property
    def summary(self) -> str:
        """Why it failed, in one line, and that memory was short where it was."""
        return self._explained(self.reason)

    def message(self, service: str) -> str:
        """Everything that helps, in a few lines."""
        lines = [f"{service}: {self.summary}"]
        if self.command:
            lines.append(f"command: {self.command}")
        if self.output:
            lines += ["last output:", *self.output[-_LINES_IN_MESSAGE:]]
        return "\n".join(lines)

    def _explained(self, text: str) -> str:
        if not self.out_of_memory:
            return text
        return f"{without_guess(text)}; the system killed it because memory was short"


def describe_exit(returncode: int | None) -> str:
    """An exit code (negative: a signal) as a phrase such as "exited with code 3"."""
    if returncode is None:
        return "ended in an unknown way (its guardian process was killed)"
    if returncode >= 0:
        return f"exited with code {returncode}"
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = "unknown"
    hint = _OFTEN if -returncode == _OFTEN_OUT_OF_MEMORY else ""
    return f"was killed by signal {-returncode} ({name}){hint}"


def before_ready(reason: str) -> str:
    """How a child ended, which is `reason`, as what became of a start."""
    words, guess, _ = reason.partition(_OFTEN)
    return f"it {words} before it was ready{guess}"


def without_guess(text: str) -> str:
    """`text`, which says how a child ended, without what may have been the cause."""
    return text.replace(_OFTEN, "")


def refusal(
    service: str, state: State, failure: Failure | None, *, retry_in: float | None
) -> ProxyError:
    """Why somebody who waits for `service`, now in `state`, waits in vain.

    `retry_in`: seconds of the back-off that are left, None when it does not run.
    """
    if state in (State.CLOSING, State.CLOSED):
        return ShuttingDown(f"{service}: Jupyter is shutting down")
    if failure is None or state not in (State.FAILED, State.ABORTING):
        return ServiceStopped(f"{service} was stopped")
    message = failure.message(service)
    if retry_in is not None:
        return CoolingDown(f"{message}\nnext try in {retry_in:.1f} s", retry_after=retry_in)
    return failed(service, failure)


def failed(service: str, failure: Failure) -> StartFailed:
    """That the last start of `service` has failed."""
    kind = StartTimedOut if failure.is_timeout else StartFailed
    return kind(failure.message(service), retry_after=failure.retry_after)


def asleep(service: str, reason: StopReason | None, *, idle_timeout: float) -> ServiceAsleep:
    """Why a request that must not start `service` is refused."""
    words = stop_words(reason, idle_timeout=idle_timeout) or "is not running"
    return ServiceAsleep(f"{service} {words}; opening its page starts it")


def stop_words(reason: StopReason | None, *, idle_timeout: float) -> str:
    """Who stopped a service, as what follows its name; "" when nobody did."""
    match reason:
        case StopReason.PERSON:
            return "was stopped by a person"
        case StopReason.IDLE:
            return f"was stopped after {spoken_seconds(idle_timeout)} without use"
        case StopReason.LIFETIME:
            return "was stopped because it had reached its maximum lifetime"
        case StopReason.PACKAGE:
            return "was stopped by another package"
        case None:
            return ""
