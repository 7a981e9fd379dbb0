"""Run npm in `labextension/` with the Node.js of the build: `python scripts/npm.py ARGUMENTS`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.resolve()
sys.path.insert(0, str(ROOT))

from hatch_build import find_npm  # noqa: E402

if __name__ == "__main__":
    npm, environment = find_npm()
    sys.exit(subprocess.call([*npm, *sys.argv[1:]], cwd=ROOT / "labextension", env=environment))
