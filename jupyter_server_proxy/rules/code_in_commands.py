"""Which arguments of a command are text that some program runs. No I/O here.

Whoever may give a value to such an argument may do anything, however it is quoted. Programs are
known by their names; one that nobody has thought of is not found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

# Whether argument `number` of those that follow a program is code to it.
Reads = Callable[[Sequence[str], int], bool]


def reader_of_code(command: Sequence[str], number: int) -> str:
    """The program in `command` that runs the text of argument `number`, "" if none does."""
    runs = _programs(command)
    for at, path in enumerate(command[:number]):
        name = _name(path)
        for pattern, reads in (*_ANYWHERE, *(_WHERE_RUN if at in runs else ())):
            if pattern.fullmatch(name) and reads(command[at + 1 :], number - at - 1):
                return path
    return ""


def _name(path: str) -> str:
    """Of a program, whatever folder it is in."""
    return re.split(r"[/\\]", path)[-1].removesuffix(".exe")


# --- programs that run others ------------------------------------------------------------------

# With the letters of their options whose value is the next argument.
_WRAPPERS = {
    "busybox": "",
    "chrt": "TPD",
    "doas": "uC",
    "env": "uC",
    "ionice": "cnpPu",
    "nice": "n",
    "nohup": "",
    "setsid": "",
    "stdbuf": "ioe",
    "sudo": "CDRTUghpru",
    "taskset": "",
    "time": "fo",
    "timeout": "ks",
    "unbuffer": "",
    "xargs": "EILPadns",
}
# What stands between a wrapper and what it runs: times, masks, priorities, variables.
_OPERAND = re.compile(r"0x[0-9A-Fa-f]+|[\d.,-]+[smhd]?|[A-Za-z_]\w*=.*", re.DOTALL)


def _programs(command: Sequence[str]) -> set[int]:
    """Where in `command` there is a program that is run."""
    found = {0}
    at = 0
    while at < len(command) and (letters := _WRAPPERS.get(_name(command[at]))) is not None:
        at += 1
        while at < len(command) and _is_wrappers_own(command[at]):
            option = command[at]
            at += 2 if len(option) == 2 and option[0] == "-" and option[1] in letters else 1
        found.add(at)
    return found


def _is_wrappers_own(argument: str) -> bool:
    return argument.startswith("-") or bool(_OPERAND.fullmatch(argument))


# --- ways to read code -------------------------------------------------------------------------


def _after_option(option: str, *, joined: str = "", valued: str = "", ends: bool = False) -> Reads:
    """Code follows an `option`, or is `joined` to it in one argument. What is no option, and no
    value of one, is a script, after which all are the script's own. `ends`: so is all after the
    first code."""
    before, whole = re.compile(option), re.compile(joined or r"(?!)", re.DOTALL)
    takes_value = re.compile(valued or r"(?!)")

    def reads(arguments: Sequence[str], number: int) -> bool:
        previous = ""
        for argument in arguments[:number]:
            is_code = bool(before.fullmatch(previous) or whole.fullmatch(argument))
            is_value = is_code or bool(takes_value.fullmatch(previous))
            if (is_code and ends) or not (is_value or argument[:1] in ("-", "+", "/")):
                return False
            # A value that looks like an option is none.
            previous = "" if is_value and not whole.fullmatch(argument) else argument
        return bool(before.fullmatch(previous) or whole.fullmatch(arguments[number]))

    return reads


def _shell(arguments: Sequence[str], number: int) -> bool:
    """With `-c` among its options, the first argument that is none (POSIX, sh)."""
    is_code = is_value = False
    for at, argument in enumerate(arguments[: number + 1]):
        if is_value:
            is_value = False
        elif argument[:1] in ("-", "+") and argument != "--":
            is_code = is_code or bool(re.fullmatch(r"-[A-Za-z]*c[A-Za-z]*", argument))
            is_value = bool(re.fullmatch(r"[-+][A-Za-z]*[oO]|--(?:rcfile|init-file)", argument))
        elif argument != "--":
            return is_code and at == number
    return False


def _anything_after(option: str) -> Reads:
    """All that follows `option` is one text."""
    found = re.compile(option)

    def reads(arguments: Sequence[str], number: int) -> bool:
        return any(found.fullmatch(argument) for argument in arguments[:number])

    return reads


def _with_option(option: str, joined: str) -> Reads:
    """The argument behind `option`, wherever that stands, or one with the option in it."""
    before, whole = re.compile(option), re.compile(joined, re.DOTALL)

    def reads(arguments: Sequence[str], number: int) -> bool:
        is_after = number > 0 and bool(before.fullmatch(arguments[number - 1]))
        return is_after or bool(whole.fullmatch(arguments[number]))

    return reads


def _first_operand(valued: str, code: Reads, unless: str) -> Reads:
    """The first argument that is no option, `unless` there is such an option before it; and
    whatever `code` says."""
    takes_value, is_elsewhere = re.compile(valued), re.compile(unless, re.DOTALL)

    def reads(arguments: Sequence[str], number: int) -> bool:
        if code(arguments, number):
            return True
        before = arguments[:number]
        if any(is_elsewhere.fullmatch(argument) for argument in before):
            return False
        return not _is_option(arguments, number, takes_value) and all(
            _is_option(arguments, at, takes_value) for at in range(number)
        )

    return reads


def _is_option(arguments: Sequence[str], at: int, takes_value: re.Pattern[str]) -> bool:
    is_value = at > 0 and bool(takes_value.fullmatch(arguments[at - 1]))
    return is_value or arguments[at].startswith("-")


def _ssh(arguments: Sequence[str], number: int) -> bool:
    """All that follows the host is text for the shell over there, and some options are for one
    over here."""
    takes_value = re.compile(r"-[46AaCfGgKkMNnqsTtVvXxYy]*[BbcDEeFIiJLlmOopQRSWw]")
    if re.match(r"(?i)(?:-o)?\s*(?:\w+Command|Match)\b", arguments[number]):
        return True
    return not all(_is_option(arguments, at, takes_value) for at in range(number))


def _watch(arguments: Sequence[str], number: int) -> bool:
    """All that follows its options is one text for a shell, unless it is told to run it itself."""
    before = arguments[:number]
    is_exec = any(re.fullmatch(r"-[A-Za-z]*x|--exec", argument) for argument in before)
    return not is_exec and not arguments[number].startswith("-")


def _parallel(arguments: Sequence[str], number: int) -> bool:
    """Whatever it is given becomes part of a text for a shell, as far as its inputs go."""
    return ":::" not in arguments[:number]


_SU = _with_option(r"-[A-Za-z]*c|--(?:session-)?command", r"-c.+|--(?:session-)?command=.*")
_EVAL = r"--(?:eval|print)"
_Row = tuple[re.Pattern[str], Reads]


def _row(names: str, reads: Reads) -> _Row:
    return re.compile(names), reads


# Such names are those of these programs wherever they stand: behind whatever runs them.
_ANYWHERE: tuple[_Row, ...] = (
    _row(r"(?:r?ba|da|a|z|[mp]dk|t?c)?sh|r?ksh(?:93)?|yash", _shell),
    _row(r"fish", _after_option(r"-[A-Za-z]*[cC]|--(?:init-)?command", joined=r"--\S*command=.*")),
    _row(r"cmd", _anything_after(r"/[cCkKrR]")),
    _row(r"powershell|pwsh", _anything_after(r"(?i)-c(?:o\w*)?|-enc?\w*")),
    _row(
        r"(?:python|pypy)[\d.]*t?w?",
        _after_option(r"-[A-Za-z]*c", joined=r"-[A-Za-z]*c.+", valued=r"-[A-Za-z]*[WX]", ends=True),
    ),
    _row(
        r"perl[\d.]*",
        _after_option(r"-[A-Za-z0]*[eE]", joined=r"-[A-Za-z0]*[eE].+|-[mM].+", valued=r"-[I]"),
    ),
    _row(
        r"(?:ruby|lua(?:jit)?|php|Rscript|R|julia|node(?:js)?|bun|groovy|scala|osascript)[\d.]*",
        _after_option(
            rf"-[A-Za-z]*[eErRBp]|{_EVAL}",
            joined=rf"-[eErp].+|{_EVAL}=.*",
            valued=r"-[oOIWXL]",
        ),
    ),
    _row(r"deno", _anything_after(r"eval")),
    _row(r"guile|expect|tclsh", _after_option(r"-c", joined=r"-c.+")),
)
# Also words that mean something else: only of what is run, be it by a wrapper.
_WHERE_RUN: tuple[_Row, ...] = (
    _row(r"ssh|autossh|rsh|remsh|dbclient", _ssh),
    _row(r"su|runuser|script|sg|flock", _SU),
    _row(
        r"env",
        _after_option(
            r"-[A-Za-z]*S|--split-string",
            joined=r"-[A-Za-z]*S.+|--split-string=.*",
            valued=r"-[A-Za-z]*[uC]",
        ),
    ),
    _row(r"watch", _watch),
    _row(r"parallel|sem", _parallel),
    _row(
        r"[gmn]?awk|original-awk|busybox-awk",
        _first_operand(
            r"-[vFfil]|--(?:assign|field-separator|file|include|load)",
            _with_option(r"-e|--source", r"-e.+|--source=.*"),
            r"-[fe].*|--(?:file|source)(?:=.*)?",
        ),
    ),
    _row(
        r"g?sed",
        _first_operand(
            r"-[A-Za-z]*[efl]|--(?:expression|file|line-length)",
            _with_option(r"-[nrEszui]*e|--expression", r"-[nrEszu]*e.+|--expression=.*"),
            r"-[A-Za-z]*[ef].*|--(?:expression|file)(?:=.*)?",
        ),
    ),
    _row(r"g?make", _with_option(r"--eval", r"--eval=.*|[A-Za-z_]\w*:{0,3}=.*")),
    _row(r"n?vim?|ex|view", _with_option(r"-c|--cmd|-S", r"\+.+|-c.+")),
    _row(r"emacs", _with_option(r"--?eval(?:uate)?|--?execute", r"--(?:eval|execute)\w*=.*")),
)
