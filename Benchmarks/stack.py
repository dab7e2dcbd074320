"""An embedded stack of a benchmark's own, in a temporary folder, and what to ask it."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BENCHMARKS = Path(__file__).resolve().parent
RESULTS = BENCHMARKS / "results"
PYTHON = BENCHMARKS / ".venv" / "bin" / "python"
SETTINGS = ("shared_buffers", "work_mem", "max_wal_size", "fsync", "synchronous_commit", "full_page_writes", "jit")


class Stack:
    def __init__(self, binary, folder):
        self.binary = Path(binary).resolve()
        self.environment = {
            name: value for name, value in os.environ.items()
            if not name.startswith(("PG", "EMPORIUM_", "KAFKA_")) and name != "DATABASE_URL"
        } | {"EMPORIUM_HOME": str(Path(folder) / "home")}
        self.folder = folder

    def emporium(self, *words):
        done = subprocess.run(
            [self.binary, *map(str, words)], env=self.environment, cwd=PROJECT, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"emporium {' '.join(map(str, words))} gave {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
        return done.stdout

    def url(self, database=None):
        """The superuser's URL."""
        url = urllib.parse.urlsplit(self.emporium("url", "--admin").strip())
        return url.geturl() if database is None else url._replace(path="/" + database).geturl()

    def psql(self, script, *flags, database=None):
        done = subprocess.run(
            ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", *flags, self.url(database), "-f", "-"], input=script,
            capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"psql gave {done.returncode}\n{done.stderr[-3000:]}")
        return done.stdout

    def environment_line(self):
        settings = ", ".join(f"{name} {self.psql(f'show {name}').strip()}" for name in SETTINGS)
        return f"PostgreSQL {self.psql('show server_version').strip()}, {os.cpu_count()} cores; {settings}."


@contextlib.contextmanager
def stack(binary, *up):
    """Started, by `emporium up` with these further words, and migrated; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="emporium-bench-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)  # the server runs as another user
        made = Stack(binary, folder)
        try:
            made.emporium("up", *up)
            made.emporium("migrate")
            yield made
        finally:
            subprocess.run([made.binary, "down", "--no-drain"], env=made.environment, capture_output=True)


def install_rivals(wanted=BENCHMARKS / "requirements.txt", python=PYTHON):
    """What that Python, which runs them, has; asks nobody when that is what the requirements say already."""
    installed = python.parent.parent / "installed.txt"
    if installed.exists() and installed.read_bytes() == wanted.read_bytes():
        return
    if not python.exists():
        print(f"making {python.parent.parent}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", python.parent.parent], check=True)
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted], check=True, stdout=sys.stderr)
    installed.write_bytes(wanted.read_bytes())


def publish(name, page, figures):
    """Prints the page and keeps it, with its figures, in results/."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(page)
    (RESULTS / f"{name}.json").write_text(json.dumps(figures, indent=1, default=str) + "\n")
    print(page, flush=True)
