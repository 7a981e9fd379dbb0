"""The life of real children, friendly and hostile: what a user of a service would notice."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from jupyter_server_proxy.errors import (
    CoolingDown,
    ServiceStopped,
    ShuttingDown,
    StartFailed,
    StartTimedOut,
)
from jupyter_server_proxy.processes import record
from jupyter_server_proxy.processes.usage import StopReason
from jupyter_server_proxy.rules.lifecycle import State
from jupyter_server_proxy.rules.service import (
    CallableReadiness,
    LogReadiness,
    RestartPolicy,
    TcpReadiness,
)
from jupyter_server_proxy.rules.targets import TcpTarget, UnixTarget

APPS = Path(__file__).parents[1] / "apps"
PATIENCE = 15.0


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def until(condition, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        await asyncio.sleep(0.01)


async def next_state(supervisor, *states: State) -> None:
    reached = asyncio.get_running_loop().create_future()
    end = supervisor.subscribe(
        lambda change: change.after in states and not reached.done() and reached.set_result(None)
    )
    try:
        if supervisor.state not in states:
            await asyncio.wait_for(reached, PATIENCE)
    finally:
        end()


def ask(target: TcpTarget, path: str) -> None:
    with socket.create_connection((target.host, target.port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        connection.recv(100)


@pytest.fixture
def pids(tmp_path):
    """The file that hostile.py writes its processes' pids to."""

    class Pids:
        def __init__(self) -> None:
            self.path = tmp_path / "pids"
            self.env = {"PIDS": str(self.path)}

        def read(self) -> list[int]:
            text = self.path.read_text() if self.path.exists() else ""
            return [int(line) for line in text.split()]

        async def wait_for(self, count: int) -> list[int]:
            await until(lambda: len(self.read()) >= count, f"{count} processes")
            return self.read()

    return Pids()


# --- starting -----------------------------------------------------------------------------


async def test_twenty_requests_at_once_start_one_process(make_supervisor, app):
    supervisor = make_supervisor(app("web.py"))
    answers = await asyncio.gather(*(supervisor.ensure_ready() for _ in range(20)))
    assert {answer.generation for answer in answers} == {1}
    assert answers[0].target == TcpTarget("127.0.0.1", supervisor.binding.port)
    assert is_alive(supervisor.pid)
    assert supervisor.state is State.READY


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1")],
)
async def test_the_target_is_where_the_child_listens(make_supervisor, app, host, expected):
    supervisor = make_supervisor(app("web.py", "--host", host))
    assert (await supervisor.ensure_ready()).target.host == expected


async def test_a_private_socket_directory_is_ours_alone_and_removed(make_supervisor, app):
    supervisor = make_supervisor(app("web.py"), unix_socket=True)
    ready = await supervisor.ensure_ready()
    directory = Path(ready.target.path).parent
    assert directory.stat().st_mode & 0o777 == 0o700
    await supervisor.stop()
    assert not directory.exists()


async def test_a_configured_socket_replaces_a_dead_one(make_supervisor, app, tmp_path):
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    supervisor = make_supervisor(app("web.py"), unix_socket=path)
    assert (await supervisor.ensure_ready()).target == UnixTarget(path)


async def test_a_configured_socket_of_a_living_program_is_left_alone(
    make_supervisor, app, tmp_path
):
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        other.listen()
        with pytest.raises(StartFailed, match="another program listens"):
            await make_supervisor(app("web.py"), unix_socket=path).ensure_ready()


@pytest.mark.parametrize("status", [200, 302, 401, 404])
async def test_any_answer_below_500_is_ready(make_supervisor, app, status):
    await make_supervisor(app("web.py", "--status", str(status))).ensure_ready()


async def test_503_is_not_ready_yet(make_supervisor, app):
    supervisor = make_supervisor(app("web.py", "--status", "503", "--times", "4"))
    await supervisor.ensure_ready()
    assert supervisor.ready_after > 0.06  # three pauses at least


async def test_a_slow_first_answer_is_waited_for(make_supervisor, app):
    supervisor = make_supervisor(app("web.py", "--first-answer-after", "1.2"))
    await supervisor.ensure_ready()
    assert supervisor.ready_after > 1.2


async def test_readiness_by_log_line(make_supervisor, app):
    supervisor = make_supervisor(
        app("web.py", "--say", "Now serving!"),
        readiness=LogReadiness(re.compile(r"serving!$")),
    )
    await supervisor.ensure_ready()
    assert "Now serving!" in supervisor.output.lines()


async def test_who_says_ready_before_listening_is_not_told_of_other_listeners(
    make_supervisor, caplog
):
    script = "import time; print('ready', flush=True); time.sleep(60)"
    supervisor = make_supervisor(
        [sys.executable, "-c", script], readiness=LogReadiness(re.compile("ready"))
    )
    await supervisor.ensure_ready()
    assert "listened on by" not in caplog.text


async def test_readiness_by_a_check_that_raises_at_first(make_supervisor, app):
    asked = []

    async def check(port, name):
        asked.append((port, name))
        if len(asked) < 3:
            raise ConnectionError("not yet")
        return True

    supervisor = make_supervisor(app("web.py"), readiness=CallableReadiness(check))
    await supervisor.ensure_ready()
    assert asked == [(supervisor.binding.port, "app")] * 3


async def test_a_raw_service_is_not_asked_by_http(make_supervisor, app):
    supervisor = make_supervisor(app("web.py", "--status", "500"), is_raw=True)
    assert (await supervisor.ensure_ready()).generation == 1


async def test_tcp_readiness(make_supervisor, app):
    await make_supervisor(app("web.py", "--status", "500"), readiness=TcpReadiness()).ensure_ready()


# --- starts that fail -----------------------------------------------------------------------


async def test_a_child_that_dies_fails_all_waiters_at_once_with_the_reason(make_supervisor):
    script = "import sys; print('no such database'); sys.exit(3)"
    supervisor = make_supervisor(
        [sys.executable, "-c", script, "--token", "s3cr3t", "--api-key=s3cr3t"],
        restart=RestartPolicy.NEVER,
    )
    results = await asyncio.gather(
        *(supervisor.ensure_ready() for _ in range(5)), return_exceptions=True
    )
    assert {type(result) for result in results} == {StartFailed}
    message = results[0].message
    assert "exited with code 3 before it was ready" in message
    assert "no such database" in message
    assert "s3cr3t" not in message
    assert supervisor.last_failure.returncode == 3
    assert supervisor.last_failure.attempt == 1


async def test_that_memory_was_short_is_in_jupyters_log(make_supervisor, monkeypatch, caplog):
    kills = iter((3, 4))
    monkeypatch.setattr(record, "count_kills", lambda: next(kills))
    supervisor = make_supervisor(
        [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], restart=RestartPolicy.NEVER
    )
    with pytest.raises(StartFailed, match="the system killed it because memory was short"):
        await supervisor.ensure_ready()
    assert "the system killed it because memory was short" in caplog.text
    assert "often" not in caplog.text


async def test_a_signal_is_named(make_supervisor):
    supervisor = make_supervisor(
        [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], restart=RestartPolicy.NEVER
    )
    with pytest.raises(
        StartFailed,
        match=r"killed by signal 9 \(SIGKILL\) before it was ready, often out of memory",
    ):
        await supervisor.ensure_ready()


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["no-such-program-anywhere"], "there is no program"),
        (["/etc/passwd"], "Permission denied"),
        ([], "command is empty"),
        (["/bin/sh", "-c", "a\0b"], "NUL character"),
    ],
)
async def test_commands_that_cannot_run(make_supervisor, argv, reason):
    supervisor = make_supervisor(argv)
    with pytest.raises(StartFailed, match=reason):
        await supervisor.ensure_ready()
    assert supervisor.state is State.FAILED


async def test_a_callable_that_raises_is_a_failed_start(make_supervisor):
    def command(binding):
        raise KeyError("LICENSE_SERVER")

    with pytest.raises(StartFailed, match="KeyError: 'LICENSE_SERVER'"):
        await make_supervisor(command).ensure_ready()


async def test_not_ready_in_time(make_supervisor):
    supervisor = make_supervisor([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.4)
    with pytest.raises(StartTimedOut, match=r"not ready within 0\.4 seconds, nothing listens"):
        await supervisor.ensure_ready()
    await next_state(supervisor, State.FAILED)
    with pytest.raises(CoolingDown) as caught:
        await supervisor.ensure_ready()
    assert 0 < caught.value.retry_after <= 0.75


async def test_a_start_that_hangs_in_its_callable_times_out_too(make_supervisor):
    supervisor = make_supervisor(["unused"], timeout=0.2)

    async def launch(binding):
        await asyncio.Event().wait()

    object.__setattr__(supervisor._plan, "launch", launch)
    with pytest.raises(StartTimedOut):
        await supervisor.ensure_ready()
    await next_state(supervisor, State.FAILED)


async def test_a_person_need_not_wait_for_the_back_off(make_supervisor, tmp_path, app):
    flag = tmp_path / "flag"
    web = app("web.py")

    def command(binding):
        return web(binding) if flag.exists() else ["false"]

    supervisor = make_supervisor(command, restart=RestartPolicy.NEVER)
    with pytest.raises(StartFailed):
        await supervisor.ensure_ready()
    flag.touch()
    assert (await supervisor.ensure_ready(is_person=True)).generation == 2
    assert supervisor.last_failure is None


async def test_giving_up_after_five_failures(make_supervisor, monkeypatch):
    monkeypatch.setattr("jupyter_server_proxy.rules.backoff.FIRST_DELAY", 0.001)
    supervisor = make_supervisor(["false"])
    with pytest.raises(StartFailed):
        await supervisor.ensure_ready()
    await until(
        lambda: supervisor.state is State.FAILED and supervisor.last_failure.attempt == 5,
        "giving up",
    )
    assert supervisor.generation == 5
    assert supervisor.last_failure.retry_after is None
    with pytest.raises(StartFailed) as caught:
        await supervisor.ensure_ready()
    assert caught.type is StartFailed
    with pytest.raises(StartFailed):
        await supervisor.ensure_ready(is_person=True)
    assert supervisor.last_failure.attempt == 1


# --- ports ------------------------------------------------------------------------------------


@pytest.fixture
def foreign_server():
    """A program of somebody else; `.port` is where it listens."""
    script = (
        "import http.server as h; s = h.HTTPServer(('127.0.0.1', 0), h.SimpleHTTPRequestHandler);"
        "print(s.server_port, flush=True); s.serve_forever()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=-1, stderr=-3) as process:
        process.port = int(process.stdout.readline())
        yield process
        process.kill()


async def test_a_configured_port_in_use_names_its_owner(make_supervisor, app, foreign_server):
    supervisor = make_supervisor(app("web.py"), port=foreign_server.port)
    with pytest.raises(StartFailed, match=rf"in use already, by process {foreign_server.pid} \("):
        await supervisor.ensure_ready()


async def test_a_listener_of_somebody_else_is_not_the_backend(make_supervisor, tmp_path):
    # The child never listens; a program that is not its own takes its port after the start.
    began = asyncio.get_running_loop().create_future()

    def command(binding):
        began.set_result(binding.port)
        return [sys.executable, "-c", "import time; time.sleep(60)"]

    supervisor = make_supervisor(command)
    waiting = asyncio.ensure_future(supervisor.ensure_ready())
    port = await began
    await until(lambda: supervisor.pid, "the start")
    other = subprocess.Popen(  # noqa: ASYNC220 - quick
        [sys.executable, "-m", "http.server", str(port)], stderr=-3, cwd=tmp_path
    )
    try:
        with pytest.raises(StartFailed, match=f"port {port} belongs to process {other.pid}"):
            await waiting
    finally:
        other.kill()
        other.wait()


async def test_a_port_lost_to_another_program_is_replaced(make_supervisor, app, tmp_path):
    web, seen, others = app("web.py"), [], []

    def command(binding):
        seen.append(binding.port)
        if len(seen) > 1:
            return web(binding)
        # Waits until the thief, started here, has taken the port; then fails to bind it.
        script = (
            "import socket, sys, time\n"
            f"while socket.socket().connect_ex(('127.0.0.1', {binding.port})): time.sleep(0.01)\n"
            f"socket.socket().bind(('127.0.0.1', {binding.port}))"
        )
        thief = (
            "import socket, time\ns = socket.socket()\n"
            "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
            "while True:\n"
            f"  try: s.bind(('127.0.0.1', {binding.port})); break\n"
            "  except OSError: time.sleep(0.01)\n"
            "s.listen(); time.sleep(60)"
        )
        others.append(subprocess.Popen([sys.executable, "-c", thief]))
        return [sys.executable, "-c", script]

    supervisor = make_supervisor(command, readiness=CallableReadiness(lambda: len(seen) > 1))
    try:
        ready = await supervisor.ensure_ready()
    finally:
        for other in others:
            other.kill()
            other.wait()
    assert len(set(seen)) == 2
    assert ready.target.port == seen[1]


async def test_a_daemonised_listener_is_recognised(make_supervisor, app, pids):
    supervisor = make_supervisor(app("hostile.py", "listens-in-daemon"), env=pids.env)
    await supervisor.ensure_ready()
    await supervisor.stop()
    assert not any(map(is_alive, pids.read()))


# --- ends -----------------------------------------------------------------------------------


async def test_exit_0_is_a_stop_and_the_next_request_starts_again(make_supervisor, app):
    supervisor = make_supervisor(app("web.py", "--exit-with", "0"))
    first = await supervisor.ensure_ready()
    await asyncio.to_thread(ask, first.target, "/exit")
    await next_state(supervisor, State.STOPPED)
    assert supervisor.last_failure is None
    assert (await supervisor.ensure_ready()).generation == 2


@pytest.mark.parametrize(
    ("policy", "code"),
    [(RestartPolicy.ON_FAILURE, "1"), (RestartPolicy.ALWAYS, "0"), (RestartPolicy.ALWAYS, "1")],
)
async def test_restarted_by_itself(make_supervisor, app, policy, code):
    supervisor = make_supervisor(app("web.py", "--exit-with", code), restart=policy)
    first = await supervisor.ensure_ready()
    await asyncio.to_thread(ask, first.target, "/exit")
    await next_state(supervisor, State.FAILED)
    assert f"exited with code {code}" in supervisor.last_failure.reason
    await next_state(supervisor, State.READY)
    assert supervisor.generation == 2


async def test_never_restarted_by_itself(make_supervisor, app):
    supervisor = make_supervisor(app("web.py", "--exit-with", "1"), restart=RestartPolicy.NEVER)
    first = await supervisor.ensure_ready()
    await asyncio.to_thread(ask, first.target, "/exit")
    await next_state(supervisor, State.FAILED)
    await next_state(supervisor, State.STOPPED)
    assert supervisor.generation == 1


async def test_stop_fails_those_who_wait_and_restart_starts_anew(make_supervisor, app):
    supervisor = make_supervisor(app("web.py", "--bind-after", "60"))
    waiting = asyncio.ensure_future(supervisor.ensure_ready())
    await until(lambda: supervisor.pid, "the start")
    await supervisor.stop()
    with pytest.raises(ServiceStopped):
        await waiting
    assert supervisor.state is State.STOPPED
    assert supervisor.stopped_by is StopReason.PERSON


async def test_restart(make_supervisor, app):
    supervisor = make_supervisor(app("web.py"))
    first = await supervisor.ensure_ready()
    pid = supervisor.pid
    second = await supervisor.restart()
    assert second.generation == first.generation + 1
    assert not is_alive(pid)


async def test_a_request_during_the_stop_waits_and_gets_a_new_child(make_supervisor, app):
    supervisor = make_supervisor(app("web.py"))
    await supervisor.ensure_ready()
    stopping = asyncio.ensure_future(supervisor.stop())
    await next_state(supervisor, State.STOPPING)
    assert (await supervisor.ensure_ready()).generation == 2
    await stopping


async def test_close_is_final(make_supervisor, app):
    supervisor = make_supervisor(app("web.py"))
    await supervisor.ensure_ready()
    await asyncio.gather(supervisor.close(), supervisor.close())
    await supervisor.close()
    assert supervisor.is_closed
    with pytest.raises(ShuttingDown):
        await supervisor.ensure_ready(is_person=True)


async def test_idle_children_are_stopped_but_not_used_ones(make_supervisor, app):
    supervisor = make_supervisor(app("web.py"), idle_timeout=0.2)
    await supervisor.ensure_ready()
    with supervisor.use():
        await asyncio.sleep(0.5)  # longer than idle_timeout: this is the subject, not a wait
        assert supervisor.state is State.READY
    await next_state(supervisor, State.STOPPED)
    assert supervisor.stopped_by is StopReason.IDLE
    assert (await supervisor.ensure_ready()).generation == 2


@pytest.mark.parametrize("limit", ["idle_timeout", "max_lifetime"])
async def test_one_that_is_kept_warm_is_started_afresh(make_supervisor, app, limit):
    supervisor = make_supervisor(app("web.py"), keep_warm=True, **{limit: 0.2})
    await supervisor.ensure_ready()
    await next_state(supervisor, State.STOPPED)
    await next_state(supervisor, State.READY)
    assert supervisor.generation == 2
    assert supervisor.restarts == 1


async def test_one_that_is_kept_warm_is_started_again_whatever_its_code_was(make_supervisor, app):
    supervisor = make_supervisor(app("web.py"), keep_warm=True, restart=RestartPolicy.NEVER)
    first = await supervisor.ensure_ready()
    await asyncio.to_thread(ask, first.target, "/exit")
    await next_state(supervisor, State.FAILED)
    await next_state(supervisor, State.READY)
    assert (supervisor.generation, supervisor.restarts, supervisor.failures) == (2, 1, 1)


async def test_one_that_is_kept_warm_is_tried_again_when_it_was_not_ready_in_time(make_supervisor):
    supervisor = make_supervisor(["sleep", "600"], keep_warm=True, timeout=0.2)
    with pytest.raises(StartTimedOut):
        await supervisor.ensure_ready()
    await next_state(supervisor, State.FAILED)
    await next_state(supervisor, State.STARTING)
    assert (supervisor.generation, supervisor.restarts) == (2, 1)


async def test_one_that_is_kept_warm_stays_stopped_when_a_person_has_stopped_it(
    make_supervisor, app
):
    supervisor = make_supervisor(app("web.py"), keep_warm=True, idle_timeout=0.2)
    await supervisor.ensure_ready()
    await supervisor.stop()
    await asyncio.sleep(0.5)  # longer than idle_timeout: this is the subject, not a wait
    assert (supervisor.state, supervisor.generation) == (State.STOPPED, 1)


async def test_the_maximum_lifetime_ends_used_ones_too(make_supervisor, app):
    supervisor = make_supervisor(app("web.py"), max_lifetime=0.2)
    await supervisor.ensure_ready()
    with supervisor.use():
        await next_state(supervisor, State.STOPPED)
    assert supervisor.stopped_by is StopReason.LIFETIME


# --- hostile children ---------------------------------------------------------------------------


async def test_a_child_that_ignores_term_is_killed_with_all_it_started(make_supervisor, app, pids):
    supervisor = make_supervisor(
        app("hostile.py", "ignore-term", "helper", "daemon"), env=pids.env, stop_timeout=0.3
    )
    await supervisor.ensure_ready()
    family = await pids.wait_for(3)
    await asyncio.wait_for(supervisor.stop(), 5)
    assert not any(map(is_alive, family))


async def test_helpers_of_a_child_that_dies_die_too(make_supervisor, app, pids):
    supervisor = make_supervisor(
        app("hostile.py", "helper", "daemon", "holds-pipe", "exit-now"),
        env=pids.env,
        restart=RestartPolicy.NEVER,
    )
    with pytest.raises(StartFailed, match="code 4"):
        await asyncio.wait_for(supervisor.ensure_ready(), 10)
    assert len(pids.read()) == 4
    assert not any(map(is_alive, pids.read()))


async def test_a_flood_of_output_leaves_the_event_loop_alone(make_supervisor, app):
    supervisor = make_supervisor(app("hostile.py", "flood"))
    await supervisor.ensure_ready()
    rounds, end = 0, time.monotonic() + 1.0
    while time.monotonic() < end:
        await asyncio.sleep(0)
        rounds += 1
    assert rounds > 1000
    assert len(supervisor.output.lines()) <= 1001
    await asyncio.wait_for(supervisor.stop(), 5)


async def test_a_guardian_that_is_killed_takes_its_child_along_and_is_noticed(
    make_supervisor, app, pids
):
    supervisor = make_supervisor(app("hostile.py", "helper"), env=pids.env)
    await supervisor.ensure_ready()
    family = await pids.wait_for(2)
    os.kill(psutil.Process(supervisor.pid).ppid(), signal.SIGKILL)
    await next_state(supervisor, State.FAILED)
    assert not any(map(is_alive, family))
    assert "guardian" in supervisor.last_failure.reason
    await next_state(supervisor, State.READY)


async def test_who_kills_all_of_jupyter_by_name_does_not_hit_the_guardian(make_supervisor, app):
    supervisor = make_supervisor(app("web.py"))
    await supervisor.ensure_ready()
    guardian = psutil.Process(supervisor.pid).parent()
    assert guardian.name() == "proxy-guardian"
    # Not to be hit by who kills all that has "jupyter" or the service's name in its command line.
    assert not re.search("jupyter|web.py", " ".join(guardian.cmdline()[1:]))


async def test_the_child_gets_a_session_of_its_own_and_none_of_jupyters_files(
    make_supervisor, tmp_path
):
    script = """
import os, sys, time
is_leader = os.getsid(0) == os.getpgid(0) == os.getpid()
print(is_leader, sorted(os.listdir('/proc/self/fd')), os.readlink('/proc/self/fd/0'), flush=True)
time.sleep(60)
"""
    with open(tmp_path / "jupyters", "w") as file:  # noqa: ASYNC230 - quick
        os.set_inheritable(file.fileno(), True)
        supervisor = make_supervisor(
            [sys.executable, "-c", script], readiness=LogReadiness(re.compile("True|False"))
        )
        await supervisor.ensure_ready()
    # 3 is the listing itself.
    assert supervisor.output.lines() == ["True ['0', '1', '2', '3'] /dev/null"]


# --- Jupyter's own end --------------------------------------------------------------------------


@pytest.fixture
def fake_jupyter(pids):
    """Start fake_jupyter.py; returns the process and what it said after `ready`."""
    started = []

    def start(*arguments: str, **environment: str):
        process = subprocess.Popen(
            [sys.executable, str(APPS / "fake_jupyter.py"), *arguments],
            env={**os.environ, **pids.env, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        word, _, where = process.stdout.readline().strip().partition(" ")
        assert word == "ready"
        return process, where

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
async def test_nothing_outlives_jupyter(fake_jupyter, pids, number):
    process, _ = await asyncio.to_thread(
        fake_jupyter, "ignore-term", "helper", "daemon", "holds-pipe"
    )
    family = await pids.wait_for(4)
    assert all(map(is_alive, family))
    process.send_signal(number)
    await until(lambda: not any(map(is_alive, family)), "the end of the family")


async def test_nothing_outlives_jupyter_even_if_a_forked_copy_of_it_does(fake_jupyter, pids):
    process, _ = await asyncio.to_thread(
        fake_jupyter, "helper", "--forked-copy", COPY_LIVES=str(PATIENCE)
    )
    copies = [p for p in psutil.Process(process.pid).children() if p.cmdline()[1:2] != ["-I"]]
    family = await pids.wait_for(2)
    process.send_signal(signal.SIGKILL)
    try:
        await until(lambda: not any(map(is_alive, family)), "the end of the family")
        assert all(is_alive(copy.pid) for copy in copies)
    finally:
        for copy in copies:
            copy.kill()


async def test_the_socket_directory_goes_when_jupyter_is_killed(fake_jupyter, pids):
    process, path = await asyncio.to_thread(fake_jupyter, "--socket", "helper")
    directory = Path(path).parent
    assert directory.is_dir()
    process.send_signal(signal.SIGKILL)
    await until(lambda: not directory.exists(), "the directory's removal")
