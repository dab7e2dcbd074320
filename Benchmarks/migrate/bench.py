#!/usr/bin/env python3
"""A hundred migration files from empty, and the status when there is nothing to do: emporium, yoyo, sqitch, bare psql.
See ../README.md.

    bench.py PATH/TO/emporium [--files 100] [--rounds 5]
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import stack as stacks  # noqa: E402

LIMIT, EMPORIUM, YOYO, SQITCH = "one psql session", "emporium", "yoyo", "sqitch"
APPLY, STATUS = "apply", "status"
SQITCH_MISSING = "sqitch is missing: apt-get install -y --no-install-recommends sqitch libdbd-pg-perl"


def statements(number):
    """One file: a table with named constraints, an index, a comment; every fifth changes the table before it, too."""
    table = f"bench.item_{number:04}"
    first = "create schema bench;\n" if number == 1 else ""
    change = (f"\nalter table bench.item_{number - 1:04} add column note text not null default '';\n"
              f"update bench.item_{number - 1:04} set note = name;\n" if number % 5 == 0 else "")
    return f"""{first}create table {table} (
    item_id bigint generated always as identity constraint item_{number:04}_pkey primary key,
    name text not null constraint item_{number:04}_name_check check (name <> ''),
    price numeric(12, 2) not null constraint item_{number:04}_price_check check (price >= 0),
    made_at timestamptz not null default now()
);
create index item_{number:04}_made_at_idx on {table} (made_at);
comment on table {table} is 'table {number} of the benchmark';
insert into {table} (name, price) select 'item ' || n, n from generate_series(1, 10) n;
{change}"""


class Project:
    """The same files as each tool wants them."""

    def __init__(self, folder, files):
        self.folder = folder
        plan = ["%syntax-version=1.0.0", "%project=bench", "%uri=https://example.org/bench/", ""]
        script = ["\\set ON_ERROR_STOP on"]
        for path in ("emporium/migrations", "yoyo", "sqitch/deploy"):
            (folder / path).mkdir(parents=True)
        for number in range(1, files + 1):
            name, text = f"{number:04}_create_item_{number:04}", statements(number)
            (folder / "emporium/migrations" / f"{name}.sql").write_text(text)
            (folder / "yoyo" / f"{name}.sql").write_text(text)
            (folder / "sqitch/deploy" / f"{name}.sql").write_text(f"BEGIN;\n{text}\nCOMMIT;\n")  # as its template has it
            plan.append(f"{name} 2026-01-01T00:{number // 60:02}:{number % 60:02}Z Bench <bench@example.org> # {number}")
            # As `psql -1 -f` runs a file, without a new session for each.
            script += ["begin;", f"\\i {folder}/emporium/migrations/{name}.sql", "commit;"]
        (folder / "sqitch/sqitch.plan").write_text("\n".join(plan) + "\n")
        (folder / "sqitch/sqitch.conf").write_text("[core]\n\tengine = pg\n[user]\n\tname = Bench\n\temail = bench@example.org\n")
        (folder / "limit.sql").write_text("\n".join(script) + "\n")


def commands(stack, project, url):
    """Of each contender the command that applies, and the one that tells how things stand."""
    parts = urllib.parse.urlsplit(url)
    query = urllib.parse.parse_qs(parts.query)
    rest = f"{parts.path}?{parts.query}"
    psql = ["psql", "-X", "-q", url]
    emporium = [str(stack.binary), "migrate"]
    here = ["--root", str(project.folder / "emporium"), "--owner-role", ""]
    yoyo = [str(stacks.PYTHON.parent / "yoyo")]
    # yoyo keeps psycopg 3 by this scheme; the host of a socket is a folder, so it stands in the query.
    there = ["--batch", "--no-config-file", "--database", f"postgresql+psycopg://postgres@{rest}", str(project.folder / "yoyo")]
    sqitch = ["sqitch", "--chdir", str(project.folder / "sqitch")]
    target = f"db:pg://postgres@{urllib.parse.quote(query['host'][0], safe='')}:{query.get('port', ['5432'])[0]}{parts.path}"
    found = {
        LIMIT: (psql + ["-f", str(project.folder / "limit.sql")], psql + ["-Atc", "select count(*) from bench.item_0001"]),
        EMPORIUM: (emporium + ["apply", *here], emporium + ["status", *here]),
        YOYO: (yoyo + ["apply", *there], yoyo + ["list", *there]),
    }
    if shutil.which("sqitch"):
        found[SQITCH] = (sqitch + ["deploy", "--no-verify", target], sqitch + ["status", target])
    return found


def timed(command, environment):
    """Seconds by the wall, seconds of CPU of the program and what it starts (not of the server)."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command[:4])} … gave {done.returncode}\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


SHAPE = """
select count(*), md5(string_agg(format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default), ','
    order by table_name, ordinal_position)) from information_schema.columns where table_schema = 'bench';
select count(*), md5(string_agg(indexdef, ',' order by indexname)) from pg_indexes where schemaname = 'bench';
select count(*), md5(string_agg(pg_get_constraintdef(oid), ',' order by conrelid::regclass::text, conname))
from pg_constraint where connamespace = 'bench'::regnamespace;
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    stacks.install_rivals()
    has_sqitch = shutil.which("sqitch") is not None
    if not has_sqitch:
        print(f"{SQITCH_MISSING}; the run goes on without it", file=sys.stderr, flush=True)

    wall, cpu, versions = {}, {}, {}
    with stacks.stack(options.binary) as stack:
        project = Project(Path(stack.folder) / "project", options.files)
        subprocess.run(["chmod", "-R", "a+rX", stack.folder], check=True)
        environment_line = stack.environment_line()
        names, shape = None, None
        for number in range(options.rounds + 1):  # the first one is not counted
            names = list(commands(stack, project, stack.url()))
            for name in names if number % 2 else reversed(names):
                stack.psql("drop database if exists bench_migrate with (force)", database="postgres")
                stack.psql("create database bench_migrate template template0", database="postgres")
                stack.psql("checkpoint")
                url = stack.url("bench_migrate")
                environment = stack.environment | {"EMPORIUM_ADMIN_URL": url, "LC_ALL": "C.UTF-8"}
                for step, command in zip((APPLY, STATUS), commands(stack, project, url)[name]):
                    seconds, used, said = timed(command, environment)
                    if number:
                        wall.setdefault((name, step), []).append(seconds)
                        cpu.setdefault((name, step), []).append(used)
                    # A status that does not know the last file is no status.
                    last = f"item_{options.files:04}"
                    if step == STATUS and name != LIMIT and last not in said:
                        raise SystemExit(f"{name}: its status does not name {last}\n{said[-1500:]}")
                made = stack.psql(SHAPE, database="bench_migrate")
                shape = shape or made
                if made != shape:
                    raise SystemExit(f"{name} made another schema\n{made}\n{shape}")
        versions[YOYO] = subprocess.run(
            [stacks.PYTHON, "-c", "import importlib.metadata as m; print(m.version('yoyo-migrations'))"], capture_output=True, text=True).stdout.strip()
        if has_sqitch:
            versions[SQITCH] = subprocess.run(["sqitch", "--version"], capture_output=True, text=True).stdout.split()[-1]

    def median(of, name, step):
        return statistics.median(of[name, step])

    page = [
        "# Migrate: a hundred files, and nothing to do" if options.files == 100 else f"# Migrate: {options.files} files, and nothing to do", "",
        f"{options.files} files of about six statements from an empty database, a transaction each, then how things stand; "
        f"medians of {options.rounds} rounds (fastest to slowest). {environment_line} Load of the machine at the end: {os.getloadavg()[0]:.1f}.", "",
        "| | apply, s | ratio | ms a file | program's CPU, s | status, s | ratio | program's CPU, s |",
        "|---|--:|--:|--:|--:|--:|--:|--:|"]
    for name in names:
        label = f"{name} {versions[name]}" if name in versions else name
        cells = []
        for step in (APPLY, STATUS):
            mine = median(wall, name, step)
            cells.append(f"{mine:.2f} ({min(wall[name, step]):.2f} to {max(wall[name, step]):.2f})")
            cells.append(f"{median(wall, LIMIT, step) / mine:.2f}")
            if step == APPLY:
                cells.append(f"{1000 * mine / options.files:.1f}")
            cells.append(f"{median(cpu, name, step):.2f}")
        page.append(f"| {label} | " + " | ".join(cells) + " |")
    rivals = [name for name in names if name not in (LIMIT, EMPORIUM)]
    page += ["", "emporium is " + "; ".join(
        f"{median(wall, name, APPLY) / median(wall, EMPORIUM, APPLY):.1f} times as fast as {name} at applying, "
        f"{median(wall, name, STATUS) / median(wall, EMPORIUM, STATUS):.1f} times at the status" for name in rivals) + ".", ""]
    if not has_sqitch:
        page += [f"{SQITCH_MISSING}. It was left out of this run.", ""]
    page += ["The ratio is the limit's time divided by the tool's. The limit is one psql session that runs the same files, each between begin and commit, with no ledger, checksum or lock; "
             "for the status, psql that connects and asks one question.", ""]
    stacks.publish("migrate", "\n".join(page), {
        "files": options.files, "rounds": options.rounds, "versions": versions,
        "seconds": {f"{name}, {step}": spent for (name, step), spent in wall.items()},
        "cpu_seconds": {f"{name}, {step}": spent for (name, step), spent in cpu.items()}})


main()
