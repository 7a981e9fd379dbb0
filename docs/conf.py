"""Settings of Sphinx; `make docs` builds the pages, which are Markdown."""

from importlib.metadata import version as installed_version

project = "Jupyter Server Proxy"
author = "Jupyter Server Proxy contributors"
copyright = author
release = version = installed_version("jupyter-server-proxy")

extensions = ["myst_parser"]
# So that every key in the configuration reference can be linked to.
myst_heading_anchors = 4
nitpicky = True

html_theme = "furo"
html_title = project

# Pages that other sites, and this package's own error messages, link to by their names in
# release 4; each leads on to the page that has taken its place.
MOVED = {
    "arbitrary-ports-hosts": "user/ports-and-hosts",
    "install": "user/install",
    "launchers": "user/services",
    "server-process": "user/services",
    "standalone": "user/standalone",
}
templates_path = ["_templates"]
html_additional_pages = dict.fromkeys(MOVED, "moved.html")
html_context = {"moved": MOVED}
