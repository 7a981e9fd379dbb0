"""Which arguments are code, as a table of command lines; the argument in question holds {it}."""

from __future__ import annotations

import shlex

import pytest

from jupyter_server_proxy.rules.code_in_commands import reader_of_code


def reader(line: str) -> str:
    command = shlex.split(line)
    return reader_of_code(command, next(n for n, item in enumerate(command) if "{it}" in item))


@pytest.mark.parametrize(
    ("line", "program"),
    [
        # shells
        ("sh -c 'app {it}'", "sh"),
        ("/bin/bash -lc 'app {it}'", "/bin/bash"),
        ("bash -ce {it}", "bash"),
        ("bash -c -e {it}", "bash"),
        ("bash --norc -o pipefail -c {it}", "bash"),
        ("bash --rcfile /dev/null -c -- {it}", "bash"),
        ("dash -euc {it}", "dash"),
        ("ksh93 -c {it}", "ksh93"),
        ("fish --command={it}", "fish"),
        ("fish -C {it} run.fish", "fish"),
        ("busybox sh -c {it}", "sh"),
        ("cmd.exe /c echo hello {it}", "cmd.exe"),
        ("pwsh -NoProfile -Command echo {it}", "pwsh"),
        # behind what runs them
        ("nice -n 10 sh -c {it}", "sh"),
        ("nice bash -c {it}", "bash"),
        ("timeout -k 5 10m sh -c {it}", "sh"),
        ("setsid -w sh -c {it}", "sh"),
        ("nohup sh -c {it}", "sh"),
        ("stdbuf -oL sh -c {it}", "sh"),
        ("sudo -u app env A=1 nice sh -c {it}", "sh"),
        ("xargs -n 1 sh -c {it}", "sh"),
        ("conda run -n env bash -c {it}", "bash"),
        ("env -S 'app {it}'", "env"),
        ("env '-Sapp {it}'", "env"),
        ("env -vS 'app {it}'", "env"),
        ("/usr/bin/env '--split-string=app {it}'", "/usr/bin/env"),
        # who hands it to a shell
        ("ssh host app {it}", "ssh"),
        ("ssh -p 22 -o BatchMode=yes host app --file={it}", "ssh"),
        ("ssh -o ProxyCommand={it} host", "ssh"),
        ("ssh -oproxycommand={it} host", "ssh"),
        ("nohup ssh host {it}", "ssh"),
        ("su - app -c 'app {it}'", "su"),
        ("su --command='app {it}' app", "su"),
        ("runuser -u app -- sh -c {it}", "runuser"),
        ("script -qc {it} /dev/null", "script"),
        ("flock /tmp/lock -c {it}", "flock"),
        ("watch -n 5 app {it}", "watch"),
        ("timeout 5 watch {it}", "watch"),
        ("parallel app {it}", "parallel"),
        # interpreters
        ("python -c {it}", "python"),
        ("python3.11 -I -c {it}", "python3.11"),
        ("python3.13t -Xdev -W ignore -c {it}", "python3.13t"),
        ("python3 -uc'print({it})'", "python3"),
        ("pypy3 -c {it}", "pypy3"),
        ("perl -e {it}", "perl"),
        ("perl -lne {it} file", "perl"),
        ("perl -e 1 -e {it}", "perl"),
        ("perl -M{it} app.pl", "perl"),
        ("ruby -e {it}", "ruby"),
        ("node -e {it}", "node"),
        ("node -pe {it}", "node"),
        ("nodejs --eval={it}", "nodejs"),
        ("node --print {it}", "node"),
        ("Rscript -e {it}", "Rscript"),
        ("Rscript --vanilla -e 'x <- 1' -e 'y <- {it}'", "Rscript"),
        ("R -e {it}", "R"),
        ("php -r {it}", "php"),
        ("lua5.4 -e {it}", "lua5.4"),
        ("julia --project -e {it}", "julia"),
        ("deno eval {it}", "deno"),
        ("awk {it} file", "awk"),
        ("gawk -v x=1 -F , {it}", "gawk"),
        ("gawk --source={it}", "gawk"),
        ("busybox awk {it}", "awk"),
        ("sed s/a/{it}/ file", "sed"),
        ("sed -n -e {it}", "sed"),
        ("make CFLAGS={it}", "make"),
        ("vim -c {it}", "vim"),
        ("emacs --batch --eval {it}", "emacs"),
    ],
)
def test_code(line: str, program: str) -> None:
    assert reader(line) == program


@pytest.mark.parametrize(
    "line",
    [
        "app {it}",
        "app -c {it}",
        "sh -c 'exec app \"$1\"' sh {it}",
        "bash -o pipefail run.sh -c {it}",
        "sh run.sh {it}",
        "bash -o {it} run.sh",
        "env A={it} app",
        "env -i -u B app -S {it}",
        "nice -n 10 app -c {it}",
        "timeout {it} app",
        "python app.py -c {it}",
        "python -m app -c {it}",
        "python -m http.server -e {it}",
        "python -W ignore app.py {it}",
        "python -c 'import app' -c {it}",
        "perl app.pl -e {it}",
        "node --max-old-space-size=1 app.js -e {it}",
        "Rscript app.R -e {it}",
        "streamlit run app.py -- {it}",
        "ssh -p 22 {it}",
        "ssh -L 80:localhost:{it} host",
        "watch -x app {it}",
        "awk -f app.awk {it}",
        "awk '{ print }' {it}",
        "sed -e p {it}",
        "sed p {it}",
        "sed -f app.sed {it}",
        "parallel app ::: {it}",
        "make -C {it}",
        # Words that are no programs here.
        "npm run watch --dir={it}",
        "env A=1 npm run watch --dir={it}",
        "app su -c {it}",
        "voila --script -c {it}",
    ],
)
def test_no_code(line: str) -> None:
    assert reader(line) == ""
