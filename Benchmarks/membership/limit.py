"""Prepares and runs the limit: the same rows without any rule. See limit.sql."""

import struct
from pathlib import Path

import measuring

HERE = Path(__file__).parent
BATCH_ROWS = 20_000
STEPS = ("copy_in", "insert", "copy_out")


class Limit:
    """Folders work/limit-0 (everything), limit-1 and limit-2 (a half each), and the database bench_limit."""

    def __init__(self, psql, database_url, work):
        self.psql = psql
        self.url = database_url
        self.folders = [work / f"limit-{part}" for part in range(3)]
        for folder in self.folders:
            folder.mkdir()

    def prepare(self, drop, emporium_url):
        """From the CSV files in `drop` the rows as they are landed; from emporium's database what became of them."""
        write_staging([path for path in sorted(drop.iterdir())], [folder / "staging.bin" for folder in self.folders])
        self._psql(emporium_url, "-f", HERE / "limit_judged.sql")

    def make_tables(self):
        self._psql(self.url, "-f", HERE / "limit_tables.sql")
        self._psql(
            self.url, "-c", "\\copy bench.judged from 'judged.csv' with (format csv)",
            "-c", "\\copy bench.batch from 'batch.csv' with (format csv)", "-c", "vacuum (freeze, analyze) bench.judged",
            "-c", "checkpoint")

    def run(self, sessions, server):
        """One session, or two side by side with half of the rows each. Gives what it took, and the steps' seconds."""
        parts = [0] if sessions == 1 else [1, 2]
        commands = [
            [*self.psql, self.url, "-At", "-F", " ", "-v", f"part={part}", "-f", HERE / "limit.sql"] for part in parts]
        taken = measuring.run(*commands, server=server, cwds=[self.folders[part] for part in parts])
        steps = [list(map(float, line.split())) for line in taken.output.split("\n") if len(line.split()) == 3]
        return taken, {name: max(step[place] for step in steps) for place, name in enumerate(STEPS)}

    def rows(self):
        """Rows in the output files of the last run with one session, without headers."""
        return {
            name: sum(line_count(folder / f"{name}.csv") - 1 for folder in self.folders[:1])
            for name in ("successful", "unsuccessful")}

    def _psql(self, url, *arguments):
        return measuring.run([*self.psql, url, *arguments], cwds=[self.folders[0]])


def line_count(path):
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def write_staging(files, targets):
    """PGCOPY files of staging rows: all of them to the first target, the halves to the second and third."""
    batches = []
    for path in files:
        lines = path.read_bytes().split(b"\n")[1:]
        if lines[-1] == b"":
            lines.pop()
        if any(b'"' in line for line in lines):
            raise measuring.Failed(f"{path}: quotes; the limit wants plain data")
        batches += [(first, lines[first:first + BATCH_ROWS]) for first in range(0, len(lines), BATCH_ROWS)]
    outputs = [open(target, "wb") for target in targets]
    head = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
    for output in outputs:
        output.write(head)
    # Fields behind their lengths: batch_id, position, line, slot, defect (null), fields (null), payload.
    row = struct.Struct(">hiqiqiqihiii")
    for number, (first, lines) in enumerate(batches, start=1):
        part = 1 if 2 * number <= len(batches) else 2
        data = b"".join(
            row.pack(7, 8, number, 8, position, 8, position + 1, 2, 0, -1, -1, len(line)) + line
            for position, line in enumerate(lines, start=first + 1))
        outputs[0].write(data)
        outputs[part].write(data)
    for output in outputs:
        output.write(struct.pack(">h", -1))
        output.close()
