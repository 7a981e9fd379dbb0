"""An application that runs but never listens, to show what people see then."""

import threading

print("Loading a very large model, please wait", flush=True)
threading.Event().wait()
