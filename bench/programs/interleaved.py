# SPDX-License-Identifier: MIT
"""Commands that do the same work, run in turn; their times beside each other."""

import argparse
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time

REALTIME = ["chrt", "-f", "1"]
BENCH = pathlib.Path(__file__).resolve().parent.parent


class Row:
    def __init__(self, name, command):
        self.name = name
        self.command = command      # its last output goes to `output`
        self.seconds = []
        self.output = None

    def median(self):
        return statistics.median(self.seconds)


def own_program(builddir, name):
    """A program of programs/, without the script by which libtool finds the library each time."""
    for path in (builddir / "programs" / ".libs" / name, builddir / "programs" / name):
        if path.exists():
            return str(path)
    sys.exit(f"{builddir}/programs/{name} is not built")


def environment(builddir):
    return {**os.environ, "LC_ALL": "C", "LD_LIBRARY_PATH": str(builddir / ".libs")}


def peer(name):
    """Whether a peer is there; says so where it is not."""
    if shutil.which(name):
        return True
    print(f"skipped: {name} is not installed")
    return False


def options_of(description, mib):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--builddir", type=pathlib.Path, help="where libwt is built")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mib", type=int, default=mib, help=f"of the large inputs, {mib} as a rule")
    parser.add_argument("--realtime", action="store_true",
                        help="run under SCHED_FIFO, for a machine that does other work, which has the pauses between")
    return parser.parse_args()


def find_builddir(given):
    for path in (given, pathlib.Path.cwd(), BENCH.parent / "build"):
        if path and (path / "libtool").exists():
            return path.resolve()
    sys.exit("no build folder: give one by --builddir")


def run(row, builddir, realtime):
    command = [*REALTIME, *row.command] if realtime else row.command
    begin = time.perf_counter()
    with open(row.output, "wb") as file:
        result = subprocess.run(command, env=environment(builddir), stdin=subprocess.DEVNULL, stdout=file,
                                stderr=subprocess.PIPE)
    seconds = time.perf_counter() - begin
    if result.returncode:
        sys.exit(f"{row.name}: status {result.returncode}: {result.stderr.decode().strip()}")
    return seconds


def measure(rows, options, builddir, scratch):
    """Every row once in each round, in another order. A round before them fills the page cache."""
    for number in range(options.rounds + 1):
        for row in random.Random(number).sample(rows, len(rows)):
            row.output = scratch / f"output-{rows.index(row)}"
            seconds = run(row, builddir, options.realtime)
            if number:
                row.seconds.append(seconds)
            if options.realtime:
                time.sleep(seconds)


def ratio(row, own):
    """How many times as long as our program the row took: the median of the rounds."""
    return statistics.median(a / b for a, b in zip(row.seconds, own.seconds))


def table(title, rows, extra=None):
    """The first row is our program's. `extra` is a heading, and a function of a row."""
    lines = ["", f"### {title}", "", "| | seconds | times as long |" + (f" {extra[0]} |" if extra else ""),
             "|---|---|---|" + ("---|" if extra else "")]
    for row in rows:
        cells = [row.name, f"**{row.median():.3f}** ({min(row.seconds):.3f}–{max(row.seconds):.3f})",
                 f"{ratio(row, rows[0]):.2f}"]
        if extra:
            cells.append(extra[1](row))
        lines.append("| " + " | ".join(cells) + " |")
    print("\n".join(lines))
