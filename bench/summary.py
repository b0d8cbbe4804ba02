# SPDX-License-Identifier: MIT
"""What is left of many runs: a summary of each work, as bench/results keeps it, and the tables made from those.

A summary has the machine, a cell for each row and column (the median over the rounds, the least and the greatest, the
ratio to libwt's figure of the same round, the percentiles where there are some), and the targets of the work.
"""
import json
import operator
import re
import statistics

from report import BENCH, number, ratio_text, write_readme
from rows import ABSOLUTE_TARGETS, SPREAD_TARGETS, TARGETS, USUAL_WORKS, WORKS

KEPT = BENCH / "results"

# Of single round trips or spawns; how a table calls them.
PERCENTILES = {"p50_ns": "50th percentile", "p99_ns": "99th percentile", "p999_ns": "99.9th percentile"}

# Two threads that must run at once, a third process, two CPUs: spinners then fight for time slices, and ratios lie.
QUIET_PERCENT = 5


COMPARISONS = {">=": ("at least", operator.ge), ">": ("more than", operator.gt), "<=": ("at most", operator.le)}


# --- Results ---------------------------------------------------------------------------------------------------------

def figure(result):
    for key, scale in (("rate", 1e-6), ("median_ns", 1), ("each_ns", 1), ("kib", 1)):
        if key in result:
            return result[key] * scale
    raise KeyError("no figure in the result")


class Results:
    """The figures of one session, round by round."""

    def __init__(self):
        self.figures = {}       # (work, column heading, row name): figures by round
        self.tails = {}         # (work, column heading, row name, percentile): the same
        self.versions = {}      # row name: version
        self.words = {}         # (work, column heading): nanoseconds that a word took to the other CPU, by round
        self.others = {}        # (work, column heading): percent of all CPUs that other processes took
        self.failures = []      # (work, what happened)

    def add(self, key, result):
        self.figures.setdefault(key, []).append(figure(result))
        for percentile in PERCENTILES:
            if percentile in result:
                self.tails.setdefault((*key, percentile), []).append(result[percentile])
        if result["version"]:
            self.versions[key[2]] = result["version"]

    def drop(self, key):
        """A row that fails in one round has no figure at all: its rounds would not be those of the others."""
        self.figures.pop(key, None)
        for percentile in PERCENTILES:
            self.tails.pop((*key, percentile), None)

    def ratio(self, work, heading, over, under):
        a, b = (self.figures.get((work, heading, name)) for name in (over, under))
        if not a or not b or len(a) != len(b):
            return None
        return statistics.median(x / y for x, y in zip(a, b))

    def median(self, work, heading, name):
        figures = self.figures.get((work, heading, name))
        return statistics.median(figures) if figures else None


# --- Targets ---------------------------------------------------------------------------------------------------------

def target(results, work, heading, what, bound, measured, is_reached):
    reached = "yes" if is_reached else "no"
    if results.others[work, heading] > QUIET_PERCENT:
        reached += ", but the machine was busy"
    return [work, heading, what, bound, measured, reached]


def spread(results, work, begin, own):
    """The headings, and how many times as much the dearest of them is as the cheapest."""
    headings = [column.heading for column in WORKS[work].columns if column.heading.startswith(begin)]
    medians = [results.median(work, heading, own) for heading in headings]
    medians = [median for median in medians if median is not None]
    return headings, max(medians) / min(medians) if len(medians) == len(headings) else None


def targets(results, wanted):
    """Those of one work, as far as both of their rows have been measured."""
    lines = []
    for work, heading, own, comparison, factor, other in TARGETS:
        name = other(results, work, heading) if callable(other) else other
        ratio = results.ratio(work, heading, own, name) if name and work == wanted else None
        if ratio is None:
            continue
        sign, is_reached = COMPARISONS[comparison]
        lines.append(target(results, work, heading, f"{own} ÷ {name}", f"{sign} {factor:g}", ratio_text(ratio),
                            is_reached(ratio, factor)))
    for work, heading, own, most, unit in ABSOLUTE_TARGETS:
        measured = results.median(work, heading, own) if work == wanted else None
        if measured is not None:
            lines.append(target(results, work, heading, own, f"at most {most} {unit}", f"{number(measured)} {unit}",
                                measured <= most))
    for work, begin, own, most in SPREAD_TARGETS:
        headings, measured = spread(results, work, begin, own) if work == wanted else ((), None)
        if measured is not None:
            lines.append(target(results, work, headings[-1], f"{own}: {headings[0]} to {headings[-1]}",
                                f"within {most:g}", ratio_text(measured), measured <= most))
    return lines


# --- Summaries -------------------------------------------------------------------------------------------------------

def words_text(words):
    """Says in which state the machine was, as far as this tells: see "What the machine takes" in bench/README.md."""
    if not words:
        return ""
    return (f"A word took {number(statistics.median(words))} ns to the other CPU meanwhile "
            f"({number(min(words))}–{number(max(words))}).")


def cell(results, key):
    figures = results.figures.get(key)
    if not figures:
        return None
    text = {"median": statistics.median(figures), "min": min(figures), "max": max(figures),
            "ratio": results.ratio(key[0], key[1], "libwt", key[2])}
    for percentile in PERCENTILES:
        if (*key, percentile) in results.tails:
            text[percentile] = statistics.median(results.tails[(*key, percentile)])
    return {name: float(f"{value:.6g}") for name, value in text.items() if value is not None}


def summarise(results, work, rows, where):
    """None when nothing was measured. where: the machine and how it was used."""
    headings = [column.heading for column in WORKS[work].columns
                if any(key[:2] == (work, column.heading) for key in results.figures)]
    if not headings:
        return None
    words = [word for heading in headings for word in results.words.get((work, heading), [])]
    summary = {"work": work, "title": WORKS[work].title, "unit": WORKS[work].unit, "where": where,
               "words": words_text(words), "columns": headings, "rows": [], "targets": targets(results, work)}
    for row in rows:
        cells = {heading: cell(results, (work, heading, row.name)) for heading in headings}
        if any(cells.values()):
            summary["rows"].append({"name": row.name, "kind": row.kind, "version": results.versions.get(row.name, ""),
                                    "cells": {heading: value for heading, value in cells.items() if value}})
    return summary


def keep(summary, folder):
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(summary, indent=1, ensure_ascii=False)
    # A line for each cell: what changes is then a line, too.
    text = re.sub(r"\{\s+(\"median\"[^}]*?)\s+\}", lambda match: "{" + re.sub(r"\s*\n\s*", " ", match[1]) + "}", text)
    (folder / f"{summary['work']}.json").write_text(text + "\n")


def kept(folder, works):
    files = [folder / f"{work}.json" for work in works]
    return [json.loads(file.read_text()) for file in files if file.exists()]


# --- Tables ----------------------------------------------------------------------------------------------------------

def cell_text(value):
    if not value:
        return ""
    text = f"**{number(value['median'])}** ({number(value['min'])}–{number(value['max'])})"
    return f"{text} {ratio_text(value['ratio'])}" if "ratio" in value else text


def table(summary):
    headings = summary["columns"]
    # With several columns the cells are full enough: the summary has the tails.
    tails = [key for key in PERCENTILES if len(headings) == 1
             and any(key in row["cells"][headings[0]] for row in summary["rows"])]
    titles = ["", "version", *headings, *(PERCENTILES[key] for key in tails)]
    lines = ["", f"### {summary['title']} ({summary['unit']})", "", "| " + " | ".join(titles) + " |",
             "|" + "---|" * len(titles)]
    for row in summary["rows"]:
        cells = [cell_text(row["cells"].get(heading)) for heading in headings]
        values = [row["cells"][headings[0]].get(key) for key in tails]
        cells += [number(value) if value else "" for value in values]
        lines.append("| " + " | ".join([row["name"], row["version"], *cells]) + " |")
    return lines + (["", summary["words"]] if summary.get("words") else [])


def target_table(summaries):
    lines = [line for summary in summaries for line in summary["targets"]]
    if not lines:
        return []
    head = ["work", "", "ratio", "target", "measured", "reached"]
    return ["", "### Targets", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head),
            *("| " + " | ".join(line) + " |" for line in lines)]


def document(summaries):
    """All tables; above those that were measured alike, where that was."""
    lines, where = [], None
    for summary in summaries:
        if summary["where"] != where:
            where = summary["where"]
            lines += ["", where]
        lines += table(summary)
    return lines + target_table(summaries)


def write(summaries):
    """Puts them into bench/results, and its tables into bench/README.md."""
    for summary in summaries:
        keep(summary, KEPT)
    write_readme("figures", document(kept(KEPT, USUAL_WORKS)))
    write_readme("experiment", document(kept(KEPT, ["experiment"])))
