"""`python -m jupyter_server_proxy.cli`."""

from __future__ import annotations

import sys

from . import main

sys.exit(main())
