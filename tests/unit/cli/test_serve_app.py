"""`serve` and what it returns, against a server that speaks the API."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial

import pytest

import jupyter_server_proxy
from jupyter_server_proxy.client import ActionFailed, ApiProblem, NoServerFound, UnknownService
from jupyter_server_proxy.serving import serve as serve_anywhere


@pytest.fixture
def serve(fake):
    return partial(serve_anywhere, url=fake.url, token="the-secret-token")


def test_a_command_becomes_a_service_that_is_ready(fake, serve) -> None:
    app = serve(["streamlit", "run", "app.py", "--server.port={port}"], name="mine", timeout=9)
    body = {"name": "mine", "command": ["streamlit", "run", "app.py", "--server.port={port}"],
            "timeout": 9}  # fmt: skip
    assert fake.requests("POST") == [("servers", body), ("servers/mine/start", None)]
    assert (app.name, app.instance, app.state) == ("mine", None, "ready")
    assert app.url == f"{fake.url}mine/"
    assert app.path == "/base/mine/"
    assert app.info["source"] == "runtime"


def test_a_name_is_made_of_the_command_and_the_notebook(
    serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []
    for notebook in ("a.ipynb", "a.ipynb", "b.ipynb"):
        monkeypatch.setenv("JPY_SESSION_NAME", notebook)
        names.append(serve(["streamlit", "run", "app.py"]).name)
    assert names[0] == names[1] != names[2]
    assert names[0].startswith("streamlit-")


def test_running_a_cell_again_replaces_what_it_has_made(fake, serve) -> None:
    serve(["x"], name="mine")
    serve(["x"], name="mine")
    # The first time there was nothing to remove, which is no mistake.
    assert fake.requests("DELETE") == [("servers/mine", None)] * 2
    assert list(fake.services) == [("mine", None)]


def test_what_was_saved_is_replaced_too(fake, serve) -> None:
    fake.add("mine", source="config", title="Of the former run")
    assert serve(["x"], name="mine").info["title"] == "Mine"


def test_a_service_of_the_configuration_is_never_replaced(fake, serve) -> None:
    fake.add("mine", source="config")
    fake.fixed.add("mine")
    with pytest.raises(ApiProblem, match="There is a service 'mine' already"):
        serve(["x"], name="mine")
    assert list(fake.services) == [("mine", None)]


def test_that_the_former_one_cannot_be_removed_is_said(fake, serve) -> None:
    fake.answer = (500, "application/problem+json", b'{"detail": "cannot be written"}')
    with pytest.raises(ApiProblem, match="cannot be written"):
        serve(["x"], name="mine")
    assert fake.requests("POST") == []


def test_without_waiting_it_returns_at_once(fake, serve) -> None:
    fake.becomes["start"] = {"state": "starting"}
    assert serve(["x"], name="mine", wait=False).state == "starting"


def test_a_start_that_fails_says_why(fake, serve) -> None:
    failure = {"reason": "it exited with code 3", "words": "exited with code 3", "output": ["oh"]}
    fake.becomes["start"] = {"state": "failed", "last_failure": failure}
    with pytest.raises(ActionFailed, match=r"it exited with code 3\nIts last lines:\n  oh$"):
        serve(["x"], name="mine")


def test_a_definition_that_is_refused_says_what_is_wrong(fake, serve) -> None:
    fake.answer = (422, "application/problem+json", b'{"detail": "timeout: must be a number"}')
    with pytest.raises(ApiProblem, match="timeout: must be a number"):
        serve(["x"], name="mine", timeout="x")


def test_a_string_is_a_service_that_there_is(fake, serve) -> None:
    fake.add("web")
    assert serve("web").state == "ready"
    with pytest.raises(UnknownService, match="'wbe'"):
        serve("wbe")
    with pytest.raises(TypeError, match="a command is a list"):
        serve("streamlit run app.py", timeout=3)


def test_an_instance_of_a_service(fake, serve) -> None:
    fake.add("dash")
    app = serve("dash", instance="a", parameters={"size": 3})
    body = {"instance": "a", "parameters": {"size": 3}}
    assert fake.requests("POST")[0] == ("servers/dash/instances", body)
    assert (app.name, app.instance, app.info["values"]) == ("dash", "a", {"size": 3})
    serve("dash", instance="a", parameters={"size": 4})
    assert fake.requests("DELETE") == [("servers/dash/instances/a", None)] * 2
    assert fake.services["dash", "a"]["values"] == {"size": 4}
    with pytest.raises(TypeError, match="give a name"):
        serve(["x"], instance="a")


@pytest.mark.parametrize("command", [[], ()])
def test_no_command(serve, command) -> None:
    with pytest.raises(TypeError, match="empty"):
        serve(command)


def test_stop_restart_logs_and_remove(fake, serve) -> None:
    fake.lines = ["one", "two", "three"]
    app = serve(["x"], name="mine")
    assert app.restart() is app
    assert fake.services["mine", None]["generation"] == 2
    assert repr(app.logs()) == str(app.logs()) == "one\ntwo\nthree"
    assert app.logs(2) == ["two", "three"]
    app.stop()
    assert app.state == "stopped"
    assert app.wait().state == "ready"
    app.remove()
    app.remove()
    assert fake.services == {}
    assert "removed" in repr(app)


def test_for_the_time_of_a_block(fake, serve) -> None:
    fake.add("web")
    with serve(["x"], name="mine") as app:
        assert app.state == "ready"
    with serve("web") as app:
        pass
    assert list(fake.services) == [("web", None)]
    assert app.state == "stopped"


def test_how_it_is_shown(fake, serve) -> None:
    app = serve(["x"], name="mine")
    fake.services["mine", None]["title"] = "ignored"
    assert repr(app) == f"<App mine: ready, {fake.url}mine/>"
    bundle = app._repr_mimebundle_()
    assert bundle["text/plain"] == repr(app)
    assert (
        '<a href="/base/mine/" target="_blank" rel="noopener"><strong>Mine</strong></a>'
        in (bundle["text/html"])
    )
    assert "is ready" in bundle["text/html"]
    fake.answer = (500, "text/plain", b"")
    assert "out of reach" in repr(app)
    assert "the-secret-token" not in repr(app) + str(vars(app)) + bundle["text/html"]


def test_what_is_shown_is_no_markup(fake, serve) -> None:
    fake.add("web", title="<script>", url='/base/"web"/')
    app = serve("web")
    assert "<script>" not in app._repr_html_() + app.iframe()._repr_html_()
    assert '/"web"/' not in app._repr_html_() + app.iframe()._repr_html_()


def test_frames(serve) -> None:
    shown = serve(["x"], name="mine").iframe(height=300)._repr_html_()
    assert shown.startswith('<iframe src="/base/mine/" title="Mine" width="100%" height="300"')


def test_no_server(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    for name in ("JUPYTER_SERVER_URL", "JUPYTERHUB_SERVICE_URL", "JPY_PARENT_PID"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(NoServerFound, match=r"no Jupyter server.*\nserve\(..., url=, token=\)"):
        serve_anywhere(["x"])


def test_it_is_imported_by_those_who_want_it_only() -> None:
    assert jupyter_server_proxy.serve is serve_anywhere
    with pytest.raises(AttributeError, match="nonsense"):
        _ = jupyter_server_proxy.nonsense
    program = (
        "import sys, jupyter_server_proxy\n"
        "assert 'jupyter_server_proxy.serving' not in sys.modules\n"
        "from jupyter_server_proxy import serve\n"
        "import jupyter_server_proxy.cli\n"
        "assert not {'tornado', 'jupyter_server', 'traitlets.config.application'} & "
        "set(sys.modules), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env=dict(os.environ))
