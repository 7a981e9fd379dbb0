"""The command line of the standalone proxy, and what is warned of."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_core.application import NoStart
from traitlets.config import Config

from jupyter_server_proxy import __version__
from jupyter_server_proxy.errors import ConfigurationError
from jupyter_server_proxy.standalone import StandaloneProxyServer
from jupyter_server_proxy.standalone.gate import OpenGate
from jupyter_server_proxy.standalone.help_text import signature
from jupyter_server_proxy.standalone.options import all_options
from jupyter_server_proxy.standalone.process import make_process
from jupyter_server_proxy.standalone.program import LIBRARIES

OPTIONS_OF_4_6 = [
    line
    for line in Path(__file__).with_name("options_of_4.6.0.txt").read_text().splitlines()
    if line.startswith("--")
]


@pytest.fixture(autouse=True)
def no_configuration_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    for name in ("JUPYTERHUB_SERVICE_URL", "JUPYTERHUB_SERVICE_PREFIX", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    yield
    StandaloneProxyServer.clear_instance()


def app(*arguments: str) -> StandaloneProxyServer:
    made = StandaloneProxyServer()
    made.initialize(list(arguments))
    return made


@pytest.mark.parametrize(
    ("argument", "name", "value"),
    [
        ("--port=0", "port", 0),
        ("--address=0.0.0.0", "address", "0.0.0.0"),
        ("--base-url=/a/b/", "base_url", "/a/b"),
        ("--base-url=/", "base_url", ""),
        ("--base-url=a", "base_url", "/a"),
        ("--base-url=/a b/ü/%40/", "base_url", "/a%20b/%C3%BC/%40"),
        ("--server-port=8001", "server_port", 8001),
        ("--unix-socket=True", "unix_socket", True),
        ("--unix-socket=/tmp/socket", "unix_socket", "/tmp/socket"),
        ("--absolute-url", "absolute_url", True),
        ("--absolute-url=True", "absolute_url", True),
        ("--raw-socket-proxy", "raw_socket_proxy", True),
        ("--no-authentication", "no_authentication", True),
        ("--timeout=90", "timeout", 90.0),
        ("--activity-interval=0", "activity_interval", 0),
        ("--websocket-max-message-size=1000", "websocket_max_message_size", 1000),
        ("--websocket-max-message-size=None", "websocket_max_message_size", None),
        ('--environment={"A": "1", "B": null}', "environment", {"A": "1", "B": None}),
        ("--environment={'A': '1'}", "environment", {"A": "1"}),
        ("--environment=A=1=2", "environment", {"A": "1=2"}),
        ("--mappath=/a=/b?c=d", "mappath", {"/a": "/b?c=d"}),
        ("--readiness=tcp", "readiness", "tcp"),
        ('--readiness={"log": "ready"}', "readiness", {"log": "ready"}),
        ("--stop-signal=9", "stop_signal", 9),
        ("--update-last-activity=False", "update_last_activity", False),
        ("--no-start-page", "start_page", False),
        ("--start-page=False", "start_page", False),
        ("--StandaloneProxyServer.timeout=90", "timeout", 90.0),
    ],
)
def test_options_of_the_command_line(argument: str, name: str, value: Any) -> None:
    assert getattr(app(argument), name) == value


def test_dictionaries_and_lists_may_be_said_in_pieces() -> None:
    made = app(
        *("--environment", "A=1", "--environment", '{"B": "2", "C": "3"}', "--environment=C=4"),
        *("--rewrite-response-content-types=text/html", "--rewrite-response-content-types=text/*"),
    )
    assert made.environment == {"A": "1", "B": "2", "C": "4"}
    assert made.rewrite_response_content_types == ["text/html", "text/*"]


def test_an_option_said_twice_means_the_last() -> None:
    assert app("--port=1", "--port", "2").port == 2


def test_a_flag_takes_no_word_that_is_not_its_own() -> None:
    made = app("--absolute-url", "voila")
    assert made.absolute_url is True
    assert made.command == ["voila"]
    assert app("--absolute-url", "False").absolute_url is False


@pytest.mark.parametrize("option", OPTIONS_OF_4_6)
def test_every_option_of_the_last_release_is_known(option: str) -> None:
    made = app(option, "--", "app")
    assert made.command == ["app"]


def test_there_are_as_many_options_as_in_the_last_release() -> None:
    assert len(OPTIONS_OF_4_6) >= 25


def test_the_command_is_what_follows_two_dashes() -> None:
    made = app("--port=1", "--", "voila", "--port={port}", "--debug")
    assert made.command == ["voila", "--port={port}", "--debug"]
    assert made.port == 1


def test_without_variables_it_listens_for_this_machine_only() -> None:
    made = app()
    assert (made.address, made.port, made.base_url) == ("127.0.0.1", 8888, "")


@pytest.mark.parametrize(
    ("address", "token", "expected"),
    [("127.0.0.1", "", True), ("0.0.0.0", "", False), ("0.0.0.0", "t", True)],
)
def test_whose_forwarding_fields_are_believed(
    address: str, token: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", token)
    assert app(f"--address={address}").trust_xheaders is expected


def test_the_service_is_made_of_the_options() -> None:
    made = app("--port=1", "--server-port=2", "--timeout=90", "--", "app", "{port}")
    process = make_process(made, name="x", gate=OpenGate)
    assert (process.port, process.timeout, process.command) == (2, 90.0, ["app", "{port}"])
    attributes = process.get_proxy_attributes()
    assert attributes["proxy_base"] == "/"
    assert attributes["service"].process.port == 2


@pytest.mark.parametrize(
    ("words", "title"),
    [
        (["--", "/opt/bin/streamlit", "run", "app.py"], "streamlit"),
        (["--", "python3.12", "-m", "panel", "serve"], "panel"),
        (["--", "python", "work/app.py"], "app.py"),
        (["--", "python", "-c", "..."], "x"),
        (["--server-port=8000"], "x"),
        (["--title=Sales", "--", "streamlit"], "Sales"),
    ],
)
def test_pages_call_the_application_by_a_name_that_people_know(
    words: list[str], title: str
) -> None:
    process = make_process(app(*words), name="x", gate=OpenGate)
    assert process.launcher_entry.title == title


def test_a_configuration_file_may_have_a_section_for_the_service() -> None:
    config = Config()
    config.ServerProcess.timeout = 90
    config.ServerProcess.absolute_url = True
    made = StandaloneProxyServer(config=config, command=["app"], absolute_url=False)
    process = make_process(made, name="x", gate=OpenGate)
    assert (process.timeout, process.absolute_url) == (90.0, True)


@pytest.mark.parametrize("said", ["--no-absolute-url", "--absolute-url=False"])
def test_an_option_goes_before_a_file_also_with_what_it_would_be_anyway(said: str) -> None:
    config = Config()
    config.ServerProcess.timeout = 90
    config.ServerProcess.absolute_url = True
    proxy = app("--timeout=5", said, "--", "app")
    proxy.update_config(config)
    process = make_process(proxy, name="name", gate=OpenGate)
    assert (process.timeout, process.absolute_url) == (5, False)


def test_the_lines_of_libraries_look_like_ours(capsys: pytest.CaptureFixture[str]) -> None:
    made = app("--", "app")
    made.log_libraries()
    try:
        for name in ("asyncio", "jupyterhub", "tornado.application", "tornado.general"):
            logging.getLogger(name).warning("said by a library")
            said = capsys.readouterr().err
            assert said == f"[{name}] WARNING | said by a library\n"
    finally:
        for name in LIBRARIES:
            for handler in made.log.handlers:
                logging.getLogger(name).removeHandler(handler)


@pytest.mark.parametrize("path", ["/a?b", "/a#b", "/..", "a/./b"])
def test_a_base_url_that_leads_elsewhere_is_refused(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        app(f"--base-url={path}", "--", "app")
    assert "--base-url: must be a path such as /user/name" in capsys.readouterr().err


def test_a_wrong_option_names_what_is_right() -> None:
    made = StandaloneProxyServer(command=["app", "{prot}"], no_authentication=True)
    with pytest.raises(ConfigurationError, match="prot"):
        made.create_app()


def test_the_configuration_file_can_be_generated(tmp_path: Path) -> None:
    path = tmp_path / "standalone.py"
    made = app("--generate-config", f"--config={path}")
    with pytest.raises(NoStart):
        made.start()
    text = path.read_text()
    assert "# c.StandaloneProxyServer.no_authentication = False" in text
    path.write_text(text + "c.StandaloneProxyServer.port = 1234")
    assert app(f"--config={path}").port == 1234
    assert app(f"--config={path}", "--port=5").port == 5


def test_a_file_that_exists_is_not_written_over_where_nobody_can_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "standalone.py"
    path.write_text("kept")
    made = app("--generate-config", f"--config={path}")
    made.log.propagate = True
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(SystemExit):
        made.start()
    assert "-y overwrites it" in caplog.text
    assert path.read_text() == "kept"


@pytest.mark.parametrize("place", ["file/standalone.py", "folder"])
def test_a_file_that_cannot_be_written_is_said(
    place: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    made = app("--generate-config", "-y", f"--config={tmp_path / place}")
    made.log.propagate = True
    with pytest.raises(SystemExit):
        made.start()
    assert "--generate-config: the file cannot be written: " in caplog.text
    assert str(tmp_path) in caplog.text


def test_the_command_line_goes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "standalone.py"
    path.write_text(
        "c.StandaloneProxyServer.command = ['of', 'the', 'file']\n"
        "c.StandaloneProxyServer.environment = {'A': 'of the file'}\n"
        "c.StandaloneProxyServer.absolute_url = True\n"
    )
    made = app(f"--config={path}")
    assert (made.command, made.environment) == (["of", "the", "file"], {"A": "of the file"})
    assert made.absolute_url is True
    made = app(f"--config={path}", "--environment=A=b", "--no-absolute-url", "--", "app", "{port}")
    assert (made.command, made.environment) == (["app", "{port}"], {"A": "b"})
    assert made.absolute_url is False


def test_a_json_configuration_file_works(tmp_path: Path) -> None:
    path = tmp_path / "standalone.json"
    path.write_text(json.dumps({"StandaloneProxyServer": {"timeout": 90}}))
    assert app(f"--config={path}").timeout == 90.0


def test_everybody_being_let_in_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    for address, warning in (
        ("0.0.0.0", "everybody who can connect to 0.0.0.0"),
        ("127.0.0.1", ""),
    ):
        caplog.clear()
        made = StandaloneProxyServer(command=["app"], no_authentication=True, address=address)
        made.log.propagate = True
        made._warn()
        assert warning in caplog.text
        assert bool(caplog.text) is bool(warning)


# --- what is refused ----------------------------------------------------------------------------


def refusal(caplog: pytest.LogCaptureFixture, *arguments: str) -> str:
    """What is said about them, in one line."""
    made = StandaloneProxyServer()
    made.log.propagate = True
    with pytest.raises(SystemExit) as ended:
        made.initialize(list(arguments))
    assert ended.value.code == 1
    (record,) = (record for record in caplog.records if record.levelname == "CRITICAL")
    said = record.getMessage()
    assert "\n" not in said
    assert record.exc_info is None
    return said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--prot=1"], "there is no option --prot; did you mean '--port'?"),
        (["--no-prot"], "there is no option --no-prot"),
        (["-p", "1"], "there is no option -p"),
        (["--port"], "--port needs a value: --port=VALUE"),
        (["--port", "--debug"], "--port needs a value"),
        (["--port=abc"], "--port: must be a port number, 0 to 65535, not the string 'abc'"),
        (["--server-port=65536"], "--server-port: must be a port number, 0 to 65535, not 65536"),
        (["--timeout=soon"], "--timeout: must be a number of seconds"),
        (["--absolute-url=maybe"], "--absolute-url: must be True or False"),
        (["--websocket-max-message-size=0"], "--websocket-max-message-size: must be a number of"),
        (["--mappath=/a"], "--mappath: must be KEY=VALUE, or a dictionary in JSON"),
        (['--mappath={"/a"'], "--mappath: this is no dictionary in JSON"),
        (['--mappath={"/a": 1}'], "--mappath: must be a dictionary of paths"),
        (["--environment=A"], "--environment: must be KEY=VALUE, or a dictionary in JSON"),
        (["app", "--port=1"], "--port=1 stands after 'app': the command needs `--` before it"),
        (["app", "--", "x"], "'app' stands before `--`, as no option does"),
        (["--StandaloneProxyServer.prot=1"], "StandaloneProxyServer has no option prot; did you"),
        (["--config=/nowhere/at/all.py"], "--config: there is no file /nowhere/at/all.py"),
        (["--log-level=LOUD"], "'log_level'"),
    ],
    ids=" ".join,
)
def test_what_is_wrong_on_the_command_line_is_said_in_one_line(
    arguments: list[str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert said in refusal(caplog, *arguments)


def test_a_secret_in_a_wrong_option_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    assert "hunter2" not in refusal(caplog, "--environment=hunter2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("c.StandaloneProxyServer.timeout = (", "line 1 cannot be used: SyntaxError"),
        ("\nc.nothing = undefined", "line 2 cannot be used: NameError: name 'undefined'"),
    ],
)
def test_a_mistake_in_a_configuration_file_is_said_with_its_place(
    text: str, said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(text)
    assert f"{path}, {said}" in refusal(caplog, f"--config={path}")


def test_a_configuration_file_that_is_no_json_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "wrong.json"
    path.write_text("port = 1")
    assert f"{path} cannot be used: JSONDecodeError" in refusal(caplog, f"--config={path}")


def test_a_wrong_value_in_a_configuration_file_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "wrong.py"
    path.write_text("c.StandaloneProxyServer.port = 'x'")
    assert "'port'" in refusal(caplog, f"--config={path}")


def test_options_of_other_programs_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    made = StandaloneProxyServer()
    made.log.propagate = True
    made.initialize(["--ServerApp.root_dir=/tmp", "--port=1"])
    assert "--ServerApp.root_dir has no effect" in caplog.text
    assert made.port == 1


# --- help ---------------------------------------------------------------------------------------


def test_it_says_which_version_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        app("--version")
    assert ended.value.code in (0, None)
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.parametrize("is_full", [False, True])
def test_the_help_lists_every_option_in_plain_words(is_full: bool) -> None:
    text = "\n".join(StandaloneProxyServer().emit_help(classes=is_full))
    for option in all_options().values():
        assert signature(option) in text
    for name in ("jupyter standaloneproxy", "jupyter-standaloneproxy", "python -m"):
        assert name in text
    assert "``" not in text
    assert all(len(line) <= 100 for line in text.splitlines())
    assert ("c.StandaloneProxyServer.mappath" in text) is is_full
