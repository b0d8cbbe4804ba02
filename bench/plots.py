#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the summaries of a folder (bench/results, when it is called alone) by gnuplot, as an SVG for each plot."""
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True  # this folder is the user's source tree
from report import Missing
from summary import KEPT, PERCENTILES, kept

PLOTS = {  # work: what the columns count
    "stream": "bytes a message",
    "fanin": "producers",
    "select": "ports of the thread that receives",
    "poolscale": "workers",
    "pingpong": None,   # its percentiles
    "parked": None,
}
# libwt's rows, those that can sleep or are no threads, and the limits; each in turns.
COLOURS = {
    "libwt": ["#0b3d91", "#1f77ff", "#00a2ff", "#5ec8f2", "#7a5cff"],
    "limit": ["#8c8c8c", "#b0b0b0", "#6b6b6b"],
    "peer": ["#d62728", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#bcbd22", "#17a59a", "#c49c00",
             "#7f2704"],
}
STYLES = {"libwt": "linewidth 3", "limit": "linewidth 1.2 dashtype 2", "peer": "linewidth 1.4"}
TERMINAL = "set terminal svg size 1000,{height} dynamic font 'sans-serif,13' background '#ffffff'"


def family(row):
    return row["kind"] if row["kind"] in COLOURS else "peer"


def points_by_column(row, columns):
    cells = [(int(re.search(r"\d+", heading)[0]), row["cells"].get(heading)) for heading in columns]
    return [(x, cell["median"], cell["min"], cell["max"]) for x, cell in cells if cell]


def points_by_percentile(row, columns):
    cell = row["cells"].get(columns[0], {})
    return [(place, cell[key], cell[key], cell[key]) for place, key in enumerate(PERCENTILES) if key in cell]


def styles(rows):
    """A style for each row, by its place among those of its family: the same in each plot of a work."""
    used, found = {}, {}
    for row in rows:
        kind = family(row)
        turn = used[kind] = used.get(kind, -1) + 1
        colour = COLOURS[kind][turn % len(COLOURS[kind])]
        found[row["name"]] = f"{STYLES[kind]} linecolor rgb '{colour}' pointtype {turn % 10 + 4} pointsize 0.6"
    return found


def series(summary, points):
    """Names and points of the rows that have some, in the order of their ends: so the key reads as the lines lie."""
    drawn = [(row["name"], points(row, summary["columns"])) for row in summary["rows"]]
    return sorted([pair for pair in drawn if pair[1]], key=lambda pair: -pair[1][-1][1])


def curves(drawn, style):
    """The data blocks and the plot command."""
    blocks, parts = [], []
    for number, (name, values) in enumerate(drawn):
        blocks.append(f"$d{number} << END\n" + "".join("%g %g %g %g\n" % point for point in values) + "END")
        title = name.replace("'", "''")
        parts.append(f"$d{number} using 1:2:3:4 with yerrorlines {style[name]} title '{title}'")
    return blocks, "plot " + ", \\\n\t".join(parts)


def script(summary, axis):
    by_percentile = axis is None
    drawn = series(summary, points_by_percentile if by_percentile else points_by_column)
    if not any(len(values) > 1 for _, values in drawn):
        return None
    blocks, plot = curves(drawn, styles(summary["rows"]))
    places = sorted({point[0] for _, values in drawn for point in values})
    if by_percentile:
        names = [PERCENTILES[key].split()[0] for key in PERCENTILES]
        ticks = ", ".join(f"'{name}' {place}" for place, name in enumerate(names))
        scale = f"set xrange [-0.2:{len(names) - 0.8}]"
    else:
        ticks = ", ".join(f"'{place}' {place}" for place in places)
        scale = f"set logscale x; set xrange [{places[0] / 1.2:g}:{places[-1] * 1.2:g}]"
    height = max(480, 60 + 21 * len(drawn))     # the key is one column
    return "\n".join([TERMINAL.format(height=height), *blocks, f"set title \"{summary['title']}\" noenhanced", "set logscale y",
                      scale, f"set xtics ({ticks}) nomirror", "set ytics nomirror", "set format y '%g'",
                      f"set xlabel '{axis or 'percentile of the trips'}'", f"set ylabel '{summary['unit']}'",
                      "set grid ytics linecolor rgb '#dddddd'", "set border 3",
                      "set key outside right maxcols 1 reverse Left noenhanced", plot, ""])


def draw(folder):
    """The files that were drawn."""
    files = []
    for summary in kept(folder, PLOTS):
        text = script(summary, PLOTS[summary["work"]])
        if not text:
            continue
        try:
            drawn = subprocess.run(["gnuplot"], input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except FileNotFoundError:
            raise Missing("gnuplot is not installed") from None
        if drawn.returncode:
            raise Missing("gnuplot: " + drawn.stderr.strip())
        files.append(folder / f"{summary['work']}.svg")
        files[-1].write_text(drawn.stdout)
    return files


def main():
    try:
        files = draw(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else KEPT)
    except Missing as reason:
        sys.exit(f"no plots: {reason}")
    print("\n".join(str(file) for file in files))


if __name__ == "__main__":
    main()
