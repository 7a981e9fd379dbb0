"""The parameters that a service declares, and the values that its instances are given.

Whether a path is below the root directory is looked up here; nothing is opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..rules import templates
from ..rules.callables import asked_arguments
from ..rules.code_in_commands import reader_of_code
from ..rules.parameters import Kind, Parameter, Value
from ..rules.wording import described
from .problems import nearest

if TYPE_CHECKING:
    from .server_process import ServerProcess

KEY = "parameters"
# Known to templates or callables already.
TAKEN = frozenset((*templates.FIELDS, "name", "cwd", "url"))


def declared_parameters(process: ServerProcess) -> dict[str, Parameter]:
    """The parameters of `process` by name. Raises ConfigurationError, naming the one that is
    wrong."""
    if process.parameters and not process.command:
        raise ConfigurationError(process.name, KEY, "are of no use without a command")
    found = {}
    for name, declaration in process.parameters.items():
        try:
            parameter = _declared(name, declaration, process)
            _default_value(parameter, process.root_dir)
        except ValueError as error:
            raise ConfigurationError(process.name, f"{KEY}.{name}", str(error)) from error
        found[name] = parameter
    return found


def resolved(parameter: Parameter, value: object, *, root: str) -> Value:
    """`value` if it is fit; a path as a whole one. Raises ValueError."""
    checked = parameter.checked(value)
    if parameter.kind is Kind.PATH:
        checked = path_below(root, str(checked))
    if parameter.is_rendered and re.search("[{}]", str(checked)):
        raise ValueError(
            "must not hold { or }: a function is given it, and what that returns is a template"
        )
    return checked


def path_below(root: str, path: str) -> str:
    """`path`, relative to `root` or not, without links. Raises ValueError unless it is there,
    below `root` or `root` itself."""
    top = os.path.realpath(os.path.expanduser(root or os.getcwd()))
    whole = os.path.realpath(os.path.join(top, path))
    is_below = whole == top or whole.startswith(os.path.join(top, ""))
    # One answer for both: what there is elsewhere is not told.
    if not is_below or not os.path.exists(whole):
        raise ValueError(f"there is no {path!r} below Jupyter's root directory")
    return whole


def default_values(parameters: Mapping[str, Parameter], *, root: str) -> dict[str, Value]:
    """What the service itself is started with."""
    return {name: _default_value(it, root) for name, it in parameters.items()}


def _default_value(parameter: Parameter, root: str) -> Value:
    value = parameter.implied() if parameter.default is None else parameter.default
    return resolved(parameter, value, root=root)


def given_values(
    parameters: Mapping[str, Parameter], given: Mapping[str, object], *, root: str
) -> dict[str, Value]:
    """The values of an instance: those given, defaults for the others.

    Raises ValueError that names everything that is wrong.
    """
    wrong = [_unknown(name, parameters) for name in given if name not in parameters]
    values = {}
    for name, parameter in parameters.items():
        try:
            values[name] = (
                resolved(parameter, given[name], root=root)
                if name in given
                else _default_value(parameter, root)
            )
        except ValueError as error:
            wrong.append(f"{KEY}.{name}: {error}")
    if wrong:
        raise ValueError("; ".join(wrong))
    return values


def _unknown(name: str, parameters: Mapping[str, Parameter]) -> str:
    if not parameters:
        return f"{KEY}.{name}: this service declares no parameters"
    near = nearest(name, parameters)
    return f"{KEY}.{name}: there is no such parameter{near}; known are {', '.join(parameters)}"


# --- declarations ----------------------------------------------------------------------------


def _declared(name: str, declaration: Mapping[str, Any], process: ServerProcess) -> Parameter:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError("a name is made of letters, digits and _, and begins with no digit")
    if name in TAKEN:
        raise ValueError(f"the name means something else already, as {', '.join(sorted(TAKEN))} do")
    _check_keys(declaration)
    command = process.command
    is_static = not callable(command)
    if is_static:
        _check_no_code(name, command)
    choices, low, high = _choices(declaration), _bound(declaration, 0), _bound(declaration, 1)
    if low is not None and high is not None and low > high:
        raise ValueError(f"minimum {low} is more than maximum {high}")
    return Parameter(
        name=name,
        kind=Kind(declaration["type"]),
        default=_checked_default(declaration),
        choices=choices,
        minimum=low,
        maximum=high,
        description=str(declaration.get("description", "")),
        is_argument=not is_static or any(item.startswith(f"{{{name}}}") for item in command),
        is_rendered=any(
            _asks_for(name, value) for value in (command, process.environment, process.cwd)
        ),
    )


def _asks_for(name: str, value: object) -> bool:
    """Whether `value` is a callable that is given the parameter."""
    if not callable(value):
        return False
    asked = asked_arguments(value)
    return name in (*asked.required, *asked.optional)


_KEYS_OF = {
    Kind.STRING: (),
    Kind.PATH: (),
    Kind.CHOICE: ("choices",),
    Kind.INTEGER: ("minimum", "maximum"),
}
_BOUNDS = ("minimum", "maximum")


def _check_keys(declaration: Mapping[str, Any]) -> None:
    kinds = [kind.value for kind in Kind]
    if declaration.get("type") not in kinds:
        raise ValueError(f"type must be one of {', '.join(kinds)}")
    known = ("type", "default", "description", *_KEYS_OF[Kind(declaration["type"])])
    for key in declaration:
        if key not in known:
            raise ValueError(
                f"{key!r} means nothing for type {declaration['type']}{nearest(str(key), known)}"
            )


def _choices(declaration: Mapping[str, Any]) -> tuple[str, ...]:
    if declaration["type"] != Kind.CHOICE.value:
        return ()
    choices = declaration.get("choices")
    is_list = isinstance(choices, (list, tuple)) and len(choices) > 0
    if not is_list or not all(isinstance(choice, str) for choice in choices or ()):
        raise ValueError("choices must be a list of strings, at least one")
    return tuple(choices or ())


def _bound(declaration: Mapping[str, Any], which: int) -> int | None:
    value = declaration.get(_BOUNDS[which])
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"{_BOUNDS[which]} must be a whole number, not {described(value)}")
    return value


def _checked_default(declaration: Mapping[str, Any]) -> Value | None:
    value = declaration.get("default")
    if value is None or isinstance(value, (str, int)):
        return value
    raise ValueError(f"default must be a string or a number, not {described(value)}")


def _check_no_code(name: str, command: Sequence[str]) -> None:
    """Raise ValueError where a value would become a part of a program's text."""
    for number, item in enumerate(command):
        reader = reader_of_code(command, number) if f"{{{name}}}" in item else ""
        if reader:
            raise ValueError(
                f"in command, {{{name}}} stands in text that {reader!r} runs as a program; "
                "hand it over as an argument after that text, or in environment"
            )
