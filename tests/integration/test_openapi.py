"""What the API answers to whatever it is asked is what its description says."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from _harness.client import fetch
from _harness.jupyter import Jupyter
from hypothesis import HealthCheck, Phase, settings

from jupyter_server_proxy.api.openapi import document

schemathesis = pytest.importorskip("schemathesis", reason="it is in the extra `test`")

JUPYTER_PORTS = ("running",)
JUPYTER_CONFIG = """
c.ServerProxy.servers = {
    "app": {"command": ["sh", "-c", "exit 1"]},
    "running": {"port": PORTS["running"]},
    "broken": {"port": "many"},
}
"""
# They do not end; tests/integration/test_api_events.py has these.
ENDLESS = ("/events",)
NAMES = ("app", "running", "broken")

api = schemathesis.openapi.from_dict(document()).exclude(path=list(ENDLESS))


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Every other name is one that there is: unknown ones are all alike."""
    if path_parameters and len(str(path_parameters.get("name", ""))) % 2:
        index = len(str(path_parameters["name"])) % len(NAMES)
        path_parameters["name"] = NAMES[index]
    return path_parameters


@schemathesis.hook
def map_query(context: Any, query: Any) -> Any:
    """Following a log does not end either."""
    if query:
        query.pop("follow", None)
    return query


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Nothing that was made up may start by itself, or come again."""
    if isinstance(body, dict):
        for key in ("autostart", "keep_warm", "save"):
            body.pop(key, None)
    return body


@api.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_described(case: Any, jupyter: Jupyter) -> None:
    base = f"{jupyter.url}server-proxy/api"
    answer = case.call(base_url=base, headers={"Authorization": f"token {jupyter.token}"})
    excluded = [schemathesis.checks.not_a_server_error]
    if case.method == "POST":  # a service that is described well may still make no sense
        excluded.append(schemathesis.checks.positive_data_acceptance)
    # A start that fails is described as 503 and 504; other errors of the server are not.
    case.validate_response(answer, excluded_checks=excluded)
    assert answer.status_code in (503, 504) or answer.status_code < 500


async def test_the_description_is_served_with_the_servers_address(jupyter: Jupyter) -> None:
    answer = await fetch(jupyter, "/server-proxy/api/openapi.json")
    served = json.loads(answer.body)
    assert served.pop("servers") == [{"url": "/server-proxy/api"}]
    assert served == document()


async def test_what_cannot_be_saved_is_answered_as_described(
    make_own_jupyter: Any,
) -> None:
    jupyter = make_own_jupyter()
    folder = jupyter.folder / "config" / "jupyter_server_config.d"
    file = folder / "jupyter_server_proxy_services.json"
    login = [("Authorization", f"token {jupyter.token}"), ("Content-Type", "application/json")]

    async def ask(method: str, path: str, **body: Any) -> Any:
        url = f"/server-proxy/api{path}"
        content = json.dumps(body).encode()
        return await fetch(jupyter, url, method=method, fields=login, body=content)

    kept = {"command": ["x"], "save": True}
    assert (await ask("POST", "/servers", name="kept", **kept)).status == 201
    file.write_text("{ oops")
    post = await ask("POST", "/servers", name="other", **kept)
    delete = await ask("DELETE", "/servers/kept")
    schema = {**document(), "$ref": "#/components/schemas/Problem"}
    for path, verb, answer in (("/servers", "post", post), ("/servers/{name}", "delete", delete)):
        assert answer.status == 500
        described = document()["paths"][path][verb]["responses"]["500"]
        assert answer.get("Content-Type").decode() in described["content"]
        jsonschema.validate(json.loads(answer.body), schema)
    # Nothing has changed.
    names = [it["name"] for it in json.loads((await ask("GET", "/servers")).body)["servers"]]
    assert names == ["kept"]
