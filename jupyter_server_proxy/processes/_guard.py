"""The guardian of one child: a small program of its own, started as `python -I -S` on this file.

It is the child's parent and its sub-reaper, so that no descendant can leave its sight, whatever
it forks or calls (`setsid`, double fork, `env -i`). When Jupyter's end of the socket
closes or Jupyter is gone, for whatever reason, SIGKILL included, it ends the tree and then itself.
It imports next to nothing and nothing of this package: its start and memory are paid per child.

On descriptor 0 it reads one request (see `read_request`), then commands of one byte:
`T` stop signal to the group, `K` kill everything. It answers in lines: `pid N` or `errno N`
once, `exit CODE` when the command has ended, `left PID...` for what it could not kill. The end of
file means that nothing of the tree is left. Its stdout and stderr become the child's.
"""

# ruff: noqa: SIM105 - contextlib would make the start longer
from __future__ import annotations

import os
import select
import signal
import sys
import time

CONTROL = 0
# Children of a dead Jupyter get this long to end by themselves: nobody is left to wait for them.
ORPHAN_GRACE = 2.0
# What a command that ended by itself has left behind.
STRAGGLER_GRACE = 0.5
# From the first SIGKILL on: what is still there then sleeps in the kernel or is not ours to kill.
KILL_PATIENCE = 5.0
PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 1, 15, 36
IS_LINUX = sys.platform == "linux"
IGNORED = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGPIPE,
    signal.SIGTSTP,
)


def prctl(option: int, value: int | bytes) -> bool:
    """Whether it worked: on Linux, where Python has ctypes. Each is one safety net of several."""
    if not IS_LINUX:
        return False
    try:
        import ctypes  # noqa: PLC0415 - not every build has it
    except ImportError:
        return False
    return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)


def read_exactly(size: int) -> bytes:
    """`size` bytes of the request; exits when Jupyter goes before they came."""
    data = b""
    while len(data) < size:
        chunk = os.read(CONTROL, size - len(data))
        if not chunk:
            sys.exit(0)
        data += chunk
    return data


def read_request() -> tuple[int, float, bytes, list[bytes], dict[bytes, bytes], list[bytes]]:
    """Stop signal, grace, cwd, argv, env, paths to remove.

    Ten digits of length, then fields with NUL between: three single ones, then for each list
    its count and its items.
    """
    fields = read_exactly(int(read_exactly(10))).split(b"\0")
    sections: list[list[bytes]] = []
    at = 3
    while at < len(fields):
        count = int(fields[at])
        sections.append(fields[at + 1 : at + 1 + count])
        at += 1 + count
    argv, env, remove = sections
    environment = {name: value for name, _, value in (item.partition(b"=") for item in env)}
    return int(fields[0]), float(fields[1]), fields[2], argv, environment, remove


def say(text: str) -> None:
    """A line to Jupyter, which may be gone."""
    try:
        os.write(CONTROL, text.encode() + b"\n")
    except OSError:
        pass


def start(argv: list[bytes], env: dict[bytes, bytes], cwd: bytes) -> int | None:
    """Fork and exec: the pid, or None after saying why not."""
    report, error = os.pipe()  # neither is inherited through exec
    me = os.getpid()
    pid = os.fork()
    if pid == 0:
        become(me, error, argv, env, cwd)
    os.close(error)
    problem = os.read(report, 64)
    os.close(report)
    if problem:
        os.waitpid(pid, 0)
        say("errno " + problem.decode())
        return None
    return pid


def become(
    guardian: int, error: int, argv: list[bytes], env: dict[bytes, bytes], cwd: bytes
) -> None:
    """In the forked process: become the command, or say on `error` why not. Never returns."""
    doing = "setup"
    try:
        os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guardian:
            os._exit(1)
        os.dup2(os.open(os.devnull, os.O_RDONLY), CONTROL)
        signal.set_wakeup_fd(-1)
        for number in (*IGNORED, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        doing = "cwd"
        if cwd:
            os.chdir(cwd)
        doing = "exec"
        os.execvpe(argv[0], argv, env)  # noqa: S606 - no shell is the point
    except OSError as problem:
        os.write(error, f"{problem.errno} {doing}".encode())
    finally:
        os._exit(127)


def parents() -> dict[int, int]:
    """Every process's parent that can be seen."""
    if not IS_LINUX:
        with os.popen("ps -A -o pid=,ppid=") as listing:  # noqa: S605, S607 - macOS has no /proc
            return {int(pid): int(parent) for pid, parent in (line.split() for line in listing)}
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/" + name + "/stat", "rb") as stat:
                    # The command's name may hold anything, also brackets and spaces.
                    found[int(name)] = int(stat.read().rpartition(b")")[2].split()[1])
            except (OSError, IndexError):
                pass
    return found


def descendants(root: int) -> list[int]:
    """Everything below `root`."""
    children: dict[int, list[int]] = {}
    for pid, parent in parents().items():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    level = [root]
    while level:
        level = [child for pid in level for child in children.get(pid, ())]
        found += level
    return found


def send(pids: list[int], number: int) -> None:
    """A signal to each; who is gone already or not ours to signal is passed over."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass


def send_to_group(group: int, number: int) -> None:
    """A signal to the child's process group."""
    try:
        os.killpg(group, number)
    except OSError:
        pass


class Guard:
    """The tree below this process, and how far its end has come. Times are monotonic seconds."""

    def __init__(
        self, pid: int, *, stop_signal: int, grace: float, parent: Parent, is_reaper: bool
    ) -> None:
        self.pid = pid
        self.stop_signal = stop_signal
        self.grace = grace
        self.parent = parent
        self.is_reaper = is_reaper
        self.is_orphaned = False
        self.is_stopping = False
        self.has_exited = False
        self.kill_at: float | None = None
        self.give_up_at: float | None = None

    def on_command(self, command: bytes) -> None:
        """What Jupyter asks for; nothing at all means that there is no Jupyter any more."""
        if not command:
            self.on_orphaned()
        elif command == b"T":
            self.is_stopping = True
            self.tell_group(self.stop_signal)
        elif command == b"K":
            self.kill_at = time.monotonic()

    def on_orphaned(self) -> None:
        """Jupyter died: everything goes, and soon."""
        self.is_orphaned = True
        self.tell_group(self.stop_signal)
        send([pid for pid in descendants(os.getpid()) if pid != self.pid], signal.SIGTERM)
        self.hurry(min(self.grace, ORPHAN_GRACE))

    def on_exit(self, status: int) -> None:
        """The command ended: its helpers are told to end too."""
        self.has_exited = True
        say(f"exit {os.waitstatus_to_exitcode(status)}")
        send(descendants(os.getpid()), signal.SIGTERM)
        self.hurry(self.grace if self.is_stopping else STRAGGLER_GRACE)

    def tell_group(self, number: int) -> None:
        """A signal to the group, unless its leader is reaped and its number may be another's."""
        if not self.has_exited:
            send_to_group(self.pid, number)

    def hurry(self, grace: float) -> None:
        """Kill after `grace` seconds unless that is due earlier already."""
        at = time.monotonic() + grace
        self.kill_at = at if self.kill_at is None else min(self.kill_at, at)

    def reap(self) -> None:
        """Collect who ended. Raises ChildProcessError when the kernel knows of nobody left."""
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            if pid == self.pid:
                self.on_exit(status)

    def is_over(self) -> bool:
        """One round: reap, kill what is due. True when the tree is gone or beyond reach."""
        try:
            self.reap()
        except ChildProcessError:
            if not self.is_reaper:  # then orphans have gone to init, but their group is known
                send_to_group(self.pid, signal.SIGKILL)
            return True
        now = time.monotonic()
        if self.kill_at is None or now < self.kill_at:
            return False
        if self.give_up_at is None:
            self.give_up_at = now + KILL_PATIENCE
        self.tell_group(signal.SIGKILL)
        remaining = descendants(os.getpid())
        send(remaining, signal.SIGKILL)
        if now < self.give_up_at:
            return False
        say("left " + " ".join(map(str, remaining)))
        return True

    def pause(self) -> float | None:
        """Milliseconds until the next look, None when only an event makes one needed."""
        if self.give_up_at is not None:
            return 20.0
        if self.kill_at is not None:
            return max(1.0, (self.kill_at - time.monotonic()) * 1000)
        return None if self.parent.is_exact else 1000.0


class Parent:
    """Watches Jupyter itself: a forked copy of it may keep the socket open after its death."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.descriptor = -1
        try:
            self.descriptor = os.pidfd_open(pid)
        except (AttributeError, OSError):
            pass
        self.is_exact = self.descriptor >= 0

    def is_gone(self) -> bool:
        """Whether Jupyter has ended: its children have another parent then."""
        return os.getppid() != self.pid


def watch(guard: Guard, wakeup: int) -> None:
    """Until the tree is gone: listen to Jupyter, to the end of children, and to the clock."""
    poll = select.poll()
    poll.register(CONTROL, select.POLLIN)
    poll.register(wakeup, select.POLLIN)
    if guard.parent.is_exact:
        poll.register(guard.parent.descriptor, select.POLLIN)
    while not guard.is_over():
        ready = {descriptor for descriptor, _ in poll.poll(guard.pause())}
        if wakeup in ready:
            os.read(wakeup, 4096)
        if guard.is_orphaned:
            continue
        if guard.parent.is_gone():
            guard.on_orphaned()
        elif CONTROL in ready:
            guard.on_command(read_command())
        if guard.is_orphaned:
            poll.unregister(CONTROL)
            if guard.parent.is_exact:
                poll.unregister(guard.parent.descriptor)


def read_command() -> bytes:
    """One byte, or none when Jupyter's end is closed."""
    try:
        return os.read(CONTROL, 1)
    except OSError:
        return b""


def clean_up(remove: list[bytes]) -> None:
    """Remove the private directory that Jupyter cannot remove any more."""
    for path in remove:
        try:
            os.rmdir(path) if os.path.isdir(path) else os.unlink(path)
        except OSError:
            pass


def main(jupyter: int, script: int) -> None:
    """Guard one child from its start to the end of its whole tree.

    `jupyter` is the pid to watch, `script` the descriptor that this file was read from.
    """
    os.close(script)
    parent = Parent(jupyter)
    prctl(PR_SET_NAME, b"proxy-guardian")
    is_reaper = prctl(PR_SET_CHILD_SUBREAPER, 1)
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # the wake-up descriptor is what counts
    stop_signal, grace, cwd, argv, env, remove = read_request()
    pid = start(argv, env, cwd)
    if pid is None:
        return
    # The child's output must end with the child.
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    say(f"pid {pid}")
    guard = Guard(pid, stop_signal=stop_signal, grace=grace, parent=parent, is_reaper=is_reaper)
    watch(guard, readable)
    if guard.is_orphaned:
        clean_up(remove)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
