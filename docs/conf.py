"""Settings of Sphinx; `make docs` builds the pages, which are Markdown."""

from importlib.metadata import version as installed_version

project = "Jupyter Server Proxy"
author = "Jupyter Server Proxy contributors"
copyright = author
release = version = installed_version("jupyter-server-proxy")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = project
nitpicky = True
