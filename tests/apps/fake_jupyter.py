"""A stand-in for a Jupyter server: supervises `hostile.py` with the habits it is given.

`python fake_jupyter.py HABIT...`. Prints `ready PORT` and waits to be killed; with
`--socket` the child gets a private unix socket and the line is `ready PATH`. With `--forked-copy`
a forked copy of it stays alive, holding all descriptors, as multiprocessing does.
"""

import asyncio
import logging
import os
import sys
import time

from jupyter_server_proxy.processes.child import Launch
from jupyter_server_proxy.processes.guardian import Guardian
from jupyter_server_proxy.processes.supervisor import Supervisor
from jupyter_server_proxy.rules.service import CallableReadiness, HttpReadiness, ProcessOptions

HERE = os.path.dirname(os.path.abspath(__file__))


def fork_a_copy(seconds):
    if not os.fork():
        time.sleep(seconds)
        os._exit(0)


async def main(arguments):
    habits = [argument for argument in arguments if not argument.startswith("--")]
    has_socket = "--socket" in arguments

    async def launch(binding):
        script = os.path.join(HERE, "hostile.py")
        return Launch((sys.executable, script, str(binding.port), *habits), dict(os.environ))

    options = ProcessOptions(
        timeout=30,
        unix_socket=has_socket,
        readiness=CallableReadiness(lambda: True) if has_socket else HttpReadiness(),
    )
    log = logging.getLogger("fake")
    supervisor = Supervisor("hostile", options, launch, guardian=Guardian(log=log), log=log)
    await supervisor.ensure_ready()
    if "--forked-copy" in arguments:
        fork_a_copy(float(os.environ["COPY_LIVES"]))
    print("ready", supervisor.binding.unix_socket or supervisor.binding.port, flush=True)
    await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
