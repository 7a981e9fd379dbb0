"""An application that cannot start, to show what people see then."""

import sys

print("Reading settings from settings.toml", flush=True)
sys.exit("Cannot start: the licence file licence.key is missing in this folder")
