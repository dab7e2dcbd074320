"""Runs a program and says what it took: seconds, CPU, memory; of the database server, too."""

import os
import selectors
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Taken:
    seconds: float  # by the wall
    cpu: float  # user and system, of the program
    server_cpu: float | None  # the same of PostgreSQL, all its processes
    peak_mib: float | None  # resident memory of the program at its highest; None where it says nothing
    load_before: float  # what the machine was busy with before: 0 on a quiet one
    output: str = field(repr=False, default="")


class Failed(Exception):
    pass


class Server:
    """CPU seconds of a PostgreSQL server, best effort: the postmaster, its children, and those it has buried."""

    def __init__(self, data_directory):
        self.pid = int((Path(data_directory) / "postmaster.pid").read_text().split("\n", 1)[0])

    def cpu(self):
        try:
            while True:
                own = self._times(self.pid)[:4]
                total = sum(own)
                for entry in os.listdir("/proc"):
                    if entry.isdigit():
                        times = self._times(int(entry))
                        if times and times[4] == self.pid:
                            total += times[0] + times[1]
                if self._times(self.pid)[:4] == own:  # else a child was buried meanwhile, and is in neither
                    return total / TICKS
        except (OSError, TypeError):
            return None

    @staticmethod
    def _times(pid):
        """user, system, children's user, children's system, parent."""
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return None
        return [int(number) for number in fields[11:15]] + [int(fields[1])]


def run(*commands, server=None, cwds=None, env=None):
    """Runs one command, or several side by side, and measures from the first's start to the last's end."""
    before = server.cpu() if server else None
    load = busy()
    began = time.perf_counter()
    children = [
        subprocess.Popen(
            [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
            cwd=cwds[index] if cwds else None)
        for index, command in enumerate(commands)
    ]
    outputs, usages, problems = [], [], []
    memory = Memory(child.pid for child in children)
    for child, command in zip(children, commands):
        out, error = drain(child)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        outputs.append(out)
        usages.append(usage)
        if child.returncode != 0:
            problems.append(f"{command[0]} {' '.join(map(str, command[1:3]))} … gave {child.returncode}\n{error[-2000:]}")
    seconds = time.perf_counter() - began
    memory.stop()
    if problems:
        raise Failed("\n".join(problems))
    after = server.cpu() if server else None
    return Taken(
        seconds=seconds, cpu=sum(usage.ru_utime + usage.ru_stime for usage in usages),
        server_cpu=after - before if before is not None and after is not None else None,
        peak_mib=memory.peak_mib, load_before=load, output="\n".join(outputs))


class Memory(threading.Thread):
    """The largest resident memory of any of some processes. Not from rusage: a child's begins with its parent's."""

    def __init__(self, pids):
        super().__init__(daemon=True)
        self.files = [f"/proc/{pid}/status" for pid in pids]
        self.peak_mib = None
        self.over = threading.Event()
        self.start()

    def run(self):
        while True:
            for file in self.files:
                try:
                    text = Path(file).read_text()
                except OSError:
                    continue
                if "VmHWM:" in text:  # the kernel's own high-water mark, so that nothing between two looks is missed
                    self.peak_mib = max(self.peak_mib or 0, int(text.split("VmHWM:")[1].split()[0]) / 1024)
            if self.over.wait(0.02):
                return

    def stop(self):
        self.over.set()
        self.join()


def drain(child):
    """Both pipes to their ends, without waiting for the child: that is for wait4, which tells what it used."""
    parts = {child.stdout: [], child.stderr: []}
    with selectors.DefaultSelector() as selector:
        for pipe in parts:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                data = os.read(key.fd, 1 << 16)
                if data:
                    parts[key.fileobj].append(data)
                else:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
    return tuple(b"".join(part).decode(errors="replace") for part in parts.values())


def busy(seconds=0.3):
    """Share of the machine's cores that somebody uses just now, from 0 to 1."""

    def times():
        numbers = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
        return sum(numbers), numbers[3] + numbers[4]

    total, idle = times()
    time.sleep(seconds)
    total_after, idle_after = times()
    return 1 - (idle_after - idle) / max(1, total_after - total)
