"""The tests that release 4.6.0 brings along in its source distribution, run against this package.

The distribution is fetched from the package index once, into build/, and is checked by its
hash. It is never installed: only its tests are used.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / "build" / "compat"
RELEASE = "jupyter-server-proxy==4.6.0"
SHA256 = "b3f8fdb4c6b59fdb41f0d5342f002719eaad5f375e87fa659e21fe69d35ee6c1"
ARCHIVE = "jupyter_server_proxy-4.6.0.tar.gz"
# pip asks a source distribution for its metadata before it keeps it, and needs these for that.
BACKEND = ("hatchling", "hatch-jupyter-builder")

# The suite runs Jupyter under these, one after the other, and names its tests after them.
SERVERS = ("notebook", "lab")
DEVIATIONS = Path(__file__).with_name("deviations.json")

# Its configuration file, continued: what the suite checks is what 4.6.0 does by default.
CONFIGURATION = """
c.ServerProxy.forward_credentials = True
c.ServerApp.allow_root = True
"""
PYTEST_INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
"""
HALF_SECONDS_TO_START = 240


@dataclass(frozen=True)
class Deviation:
    """Tests of 4.6.0 that must fail here, and why. `title` is a heading of the documentation."""

    title: str
    reason: str
    tests: tuple[str, ...]

    def ids(self) -> set[str]:
        return {test.format(server=server) for test in self.tests for server in SERVERS}


def deviations() -> list[Deviation]:
    entries = json.loads(DEVIATIONS.read_text())
    return [Deviation(e["title"], e["reason"], tuple(e["tests"])) for e in entries]


@dataclass(frozen=True)
class Suite:
    """The suite in a folder of its own. `run` says which tests passed and which did not."""

    folder: Path

    @classmethod
    def unpacked(cls, folder: Path) -> Suite:
        with tarfile.open(fetched()) as archive:
            for member in archive.getmembers():
                name = member.name.partition("/")[2]  # after the distribution's own folder
                if member.isfile() and name.startswith("tests/"):
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    (folder / name).write_bytes(archive.extractfile(member).read())
        (folder / "pytest.ini").write_text(PYTEST_INI)
        with (folder / "tests/resources/jupyter_server_config.py").open("a") as config:
            config.write(CONFIGURATION)
        _patch(folder / "tests/conftest.py", "retries = 20", f"retries = {HALF_SECONDS_TO_START}")
        return cls(folder)

    def run(self) -> dict[str, str]:
        """ "passed", "failed", "error" or "skipped" for each test."""
        report, log = self.folder / "report.xml", self.folder / "log.txt"
        command = [sys.executable, "-m", "pytest", "-c", "pytest.ini", "--rootdir", "."]
        command += ["-q", "-p", "no:cacheprovider", "--ignore=tests/acceptance"]
        command += [f"--junitxml={report}", "tests"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                process.wait()
            finally:
                _kill_session(process)
        assert report.exists(), log.read_text(errors="replace")[-5000:]
        return outcomes(report)

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")
        }
        home = self.folder / "home"
        home.mkdir()
        own = {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / "config")}
        return {**inherited, **own, "JUPYTER_RUNTIME_DIR": str(home / "runtime")}


def fetched() -> Path:
    """The source distribution, from the package index if it is not here yet."""
    path = CACHE / ARCHIVE
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        requirements = CACHE / "requirements.txt"
        requirements.write_text(f"{RELEASE} --hash=sha256:{SHA256}\n")
        backend = CACHE / "backend"
        _pip("install", "--upgrade", "--target", str(backend), *BACKEND)
        _pip(
            "download", "--no-deps", "--no-build-isolation", "--require-hashes",
            "--no-binary", "jupyter-server-proxy", "--dest", str(CACHE), "-r", str(requirements),
            pythonpath=backend,
        )  # fmt: skip
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256, f"{path} is not {RELEASE}"
    return path


def _pip(*arguments: str, pythonpath: Path | None = None) -> None:
    environment = dict(os.environ)
    if pythonpath is not None:
        environment["PYTHONPATH"] = str(pythonpath)
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *arguments]
    done = subprocess.run(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}"


def _patch(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} is not once in {path.name}"
    path.write_text(text.replace(old, new))


def _kill_session(process: subprocess.Popen[bytes]) -> None:
    """The Jupyter server of a suite that was broken off."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def outcomes(report: Path) -> dict[str, str]:
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        where = case.get("classname", "").removeprefix("tests.").replace(".", "::")
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        kind = kinds[0].replace("failure", "failed") if kinds else "passed"
        found[f"{where}::{case.get('name')}"] = kind
    return found
