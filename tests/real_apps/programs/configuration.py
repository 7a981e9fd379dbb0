"""Jupyter's configuration for the programs: each as anybody would write it into a config file.

What ends with `-absolute` gets the whole path, what ends with `-unix` listens at a unix socket; all
others get the path after their prefix, at a port. FOLDER is for their files.
"""

import os
import sys
from pathlib import Path
from typing import Any

c = get_config()  # noqa: F821  (Jupyter provides it)

APPS = Path(os.environ["PROGRAMS"]) / "apps"
DEMO = Path(os.environ["DEMO"])
FOLDER = Path(os.environ["FOLDER"])
BIN = Path(sys.executable).parent

BOKEH = ["bokeh", "serve", f"{DEMO}/apps/bokeh_app.py", "--allow-websocket-origin=*"]
DATASETTE = ["datasette", "serve", f"{FOLDER}/library.db", "--setting", "base_url"]
GUNICORN = ["gunicorn", "--chdir", str(APPS), "dash_app:server"]
STREAMLIT = [
    *("streamlit", "run", f"{DEMO}/apps/streamlit_app.py", "--server.headless=true"),
    *("--server.fileWatcherType=none", "--browser.gatherUsageStats=false"),
]
PYTHON = "python"


def service(*command: str, **options: Any) -> dict[str, Any]:
    """An entry of `c.ServerProxy.servers` that starts a program of this environment."""
    program = str(BIN / command[0]) if (BIN / command[0]).exists() else command[0]
    return {"command": [program, *command[1:]], "timeout": 150, **options}


def mlflow(name: str) -> list[str]:
    """MLflow with a database of its own."""
    return [
        *("mlflow", "server", "--backend-store-uri", f"sqlite:///{FOLDER}/{name}.db"),
        *("--default-artifact-root", f"{FOLDER}/{name}", "--workers=1"),
    ]


c.ServerApp.base_url = os.environ["BASE_URL"]
c.ServerProxy.servers = {
    "bokeh-absolute": service(
        *(*BOKEH, "--address=127.0.0.1", "--port={port}", "--prefix={base_url}bokeh-absolute"),
        absolute_url=True,
    ),
    "dash": service(
        *(PYTHON, f"{APPS}/dash_app.py", "{port}"), environment={"APP_PREFIX": "{base_url}dash/"}
    ),
    "dash-absolute": service(
        *(PYTHON, f"{APPS}/dash_app.py", "{port}"),
        environment={
            "APP_PREFIX": "{base_url}dash-absolute/",
            "ROUTES_PREFIX": "{base_url}dash-absolute/",
        },
        absolute_url=True,
    ),
    "dash-unix": service(
        *(*GUNICORN, "--bind=unix:{unix_socket}"),
        environment={"APP_PREFIX": "{base_url}dash-unix/"},
        unix_socket=True,
    ),
    "datasette-absolute": service(
        *(*DATASETTE, "{base_url}datasette-absolute/", "--host=127.0.0.1", "--port={port}"),
        absolute_url=True,
    ),
    "datasette-unix": service(
        *(*DATASETTE, "{base_url}datasette-unix/", "--uds={unix_socket}"), unix_socket=True
    ),
    "gradio": service(PYTHON, f"{APPS}/gradio_app.py", "{port}", "{base_url}gradio"),
    "gradio-absolute": service(
        *(PYTHON, f"{APPS}/gradio_app.py", "{port}", "{base_url}gradio-absolute", "absolute"),
        absolute_url=True,
    ),
    "gradio-unix": service(
        *(PYTHON, f"{APPS}/gradio_app.py", "{unix_socket}", "{base_url}gradio-unix"),
        unix_socket=True,
    ),
    "mlflow": service(*mlflow("relative"), "--host=127.0.0.1", "--port={port}"),
    "mlflow-absolute": service(
        *(*mlflow("absolute"), "--host=127.0.0.1", "--port={port}"),
        "--static-prefix={base_url}mlflow-absolute",
        absolute_url=True,
    ),
    "shiny": service(
        *("Rscript", "-e", f"shiny::runApp('{APPS}/shiny', port={{port}}, host='127.0.0.1')")
    ),
    "streamlit-absolute": service(
        *(*STREAMLIT, "--server.address=127.0.0.1", "--server.port={port}"),
        "--server.baseUrlPath={base_url}streamlit-absolute",
        absolute_url=True,
    ),
    "trame": service(
        *(PYTHON, f"{APPS}/trame_app.py", "--server", "--host=127.0.0.1", "--port={port}")
    ),
}
