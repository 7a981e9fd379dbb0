"""Hides what looks like a secret in a command line. Pure text; better hides too much."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

_HIDDEN = "****"
# Stands for it until the shell's quotes are in place, which it does not need itself.
_PLACEHOLDER = "%%HIDDEN%%"
_SURE = (
    r"(?:(?i:token|passw(?:or)?d|passphrase|secret|credentials?|api[-_]?key)"
    # `--pass`, `DB_PASS`, `dbPwd`, but not `--compass`.
    r"|(?<![^\W_])(?i:pass|pwd)|(?<=[a-z])(?:Pass|Pwd))"
)
# `--access-key`, `accessKey`, but not `--monkey`.
_LIKELY = r"(?:(?<![^\W_])(?i:key|auth)|(?<=[a-z])(?:Key|Auth))"
_NAME = rf"(?:{_SURE}|{_LIKELY})"
_SURE_NAME = re.compile(rf"{_SURE}$")
_SECRET_NAME = re.compile(rf"{_NAME}$")
# A word of a shell; quotes that are not closed go on to the end.
_WORD = r"""(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|'[^']*(?:'|$)|\\.|[^\s;&"'\\])+"""
_IN_TEXT = (
    # `Authorization: Bearer abc`, `X-Api-Key:abc`
    re.compile(
        rf"""((?i:authorization|\bx-[\w-]{{0,40}}{_NAME})["']?\s*[:=]\s*["']?)"""
        r"""[^\s"']+(?:[ \t]+[^\s"']+)?()"""
    ),
    re.compile(r"(\w://[^/\s:@]*:)[^/\s]+(@)"),
    # `--token abc`
    re.compile(rf"((?<!\S)(?!--no-)--?[\w.:-]*{_SURE}\s+){_WORD}()"),
    re.compile(rf"((?<!\S)(?!--no-)--?[\w.:-]*{_LIKELY}\s+)(?!--){_WORD}()"),
    # `{"password": "abc"}`, also within other quotes
    re.compile(rf"""({_NAME}"\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)()"""),
    re.compile(rf"""({_NAME}\\"\s*:\s*)\\".*?(?:\\"|$)()"""),
    # `TOKEN=abc`, `token = abc`, `token: abc`
    re.compile(rf"""({_NAME}(?:=|\s+=\s+|["']\s*:\s*|:\s+))(?!%%|["']?\s*$){_WORD}()"""),
)


def masked_command(argv: Sequence[str]) -> str:
    """`argv` as a shell would read it, with the values of what looks like a secret hidden."""
    pairs = zip(argv, ("", *argv), strict=False)
    masked = [_masked(argument, before) for argument, before in pairs]
    return shlex.join(masked).replace(_PLACEHOLDER, _HIDDEN)


def _masked(argument: str, before: str) -> str:
    if _is_value_of(before, argument):
        return _PLACEHOLDER
    name, _, value = argument.partition("=")
    if value and " " not in name and _SECRET_NAME.search(name):
        return f"{name}={_PLACEHOLDER}"
    return _without_secrets(argument)


def _is_value_of(option: str, argument: str) -> bool:
    """Whether `argument` is the secret that `option` announces, even one such as `--abc`."""
    if not option.startswith("-") or option.startswith("--no-") or " " in option:
        return False
    if _SURE_NAME.search(option):
        return True
    return bool(_SECRET_NAME.search(option)) and not argument.startswith("--")


def _without_secrets(text: str) -> str:
    """`text` without those in URLs, headers, JSON, and a command line for a shell."""
    for pattern in _IN_TEXT:
        text = pattern.sub(rf"\1{_PLACEHOLDER}\2", text)
    return text
