"""jupyter-remote-desktop-proxy with Debian's TigerVNC: a desktop in a page, over a raw stream
behind a websocket, and nothing of it left afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from installed import PATIENCE, ask_jupyter, jupyter_of
from jupyter_process import JupyterProcess
from playwright.sync_api import Page, expect
from websockets.sync.client import connect
from websockets.typing import Subprotocol

pytestmark = pytest.mark.timeout(400)

_NEEDED = ("vncserver", "openbox", "xterm", "dbus-launch")
_DESKTOP = """\
#!/bin/sh
xterm -fullscreen -fs 20 -e sh -c 'echo A terminal on the desktop; exec sleep 1000' &
exec openbox
"""


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    if missing := [program for program in _NEEDED if shutil.which(program) is None]:
        pytest.skip(f"NO DESKTOP: {', '.join(missing)} not installed")
    folder = tmp_path_factory.mktemp("desktop")
    script = folder / "xstartup"
    script.write_text(_DESKTOP)
    script.chmod(0o755)
    env = {"JUPYTER_REMOTE_DESKTOP_PROXY_XSTARTUP": str(script)}
    with jupyter_of("programs", folder, env=env) as jupyter:
        yield jupyter
    assert those_about(folder) == []


def those_about(folder: Path) -> list[str]:
    """The command lines that name `folder`: the X server and what it shows."""
    lines = (
        " ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])
    )
    return [line for line in lines if str(folder) in line]


def test_stream_is_the_vnc_servers(jupyter: JupyterProcess) -> None:
    with connect(
        jupyter.url.replace("http", "ws") + "desktop-websockify/",
        additional_headers={"Authorization": f"token {jupyter.token}"},
        subprotocols=[Subprotocol("binary")],
        open_timeout=PATIENCE,
        proxy=None,
    ) as websocket:
        assert websocket.subprotocol == "binary"
        assert websocket.recv(PATIENCE) == b"RFB 003.008\n"


def test_desktop_is_shown(page: Page) -> None:
    page.goto("desktop")
    assert page.url.endswith("/desktop/")
    expect(page.locator("#status")).to_contain_text("Connected")
    canvas = page.locator("#screen canvas")
    expect(canvas).to_be_visible()
    assert canvas.bounding_box()["width"] > 300  # type: ignore[index]
    # Black and white: the terminal, no longer an empty screen.
    page.wait_for_function(
        """() => {
            const canvas = document.querySelector("#screen canvas");
            const data = canvas.getContext("2d")
                .getImageData(0, 0, canvas.width, canvas.height).data;
            const seen = new Set();
            for (let i = 0; i < data.length; i += 4) seen.add(data[i]);
            return seen.has(255) && seen.has(0);
        }"""
    )


def test_launcher_leads_to_the_page_not_to_the_stream(jupyter: JupyterProcess) -> None:
    listed = ask_jupyter(jupyter, "server-proxy/servers-info").json()["server_processes"]
    (entry,) = [one["launcher_entry"] for one in listed if one["name"] == "desktop-websockify"]
    assert entry["title"] == "Desktop"
    assert entry["path_info"] == "desktop"


def test_desktop_runs_when_jupyter_is_stopped(jupyter: JupyterProcess) -> None:
    """What is left of it is looked for when this module is done."""
    lines = those_about(jupyter.log.parent)
    assert any("Xtigervnc" in line for line in lines), lines
