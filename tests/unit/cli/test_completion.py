"""Names of services are completed by real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from jupyter_server_proxy.cli import completion, main
from jupyter_server_proxy.cli.arguments import build_parser


@pytest.fixture
def shell(tmp_path: Path):
    """Runs a script in a shell whose `jupyter-server-proxy` knows `alpha`, `beta/i/x` only."""
    program = tmp_path / "jupyter-server-proxy"
    program.write_text('#!/bin/sh\n[ "$*" = "list --names" ] && printf "alpha\\nbeta/i/x\\n"\n')
    program.chmod(0o755)

    def run(name: str, script: str) -> list[str]:
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"there is no {name} here")
        known = tmp_path / "completion"
        known.write_text(completion.script_for(name))
        environment = {**os.environ, "HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.defpath}"}
        done = subprocess.run(
            [path, "-c", script.replace("@COMPLETION@", str(known))],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout.split()

    return run


BASH = """
_other() { COMPREPLY=(from-the-other); }
@OTHER@
. @COMPLETION@
COMP_WORDS=(@WORDS@)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
@FUNCTION@
echo "${COMPREPLY[@]}"
"""
DIRECT, VIA_JUPYTER = "_jupyter_server_proxy", "_jupyter_with_server_proxy"


@pytest.mark.parametrize("other", ["", "complete -F _other jupyter"])
@pytest.mark.parametrize(
    ("function", "words", "found"),
    [
        (DIRECT, ["jupyter-server-proxy", "sta"], ["status", "start"]),
        (DIRECT, ["jupyter-server-proxy", "stop", ""], ["alpha", "beta/i/x"]),
        (DIRECT, ["jupyter-server-proxy", "logs", "be"], ["beta/i/x"]),
        (DIRECT, ["jupyter-server-proxy", "completion", "f"], ["fish"]),
        (DIRECT, ["jupyter-server-proxy", "add", ""], []),
        (VIA_JUPYTER, ["jupyter", "server-proxy", "start", "a"], ["alpha"]),
        (VIA_JUPYTER, ["jupyter", "server-proxy", "re"], ["restart", "remove"]),
    ],
)
def test_bash(shell, other, function, words, found) -> None:
    quoted = " ".join(f"'{word}'" for word in words)
    script = (
        BASH.replace("@OTHER@", other).replace("@WORDS@", quoted).replace("@FUNCTION@", function)
    )
    assert shell("bash", script) == found


def test_bash_leaves_the_rest_of_jupyter_to_who_completes_it_already(shell) -> None:
    script = BASH.replace("@OTHER@", "complete -F _other jupyter").replace(
        "@FUNCTION@", VIA_JUPYTER
    )
    assert shell("bash", script.replace("@WORDS@", "jupyter lab ''")) == ["from-the-other"]
    assert shell("bash", script.replace("@WORDS@", "jupyter s")) == ["from-the-other"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("jupyter-server-proxy st", {"start", "status", "stop"}),
        ("jupyter-server-proxy stop al", {"alpha"}),
        ("jupyter server-proxy logs ''", {"alpha", "beta/i/x"}),
        ("jupyter server-proxy completion z", {"zsh"}),
    ],
)
def test_fish(shell, line: str, found: set[str]) -> None:
    line = line.replace("''", "")
    assert found <= set(shell("fish", f"source @COMPLETION@; complete -C '{line}'"))


def test_zsh_reads_it(shell) -> None:
    script = "source @COMPLETION@ && print -r -- ${_comps[jupyter]} ${_comps[jupyter-server-proxy]}"
    assert shell("zsh", script) == ["_bash_complete", "-F", "_jupyter_with_server_proxy",
                                    "_bash_complete", "-F", "_jupyter_server_proxy"]  # fmt: skip


def test_every_command_is_completed() -> None:
    commands = build_parser()._subparsers._group_actions[0].choices
    assert set(completion._COMMANDS.split()) == set(commands)


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    assert capsys.readouterr().out == completion.script_for("bash")
