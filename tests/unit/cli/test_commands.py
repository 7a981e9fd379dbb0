"""Every command against a server that speaks the API: what is said, to whom, and the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_server_proxy.cli import main, opening
from jupyter_server_proxy.cli.exit_codes import MEANINGS, ExitCode

FAILURE = {
    "reason": "it exited with code 1 before it was ready",
    "words": "exited with code 1",
    "output": ["one", "the licence \x1b[2Jis missing"],
    "retry_at": None,
}


def test_list(fake, run) -> None:
    fake.add("web", state="ready")
    fake.add("dash", "a")
    code, out, _ = run("list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["NAME", "web", "dash/i/a"]


def test_list_for_programs_and_for_shells(fake, run) -> None:
    fake.add("web")
    fake.add("dash", "a")
    servers = json.loads(run("list", "--json")[1])["servers"]
    assert [server["name"] for server in servers] == ["web", "dash"]
    assert run("list", "--names")[1] == "web\ndash/i/a\n"


def test_list_of_nothing(run) -> None:
    assert run("list") == (0, "There are no services.\n", "")


@pytest.mark.parametrize(
    ("state", "code"),
    [("ready", 0), ("unmanaged", 0), ("failed", 1), ("broken", 1), ("stopped", 7), ("starting", 7)],
)
def test_status_says_by_its_exit_code_whether_a_service_runs(fake, run, state, code) -> None:
    fake.add("web", state=state)
    assert run("status", "web")[0] == code
    assert json.loads(run("status", "web", "--json")[1])["state"] == state


def test_status_of_a_failed_one_shows_its_last_lines(fake, run) -> None:
    fake.add("web", state="failed", last_failure=FAILURE)
    out = run("status", "web")[1]
    assert "failure    it exited with code 1 before it was ready\n" in out
    assert out.endswith("  one\n  the licence is missing\n")


def test_status_of_the_server(fake, run) -> None:
    fake.add("web", state="ready")
    fake.add("old")
    code, out, _ = run("status")
    assert code == 0
    assert out.splitlines()[:2] == [
        f"Jupyter server {fake.url}",
        "Services: 1 ready, 1 stopped",
    ]
    assert "web" in out
    assert "old" not in out


def test_start_waits_until_it_is_ready(fake, run) -> None:
    fake.add("web")
    code, out, err = run("start", "web")
    where = fake.url.replace("/base/", "/base/web/")
    assert (code, out, err) == (0, f"web is ready after 1.5 s: {where}\n", "")


def test_start_of_what_runs_already(fake, run) -> None:
    fake.add("web", state="ready")
    assert run("start", "web")[0] == 0


def test_start_of_several(fake, run) -> None:
    fake.add("a")
    fake.add("b")
    code, out, _ = run("start", "a", "b", "--json")
    assert code == 0
    assert [s["state"] for s in json.loads(out)["servers"]] == ["ready", "ready"]


def test_start_that_fails_says_why_on_standard_error(fake, run) -> None:
    fake.add("web")
    fake.becomes["start"] = {"state": "failed", "last_failure": FAILURE}
    code, out, err = run("start", "web")
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "web has failed: it exited with code 1 before it was ready",
        "Its last lines:",
        "  one",
        "  the licence is missing",
    ]


def test_start_that_fails_is_told_to_programs(fake, run) -> None:
    fake.add("a")
    fake.becomes["start"] = {"state": "failed", "last_failure": FAILURE}
    code, out, _ = run("start", "a", "--json")
    assert (code, json.loads(out)["last_failure"]) == (1, FAILURE)
    code, out, _ = run("start", "a", "nosuch", "--json")
    assert [s["state"] for s in json.loads(out)["servers"]] == ["failed"]


def test_programs_are_told_what_was_done_before_the_end(fake, run) -> None:
    fake.add("web", state="ready")
    code, out, err = run("stop", "web", "nosuch", "--json")
    assert code == ExitCode.UNKNOWN
    assert [s["name"] for s in json.loads(out)["servers"]] == ["web"]
    assert "nosuch" in err


def test_start_without_waiting(fake, run) -> None:
    fake.add("web")
    assert run("start", "web", "--no-wait")[:2] == (0, "web is stopped\n")
    assert fake.requests("POST") == [("servers/web/start", None)]


def test_stop(fake, run) -> None:
    fake.add("web", state="ready")
    assert run("stop", "web")[:2] == (0, "web is stopped\n")


def test_stop_all_stops_what_runs_and_nothing_else(fake, run) -> None:
    fake.add("web", state="ready")
    fake.add("dash", "a", state="starting")
    fake.add("old")
    code, out, _ = run("stop", "--all")
    assert (code, out) == (0, "web is stopped\ndash/i/a is stopped\n")
    stopped = [path for path, _ in fake.requests("POST")]
    assert stopped == ["servers/web/stop", "servers/dash/instances/a/stop"]


def test_restart_waits_for_the_new_process(fake, run) -> None:
    fake.add("web", state="ready", generation=1)
    assert run("restart", "web")[:1] == (0,)
    assert fake.services["web", None]["generation"] == 2


def test_stop_all_where_nothing_runs(fake, run) -> None:
    fake.add("old")
    assert run("stop", "--all") == (0, "Nothing runs.\n", "")
    assert json.loads(run("stop", "--all", "--json")[1]) == {"servers": []}


def test_logs_of_what_has_written_nothing(fake, run) -> None:
    fake.add("web")
    assert run("logs", "web") == (0, "", "")
    assert json.loads(run("logs", "web", "--json")[1]) == {"lines": []}


def test_following_a_log_until_the_server_ends_it(fake, run) -> None:
    fake.add("web")
    script = [{"lines": ["two"]}, {"lines": ["three"], "left_out": 7}, {"lines": []}]
    fake.lines = ["one"]
    fake.on_follow = lambda: [*[fake.tell("lines", data) for data in script], fake.let_go()]
    code, out, err = run("logs", "-f", "web")
    assert (code, out) == (0, "one\ntwo\nthree\n")
    assert err.splitlines() == [
        "... 7 lines came too fast and are in the log's file only ...",
        "The server has ended the log.",
    ]


def test_logs(fake, run) -> None:
    fake.add("web")
    fake.lines = ["one", "\x1b[31mtwo\x1b[0m\x07", "three"]
    assert run("logs", "web")[:2] == (0, "one\ntwo\nthree\n")
    assert run("logs", "web", "-n", "1")[1] == "three\n"
    assert json.loads(run("logs", "web", "--json")[1])["lines"] == fake.lines


def test_add_makes_the_program_and_the_folder_explicit_here_only(fake, run) -> None:
    code, out, _ = run("add", "mine", "--title", "Mine", "-e", "A=b=c", "--set", "timeout=7",
                       "--set", "absolute_url=true", "--set", "ready_path=/x", "--save",
                       "--", "streamlit", "run", "--help", "--port={port}")  # fmt: skip
    assert (code, out) == (0, f"mine is stopped: {fake.url}mine/\n")
    assert fake.requests("POST") == [
        (
            "servers",
            {
                "name": "mine",
                "command": ["streamlit", "run", "--help", "--port={port}"],
                "launcher_entry": {"title": "Mine"},
                "environment": {"A": "b=c"},
                "timeout": 7,
                "absolute_url": True,
                "ready_path": "/x",
                "save": True,
            },
        )
    ]


def test_add_and_start(fake, run) -> None:
    code, out, _ = run("add", "mine", "--start", "--json", "--", "x")
    assert code == 0
    assert json.loads(out)["state"] == "ready"


def test_add_an_instance(fake, run) -> None:
    fake.add("dash", parameters={"size": {"type": "integer"}, "file": {"type": "path"}})
    code, out, _ = run("add", "dash/i/big", "-p", "size=3", "-p", "file=3")
    assert (code, out) == (0, f"dash/i/big is stopped: {fake.url}dash/\n")
    body = {"instance": "big", "parameters": {"size": 3, "file": "3"}}
    assert fake.requests("POST") == [("servers/dash/instances", body)]


def test_add_an_instance_without_a_name(fake, run) -> None:
    fake.add("dash", parameters={"size": {"type": "integer"}})
    assert run("add", "dash", "-p", "size=many")[1].startswith("dash/i/made-up is stopped")
    assert fake.requests("POST") == [("servers/dash/instances", {"parameters": {"size": "many"}})]


def test_remove(fake, run) -> None:
    fake.add("mine")
    fake.add("dash", "a")
    assert run("remove", "mine", "dash/i/a")[:2] == (0, "mine is removed\ndash/i/a is removed\n")
    assert fake.services == {}


def test_open_leads_the_browser_there_without_showing_the_token(
    fake, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.add("web")
    opened: list[str] = []
    monkeypatch.setattr(opening.webbrowser, "open", lambda url: opened.append(url) or True)
    url = f"{fake.url}web/"
    assert run("open", "web") == (0, f"{url}\n", "")
    (file,) = opened
    path = Path(file.removeprefix("file://"))
    assert "the-secret-token" not in file
    assert f'href="{url}?token=the-secret-token"' in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_open_without_a_browser(fake, run, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.add("web")
    monkeypatch.setattr(opening.webbrowser, "open", lambda url: False)
    assert run("open", "web")[0] == 1
    assert run("open", "web", "--no-browser")[0] == 0


# --- what can be wrong -----------------------------------------------------------------------


def test_unknown_service(run) -> None:
    assert run("status", "nope") == (4, "", "There is no service 'nope'\n")
    assert run("start", "nope")[0] == 4
    assert run("logs", "nope")[0] == 4
    assert run("logs", "-f", "nope")[0] == 4


def test_the_wrong_token(run) -> None:
    code, _, err = run("list", token="wrong")
    assert code == 5
    assert "does not accept this login" in err
    assert "wrong" not in err


@pytest.mark.parametrize(
    ("status", "code"), [(409, 6), (422, 2), (400, 2), (403, 5), (404, 4), (503, 1), (500, 1)]
)
def test_problems_have_exit_codes(fake, run, status, code) -> None:
    body = json.dumps({"title": "No", "detail": "because"}).encode()
    fake.answer = (status, "application/problem+json", body)
    assert run("start", "web")[::2] == (code, "because\n")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((404, "text/html", b"<h1>Not found"), 3),
        ((200, "text/html", b"<h1>Hello"), 3),
        ((500, "text/html", b"<h1>Oh"), 1),
        ((302, "text/html", b""), 5),
        ((403, "text/html", b""), 5),
    ],
)
def test_answers_of_something_else(fake, run, answer, code) -> None:
    fake.answer = answer
    assert run("list")[0] == code


def test_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--url", "http://127.0.0.1:9/"]) == 3
    assert "http://127.0.0.1:9/ does not answer" in capsys.readouterr().err


def test_no_server_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    for name in ("JUPYTER_SERVER_URL", "JUPYTERHUB_SERVICE_URL", "JPY_PARENT_PID"):
        monkeypatch.delenv(name, raising=False)
    assert main(["list"]) == 3
    assert "no Jupyter server of yours is running" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["start"],
        ["stop", "--all", "x"],
        ["add", "x"],
        ["add", "x", "-p", "novalue", "--", "cmd"],
        ["add", "x", "-p", "novalue"],
        ["add", "x/i/y", "--title", "T"],
        ["add", "x", "--set", "novalue", "--", "cmd"],
    ],
)
def test_command_lines_that_make_no_sense(fake, run, arguments) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"jupyter server-proxy {arguments[0]}: ")
    assert fake.requests("POST") == []


@pytest.mark.parametrize(
    "arguments", [[], ["unknown"], ["logs"], ["forward", "x", "port"], ["forward", "x", "70000"],
                  ["logs", "x", "-n", "-1"], ["list", "--url"]],
)  # fmt: skip
def test_command_lines_that_argparse_refuses(arguments) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_a_url_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--url", "localhost:8888"]) == 2
    assert "no http:// or https:// URL" in capsys.readouterr().err


def test_the_help_explains_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert set(MEANINGS) == set(ExitCode)
    assert all(f"{int(code):>3}  {meaning}" in out for code, meaning in MEANINGS.items())


def test_who_reads_our_output_may_stop(fake) -> None:
    for number in range(300):
        fake.add(f"service-{number}")
    command = [sys.executable, "-m", "jupyter_server_proxy.cli", "list", "--names"]
    with subprocess.Popen(
        [*command, "--url", fake.url],
        env={**os.environ, "JUPYTER_TOKEN": "the-secret-token"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
