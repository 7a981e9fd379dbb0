"""`serve` in a kernel of a real Jupyter server: what a notebook's cells do and show."""

from __future__ import annotations

import json
import re
import sys
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from _harness.jupyter import Jupyter
from _harness.message import PATIENCE
from jupyter_client.blocking.client import BlockingKernelClient

from jupyter_server_proxy.serving import serve

MIRROR = str(Path(__file__).parents[1] / "apps" / "mirror.py")
JUPYTER_CONFIG = f"""
c.ServerProxy.servers = {{
    "mirror": {{"command": [sys.executable, {MIRROR!r}, "{{port}}"], "timeout": 60}},
}}
"""
BASE = "/base/"
SERVE = f"from jupyter_server_proxy import serve\nMIRROR = ['python', {MIRROR!r}, '{{port}}']\n"

# The sockets of the kernel's client belong to the module.
pytestmark = pytest.mark.may_leave("a kernel client lives longer than a test")


@pytest.fixture(scope="module")
def jupyter(make_jupyter) -> Jupyter:
    return make_jupyter(JUPYTER_CONFIG, base_url=BASE)


def api(jupyter: Jupyter, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        jupyter.url + path,
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"token {jupyter.token}", "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        content = answer.read()
    return json.loads(content) if content else None


class Notebook:
    """Cells that are run one after the other."""

    def __init__(self, client: BlockingKernelClient, kernel: str) -> None:
        self._client = client
        self.kernel = kernel

    def wait(self) -> None:
        """Until the kernel is there; its client gives up on one that takes its time to start."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._client.wait_for_ready(timeout=PATIENCE)
            except RuntimeError:
                assert time.monotonic() < deadline

    def run(self, code: str) -> Outputs:
        outputs = Outputs()
        reply = self._client.execute_interactive(
            textwrap.dedent(code), output_hook=outputs.add, timeout=100, allow_stdin=False
        )
        outputs.is_ok = reply["content"]["status"] == "ok"
        return outputs

    def value(self, expression: str) -> Any:
        outputs = self.run(f"import json; print(json.dumps({expression}))")
        assert outputs.is_ok, outputs.error
        return json.loads(outputs.text)


class Outputs:
    def __init__(self) -> None:
        self.is_ok = False
        self.text = ""
        self.error = ""
        self.shown: dict[str, str] = {}

    def add(self, message: dict[str, Any]) -> None:
        content = message["content"]
        match message["header"]["msg_type"]:
            case "stream":
                self.text += content["text"]
            case "execute_result" | "display_data":
                self.shown = content["data"]
            case "error":
                self.error = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(content["traceback"]))


@pytest.fixture(scope="module")
def notebook(jupyter: Jupyter) -> Iterator[Notebook]:
    kernel = {"name": "python3"}
    session = {"path": "a.ipynb", "name": "a", "type": "notebook", "kernel": kernel}
    made = api(jupyter, "POST", "api/sessions", session)
    identity = made["kernel"]["id"]
    client = BlockingKernelClient(
        connection_file=str(jupyter.folder / "runtime" / f"kernel-{identity}.json")
    )
    client.load_connection_file()
    client.start_channels()
    try:
        notebook = Notebook(client, identity)
        notebook.wait()
        # Elsewhere a kernel may warn about what it finds in the environment of the tests.
        assert notebook.run(SERVE).is_ok
        yield notebook
    finally:
        client.stop_channels()
        api(jupyter, "DELETE", f"api/sessions/{made['id']}")


def page(jupyter: Jupyter, path: str) -> Any:
    request = urllib.request.Request(
        jupyter.url.removesuffix(BASE) + path, headers={"Cookie": jupyter.cookie}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def names(jupyter: Jupyter) -> list[str]:
    known = api(jupyter, "GET", "server-proxy/api/servers")["servers"]
    return [server["name"] for server in known]


def test_a_cell_starts_an_application_and_shows_a_link_to_it(
    jupyter: Jupyter, notebook: Notebook
) -> None:
    outputs = notebook.run("app = serve(MIRROR, launcher_entry={'title': 'My <app>'})\napp")
    assert outputs.is_ok, outputs.error
    html = outputs.shown["text/html"]
    link = re.search(r'<a href="([^"]+)"', html)
    assert link is not None
    assert "My &lt;app&gt;</strong></a> is ready" in html
    assert page(jupyter, link[1] + "x")["uri"] == "/x"
    assert re.fullmatch(r"<App mirror-\w{4}: ready, http://.*/base/mirror-\w{4}/>",
                        outputs.shown["text/plain"])  # fmt: skip
    assert notebook.value("app.url").startswith(jupyter.url)
    assert jupyter.token not in json.dumps(outputs.shown)


def test_it_runs_in_the_kernels_folder_with_the_kernels_python(
    jupyter: Jupyter, notebook: Notebook
) -> None:
    notebook.run("app = serve(MIRROR)")
    command = notebook.value("app.info['command']")
    assert command.split()[0].startswith(str(Path(sys.executable).parent))
    child = psutil.Process(notebook.value("app.info['pid']"))
    assert child.cwd() == notebook.value("__import__('os').getcwd()")
    # It is the server's and not the kernel's, so that it outlives that.
    kernel = notebook.value("__import__('os').getpid()")
    ancestors = [process.pid for process in child.parents()]
    assert jupyter.pid in ancestors
    assert kernel not in ancestors


def test_the_application_itself_in_the_output_of_a_cell(notebook: Notebook) -> None:
    outputs = notebook.run("app = serve(MIRROR)\napp.iframe(height=321)")
    html = outputs.shown["text/html"]
    assert html.startswith('<iframe src="/base/mirror-')
    assert 'height="321"' in html


def test_stop_restart_logs_and_state(notebook: Notebook) -> None:
    notebook.run("app = serve(MIRROR)")
    first = notebook.value("app.info['pid']")
    assert notebook.run("app.restart()").is_ok
    assert notebook.value("app.info['pid']") != first
    notebook.run("app.stop()")
    assert notebook.value("app.state") == "stopped"
    assert notebook.run("app.wait()").is_ok
    assert notebook.value("app.state") == "ready"
    assert "asked for /" in notebook.run("print(app.logs())").text
    notebook.run("app.remove()")
    assert "removed" in notebook.run("app").shown["text/html"]


def test_a_cell_that_is_run_again_replaces_what_it_made(
    jupyter: Jupyter, notebook: Notebook
) -> None:
    notebook.run("one = serve(MIRROR)\ntwo = serve(MIRROR)")
    assert notebook.value("one.name == two.name")
    assert names(jupyter).count(notebook.value("one.name")) == 1


def test_what_was_saved_before_jupyter_was_restarted_is_replaced(make_own_jupyter) -> None:
    def serve_it(jupyter: Jupyter, **keys: Any) -> Any:
        command = [sys.executable, MIRROR, "{port}"]
        options = {"name": "kept", "save": True, "wait": False, **keys}
        return serve(command, url=jupyter.url, token=jupyter.token, **options)

    file = "config/jupyter_server_config.d/jupyter_server_proxy_services.json"
    first = make_own_jupyter()
    serve_it(first)
    # A server that finds what the first one has left.
    saved = (first.folder / file).read_text()
    second = make_own_jupyter(
        f"""
import pathlib
path = pathlib.Path(FOLDER, {file!r})
path.parent.mkdir(exist_ok=True)
path.write_text({saved!r})
"""
    )
    assert api(second, "GET", "server-proxy/api/servers/kept")["title"] == "kept"
    serve_it(second, launcher_entry={"title": "Anew"})
    assert api(second, "GET", "server-proxy/api/servers/kept")["title"] == "Anew"
    kept = json.loads((second.folder / file).read_text())["ServerProxy"]["servers"]["kept"]
    assert kept["launcher_entry"] == {"title": "Anew"}


def test_a_block(jupyter: Jupyter, notebook: Notebook) -> None:
    outputs = notebook.run("with serve(MIRROR, name='for-a-block') as app:\n    print(app.state)")
    assert outputs.text == "ready\n", outputs.error
    assert "for-a-block" not in names(jupyter)


def test_an_application_that_fails_says_why(notebook: Notebook) -> None:
    outputs = notebook.run(
        """
        serve(["python", "-c", "import sys; sys.exit('the licence is missing')", "{port}"],
              name="failing", restart="never")
        """
    )
    assert not outputs.is_ok
    assert "ActionFailed: failing has failed: it exited with code 1" in outputs.error
    assert "the licence is missing" in outputs.error


def test_a_wrong_key_is_explained(notebook: Notebook) -> None:
    outputs = notebook.run("serve(MIRROR, name='wrong', timeout='soon')")
    assert not outputs.is_ok
    assert "timeout" in outputs.error.splitlines()[-1]


def test_the_name_of_a_service_of_the_configuration_is_taken(notebook: Notebook) -> None:
    outputs = notebook.run("serve(MIRROR, name='mirror')")
    assert not outputs.is_ok
    assert "ApiProblem" in outputs.error
    assert notebook.run("app = serve('mirror')\napp").is_ok
    assert notebook.value("app.info['source']") == "config"


def test_a_script_that_a_cell_runs_finds_the_server_too(
    jupyter: Jupyter, notebook: Notebook, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"{SERVE}print(serve(MIRROR, name='of-a-script').url)\n")
    program = "import subprocess, sys; print(subprocess.run([sys.executable, SCRIPT], text=True, "
    outputs = notebook.run(f"SCRIPT = {str(script)!r}\n{program}capture_output=True).stdout)")
    assert outputs.text.strip() == f"{jupyter.url}of-a-script/"


def test_it_goes_on_when_the_kernel_is_restarted(jupyter: Jupyter, notebook: Notebook) -> None:
    notebook.run("app = serve(MIRROR)")
    name, pid = notebook.value("[app.name, app.info['pid']]")
    api(jupyter, "POST", f"api/kernels/{notebook.kernel}/restart")
    notebook.wait()
    known = api(jupyter, "GET", f"server-proxy/api/servers/{name}")
    assert (known["state"], known["pid"]) == ("ready", pid)
    assert notebook.run(SERVE + "app = serve(MIRROR)").is_ok
    assert notebook.value("app.name") == name
