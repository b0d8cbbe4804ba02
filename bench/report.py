# SPDX-License-Identifier: MIT
"""What the scripts that print figures have in common: the machine, its other load, and the tables of bench/README.md."""
import os
import pathlib
import re
import subprocess

BENCH = pathlib.Path(__file__).resolve().parent


class Missing(Exception):
    """What a program needs is not installed, or it does not build."""


def output_of(command, **kwargs):
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs)
    except FileNotFoundError:
        raise Missing(f"{command[0]} is not installed") from None
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if line.strip()] or ["no message"]
        errors = [line for line in lines if "error" in line]
        raise Missing(f"{command[0]}: {(errors or lines)[0].strip()}")
    return result.stdout.strip()


class OtherLoad:
    """What the rest of the machine did meanwhile: a share of all CPUs, in percent."""

    def __init__(self):
        self.start = self.now()

    @staticmethod
    def now():
        with open("/proc/stat") as file:
            fields = [int(field) for field in file.readline().split()[1:9]]
        own = os.times()
        ticks = os.sysconf("SC_CLK_TCK")
        # user, nice, system, idle, iowait, irq, softirq, steal
        busy = sum(fields) - fields[3] - fields[4]
        mine = (own.user + own.system + own.children_user + own.children_system) * ticks
        return sum(fields), busy - mine

    def percent(self):
        total, busy = (after - before for after, before in zip(self.now(), self.start))
        return max(0.0, 100.0 * busy / max(total, 1))


def machine(cc):
    model = re.search(r"^Model name:\s*(.*)$", output_of(["lscpu"]), re.M)
    try:
        commit = output_of(["git", "-C", str(BENCH), "rev-parse", "--short", "HEAD"])
        if output_of(["git", "-C", str(BENCH), "status", "--porcelain"]):
            commit += " with changes"
    except Missing:
        commit = "unknown"
    cpus = len(os.sched_getaffinity(0))
    return (f"{model[1] if model else 'unknown CPU'}, {cpus} CPUs, Linux {os.uname().release}, "
            f"{output_of([cc, '--version']).splitlines()[0]}, commit {commit}")


def number(value):
    if value >= 1000:
        return f"{value:.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def ratio_text(ratio):
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.1g}"


def write_readme(block, lines, readme=BENCH / "README.md"):
    begin, end = f"<!-- {block}: begin -->", f"<!-- {block}: end -->"
    text = readme.read_text()
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    readme.write_text(before + begin + "\n" + "\n".join(lines).strip("\n") + "\n" + end + after)


def list_of(kind):
    return lambda text: [kind(part.strip()) for part in text.split(",")]
