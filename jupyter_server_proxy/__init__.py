"""Jupyter Server Proxy: extension points and version, no logic."""

__version__ = "5.0.0.dev0"
