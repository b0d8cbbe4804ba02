# SPDX-License-Identifier: MIT
"""Commands that do the same work, run in turn; their times beside each other."""

import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time

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


def find_builddir(given):
    for path in (given, pathlib.Path.cwd(), BENCH.parent / "build"):
        if path and (path / "libtool").exists():
            return path.resolve()
    sys.exit("no build folder: give one by --builddir")


def run(row, env, output):
    begin = time.perf_counter()
    with open(output, "wb") as file:
        result = subprocess.run(row.command, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE)
    seconds = time.perf_counter() - begin
    if result.returncode:
        sys.exit(f"{row.name}: status {result.returncode}: {result.stderr.decode().strip()}")
    return seconds


def measure(rows, rounds, env, scratch):
    """Every row once in each round, in another order. A round before them fills the page cache."""
    for number in range(rounds + 1):
        for row in random.Random(number).sample(rows, len(rows)):
            row.output = scratch / f"output-{rows.index(row)}"
            seconds = run(row, env, row.output)
            if number:
                row.seconds.append(seconds)


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
