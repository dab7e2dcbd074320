"""The results as a page: ratios first."""

LABELS = {
    "emporium": "`emporium run membership`",
    "limit": "the limit, one session",
    "limit_two_sessions": "the limit, two sessions",
    "pandas": "pandas, Arrow reads and writes",
    "pandas_own_io": "pandas, its own CSV reader and writer",
    "duckdb": "DuckDB",
}
LOADED = 0.15  # share of the cores in use before a run from which on its seconds are doubtful


def number(value, digits):
    return "–" if value is None else f"{value:,.{digits}f}"


def markdown(results):
    medians, environment, expected = results["medians"], results["environment"], results["expected"]
    mine = medians["emporium"]["seconds"]
    total_cpu = {
        name: one["cpu"] + (one["server_cpu"] or 0) for name, one in medians.items()}
    lines = [
        "# Membership applications, from CSV files to CSV files",
        "",
        f"{environment['rows']:,} generated applications in {environment['files']} files "
        f"({environment['input_bytes'] / 1e6:.0f} MB), medians of {environment['rounds']} rounds, {environment['date']}. "
        "What each ratio divides by stands in Benchmarks/README.md.",
        "",
        "| emporium's speed, divided by that of | ratio | in CPU | rows/s | seconds (fastest–slowest) | CPU s: program | CPU s: server | peak MiB |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, label in LABELS.items():
        if name == "emporium":
            continue
        lines.append(row(label, medians[name], mine, total_cpu["emporium"] / total_cpu[name], environment["rows"]))
    lines.append(row(LABELS["emporium"], medians["emporium"], None, None, environment["rows"]))
    peak = medians["emporium"]["peak_mib"]
    lines += [
        "",
        f"Goals: half of the limit's speed: {verdict(medians['limit']['seconds'] / mine, 0.5)}; "
        f"3 times pandas': {verdict(medians['pandas_own_io']['seconds'] / mine, 3)} by its own reader and writer, "
        f"{verdict(medians['pandas']['seconds'] / mine, 3)} by Arrow's; "
        f"emporium's process under 64 MiB: {'met' if peak < 64 else 'missed'} ({peak:.0f}).",
        "",
        f"Everybody: {expected['rows']:,} rows = {expected['stored']:,} stored + {expected['rejected']:,} rejected "
        f"+ {expected['duplicate']:,} duplicate"
        + (", the same members and the same reasons for the same lines." if not results["problems"] else "."),
        "",
        "| the limit's steps, seconds | binary COPY in | INSERT..SELECT | COPY out | sum |",
        "|---|--:|--:|--:|--:|",
    ]
    for name in ("limit", "limit_two_sessions"):
        steps = medians[name]["steps"]
        lines.append(
            f"| {LABELS[name].removeprefix('the limit, ')} | "
            + " | ".join(number(steps[step], 2) for step in results["steps"])
            + f" | {number(sum(steps.values()), 2)} |")
    settings = ", ".join(f"{name} {value}" for name, value in environment["settings"].items())
    packages = ", ".join(
        f"{name} {environment['packages'].get(name, '?')}" for name in ("pandas", "pyarrow", "numpy", "duckdb"))
    lines += [
        "",
        f"{environment['cores']} cores ({environment['processor']}), {environment['memory_mib']:,} MiB. "
        f"PostgreSQL {environment['postgresql']}: {settings}. Python {environment['python']}: {packages}. "
        f"Seed {environment['seed']}."
        + (f" Arguments: {' '.join(environment['emporium_arguments'])}." if environment["emporium_arguments"] else ""),
    ]
    loads = [one["busy_before"] for this in results["rounds"] for one in this.values()]
    if max(loads) > LOADED:
        lines += [
            "",
            f"**The machine was not quiet**: before a run, up to {max(loads):.0%} of its cores were in use by others. "
            "Trust CPU seconds more than seconds.",
        ]
    if results["problems"]:
        lines += ["", "**They do not agree:**", ""] + [f"- {problem}" for problem in results["problems"]]
    return "\n".join(lines) + "\n"


def row(label, one, mine, cpu_ratio, rows):
    ratio = "" if mine is None else f"**{one['seconds'] / mine:.2f}**"
    in_cpu = "" if cpu_ratio is None else f"{1 / cpu_ratio:.2f}"
    return (
        f"| {label} | {ratio} | {in_cpu} | {rows / one['seconds']:,.0f} | "
        f"{one['seconds']:.2f} ({one['fastest']:.2f}–{one['slowest']:.2f}) | {number(one['cpu'], 2)} | "
        f"{number(one['server_cpu'], 2)} | {number(one['peak_mib'], 0)} |")


def verdict(ratio, goal):
    return f"{'met' if ratio >= goal else 'missed'} ({ratio:.2f})"
