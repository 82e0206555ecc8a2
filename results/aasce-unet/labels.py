#!/usr/bin/env python3
"""labels.py FOLDER: the two ways in which the AASCE films were labelled, and the DSC of each.

FOLDER holds labels.csv (four corners of T1 to L5, y downwards). For each lot of films: the area of a labelled body over the square of its distance
from its neighbours (half of that between their centres), median and quartiles of all bodies; and DSC, precision and recall of the validation films
in it, from cases.csv beside this file."""
import csv
import re
import statistics
import sys
from pathlib import Path

LOTS = {"1 to 219": [(1, 219)], "220 to 344, 362 to 437": [(220, 344), (362, 437)], "345 to 361, 438 to 455": [(345, 361), (438, 455)]}
CORNERS = ("TL", "TR", "BR", "BL")


def lot_of(name):
    n = int(re.search(r"(\d+)", name).group(1))
    return next(lot for lot, parts in LOTS.items() if any(first <= n <= last for first, last in parts))


def bodies(row):
    levels = [k[:-5] for k in row if k.endswith("_TL_x")]
    return [[(float(row[f"{level}_{c}_x"]), float(row[f"{level}_{c}_y"])) for c in CORNERS] for level in levels]


def area(body):
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(body, body[1:] + body[:1]))) / 2


def centre(body):
    return sum(x for x, _ in body) / 4, sum(y for _, y in body) / 4


def ratios(row):
    b = bodies(row)
    for at in range(1, len(b) - 1):
        (x0, y0), (x1, y1) = centre(b[at - 1]), centre(b[at + 1])
        yield area(b[at]) / (((x1 - x0) ** 2 + (y1 - y0) ** 2) / 4)


def main():
    lots = {lot: ([], []) for lot in LOTS}
    with open(Path(sys.argv[1]) / "labels.csv", encoding="utf-8-sig") as f:
        for row in csv.DictReader(f):
            lots[lot_of(row["file"])][0].extend(ratios(row))
    with open(Path(__file__).with_name("cases.csv"), encoding="utf-8") as f:
        for row in csv.DictReader(f):
            lots[lot_of(row["case"])][1].append([float(row[k]) for k in ("DSC", "precision", "recall")])
    print("films                   area / distance^2     validated    DSC  precision  recall")
    for lot, (shape, scores) in lots.items():
        low, middle, high = statistics.quantiles(shape, n=4)
        means = "  ".join(f"{statistics.mean(c):.3f}" for c in zip(*scores))
        print(f"{lot:22s}  {middle:.2f} ({low:.2f} to {high:.2f})  {len(scores):9d}  {means}")


if __name__ == "__main__":
    main()
