"""The description of the API is valid and describes the routes that there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest

from jupyter_server_proxy import errors
from jupyter_server_proxy.api.openapi import document
from jupyter_server_proxy.api.routes import VIEWS
from jupyter_server_proxy.api.schemas import SCHEMAS
from jupyter_server_proxy.api.view import VERBS, ApiView

# A path for each in the description.
VALUES = {"{name}": "app", "{instance}": "one"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document()["paths"].items():
        for verb in set(item) & set(VERBS):
            yield path, verb, item[verb]


def filled_in(path: str) -> str:
    for name, value in VALUES.items():
        path = path.replace(name, value)
    return path


def view_of(path: str) -> type[ApiView]:
    """The view that a request to `path` gets to: the first that matches."""
    return next(view for pattern, view in VIEWS if re.fullmatch(pattern, path))


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])


def test_every_reference_leads_somewhere() -> None:
    text = repr(document())
    names = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert names <= set(SCHEMAS)
    told = set(re.findall(r"`(\w+)`\)", text)) | set(re.findall(r"as in `(\w+)`", text))
    assert {name for name in told if name[0].isupper()} <= set(SCHEMAS)


def test_every_operation_is_implemented_and_has_a_name_of_its_own() -> None:
    names = []
    for path, verb, operation in operations():
        assert verb in [m.lower() for m in view_of(filled_in(path)).allowed_methods()], path
        names.append(operation["operationId"])
    assert len(names) == len(set(names)) > 10


def test_every_method_of_every_route_is_described() -> None:
    described = {(view_of(filled_in(path)), verb) for path, verb, _ in operations()}
    there = {
        (view, method.lower())
        for _, view in VIEWS
        for method in view.allowed_methods()
        if method != "HEAD"  # is to every GET
    }
    assert described == there


# What `config.runtime_services`, `Supervisor` and the gate raise on purpose.
RAISED = {
    "addServer": (errors.RequestInvalid, errors.StateForbids, errors.NotSaved),
    "removeServer": (errors.ServiceUnknown, errors.StateForbids, errors.NotSaved),
    "addInstance": (errors.ServiceUnknown, errors.RequestInvalid, errors.StateForbids),
    "removeInstance": (errors.ServiceUnknown, errors.StateForbids),
    "startServer": (
        errors.StartFailed,
        errors.StartTimedOut,
        errors.CoolingDown,
        errors.NotManaged,
    ),
    "restartInstance": (errors.StartFailed, errors.StartTimedOut, errors.ServiceStopped),
    "stopServer": (errors.ServiceUnknown, errors.StateForbids, errors.RequestInvalid),
    "getServerLog": (errors.ServiceUnknown, errors.RequestInvalid),
    "getInstance": (errors.ServiceUnknown,),
}
BY_THE_GATE = (
    errors.LoginRequired,
    errors.NotAuthorized,
    errors.LoginUnavailable,
    errors.TooManyTries,
    errors.ShuttingDown,
)


@pytest.mark.parametrize("name", RAISED)
def test_every_error_that_is_raised_on_purpose_is_described(name: str) -> None:
    (found,) = [it for _, _, it in operations() if it["operationId"] == name]
    for error in RAISED[name]:
        assert str(error.status) in found["responses"], error


def test_what_the_gate_answers_is_described_for_every_operation() -> None:
    for path, verb, operation in operations():
        for error in BY_THE_GATE:
            assert str(error.status) in operation["responses"], (path, verb, error)


def test_the_reference_for_people_is_up_to_date(generated_page: Callable[[str], str]) -> None:
    text = generated_page("generate_api_reference")
    for path, verb, _ in operations():
        assert f"### `{verb.upper()} {path}`\n" in text
