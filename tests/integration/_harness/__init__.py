"""What the integration tests stand on: a real Jupyter server, a scriptable backend, a raw client.

Nothing here interprets more of HTTP than it must, so that tests see the exact bytes.
"""
