"""A Jupyter extension that tells, and forgets, whether proxied traffic counted as activity."""

from jupyter_server.base.handlers import JupyterHandler
from tornado import web


class ActivityHandler(JupyterHandler):
    @web.authenticated
    def get(self):
        times = self.settings.get("last_activity_times", {})
        self.finish("yes" if times.pop("jupyter-server-proxy", None) else "no")


def _jupyter_server_extension_points():
    return [{"module": "differential_witness"}]


def _load_jupyter_server_extension(app):
    path = app.web_app.settings["base_url"] + "witness/activity"
    app.web_app.add_handlers(".*", [(path, ActivityHandler)])
