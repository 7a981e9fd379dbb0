"""Start JupyterLab with the demo's applications, on 127.0.0.1 only. Ctrl-C stops everything.

Run it with the interpreter that has this package and `demo/requirements.txt` installed, as
`make demo` does. It keeps all it writes in one folder and reads no personal configuration.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent.resolve()

_LAB_SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}

_GREETING = """
Starting JupyterLab with some applications in its launcher:

  Datasette, TensorBoard      in the section "Data"
  Streamlit, Bokeh            in the section "Applications"
  marimo                      in the section "Notebook"
  Broken, Never listens       in the section "Failing on purpose"

Open the second address below in a browser. Ctrl-C here stops everything.
"""


def main() -> None:
    """Prepare the sample data, then be JupyterLab until it is stopped."""
    options = _parse_options()
    folder = options.folder.resolve()
    _keep_to(folder)
    sys.path.insert(0, str(HERE))
    from sample_data import prepare  # noqa: PLC0415  (beside this file)

    prepare(folder / "data", apps=HERE / "apps")
    print(_GREETING, flush=True)
    # Imported late: Jupyter looks at its environment variables when it is imported.
    from jupyterlab.labapp import main as run_jupyterlab  # noqa: PLC0415

    sys.exit(run_jupyterlab(_jupyter_arguments(folder, options.port)))


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, help="the port of JupyterLab (default: a free one)")
    parser.add_argument("--folder", type=Path, default=HERE.parent / ".demo", help="working folder")
    return parser.parse_args()


def _keep_to(folder: Path) -> None:
    """Let Jupyter keep its settings in `folder`, so that the demo is the same everywhere."""
    from jupyter_core.paths import jupyter_runtime_dir  # noqa: PLC0415  (see main)

    # The runtime folder stays the person's own: there `jupyter server list` finds the demo.
    os.environ["JUPYTER_RUNTIME_DIR"] = jupyter_runtime_dir()
    os.environ["DEMO_FOLDER"] = str(folder / "data")
    for variable, name in (
        ("JUPYTER_CONFIG_DIR", "config"),
        ("JUPYTER_DATA_DIR", "share"),
        ("IPYTHONDIR", "ipython"),
    ):
        os.environ[variable] = str(folder / name)
    # Without this, JupyterLab asks every newcomer whether it may fetch news.
    overrides = folder / "config" / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir(parents=True, exist_ok=True)
    overrides.write_text(json.dumps(_LAB_SETTINGS))


def _jupyter_arguments(folder: Path, port: int | None) -> list[str]:
    """Quiet, local, offline, and stopped by a single Ctrl-C."""
    return [
        f"--config={HERE / 'jupyter_server_config.py'}",
        f"--ServerApp.root_dir={folder / 'data'}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={8888 if port is None else port}",
        f"--ServerApp.port_retries={50 if port is None else 0}",
        "--ServerApp.open_browser=False",
        "--ServerApp.answer_yes=True",
        "--ServerApp.allow_root=True",
        "--log-level=WARN",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]


if __name__ == "__main__":
    main()
