"""What is looked at each second while the rehearsal runs: the platform's own books, the server's sessions, and /proc."""

import contextlib
import json
import os
import threading
import time
from pathlib import Path

import wire

TICKS = os.sysconf("SC_CLK_TCK")
BOOKS = """
select jsonb_build_object(
    'feeds', (select jsonb_object_agg(feed, jsonb_build_object('received', r, 'done', d, 'batches', n)) from (
        select feed, sum(received) as r, sum(stored + rejected + duplicate) as d, count(*) as n from ops.batch group by feed) b),
    'lag', (select jsonb_object_agg(feed, lag) from (select feed, sum(lag) as lag from ops.kafka_lag group by feed) l),
    'waiting', (select coalesce(sum(received - stored - rejected - duplicate), 0) from ops.batch where state = 'landed'),
    'archive', (select jsonb_build_object('rows', sum(waiting), 'pending', sum(pending), 'age', max(lag_seconds))
        from ops.outbox_status where carrier = 'object_store'),
    'outbox', (select sum(waiting) from ops.outbox_status where carrier <> 'object_store'),
    'sessions', (select jsonb_agg(jsonb_build_array(pid, application_name, state, wait_event_type, wait_event))
        from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()),
    'wal', (select wal_bytes from pg_stat_wal),
    'checkpoints', (select checkpoints_timed + checkpoints_req from pg_stat_bgwriter),
    'multixact', mxid_age('1'::xid),
    'dead', (select n_dead_tup from pg_stat_user_tables where relid = 'shop.products'::regclass))
"""


def processes():
    """Parent, CPU seconds and resident MiB of every process."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
                found[int(entry)] = (int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS, int(fields[21]) * 4096 / 1048576)
    return found


def machine():
    """Ticks of all cores, idle ones, and sectors written to whole disks."""
    numbers = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    written = 0
    for line in Path("/proc/diskstats").read_text().splitlines():
        fields = line.split()
        if Path(f"/sys/block/{fields[2]}").exists() and not fields[2].startswith(("loop", "ram", "dm-", "zram")):
            written += int(fields[9])
    return sum(numbers), numbers[3] + numbers[4], written * 512


class Watch(threading.Thread):
    """A look each second; `looks` has them, with seconds from the start."""

    def __init__(self, url, postmaster, named, start):
        """named: what a process is called, by its id; those that it starts are counted with it."""
        super().__init__(daemon=True)
        self.url, self.postmaster, self.named, self.begin = url, postmaster, named, start
        self.looks, self.over, self.problem = [], threading.Event(), None
        self.connection = wire.Connection(url, "rehearsal watch")
        self.connection.query("set statement_timeout = '30s'")
        self.before = {}

    def run(self):
        number = 0
        try:
            while not self.over.wait(max(0.0, self.begin + number - time.monotonic())):
                self.looks.append(self.look())
                number = max(number + 1, int(time.monotonic() - self.begin) + 1)
        except Exception as error:  # told by whoever stops it
            self.problem = error

    def stop(self):
        self.over.set()
        self.join(60)
        self.connection.close()
        if self.problem:
            raise self.problem

    def look(self):
        began = time.monotonic()
        books = json.loads(self.connection.query(BOOKS)[0][0])
        total, idle, written = machine()
        found = processes()
        titles = {session[0]: session[1] or "unnamed" for session in books["sessions"] or []}
        used, memory = {}, {}
        for pid, (parent, cpu, resident) in found.items():
            name = self.named.get(pid) or self.named.get(parent)
            if pid == self.postmaster or parent == self.postmaster:
                name = "postgres: " + (title(titles[pid]) if pid in titles else "background")
            if name:
                earlier = self.before.get(pid, cpu if not self.before else 0.0)
                used[name] = used.get(name, 0.0) + cpu - earlier
                # Pages that backends share are counted once a backend: only programs are told of.
                if not name.startswith("postgres"):
                    memory[name] = memory.get(name, 0.0) + resident
        self.before = {pid: one[1] for pid, one in found.items()}
        orders = [session for session in books["sessions"] or [] if session[1] == "rehearsal orders"]
        waits = {}
        for _, name, state, kind, event in books.pop("sessions") or []:
            if state == "active" and kind in ("Lock", "IO", "LWLock"):
                waits[f"{kind}:{event}"] = waits.get(f"{kind}:{event}", 0) + 1
        books |= {
            "at": began - self.begin, "total": total, "idle": idle, "written": written, "cpu": used, "memory": memory, "waits": waits,
            "order_sessions": len(orders), "order_locks": sum(1 for one in orders if one[3] == "Lock"),
            "took": time.monotonic() - began}
        return books


def title(name):
    """Sessions of the tool are named after what they do, with a process id or a number at the end."""
    return name.rstrip("0123456789 -:.#").strip() or "unnamed"
