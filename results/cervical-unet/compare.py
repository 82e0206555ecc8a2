#!/usr/bin/env python3
"""compare.py TRUTH.json MEASURED.json: what `darkspine measure --json` says of the true landmarks against what it says of label maps, film by film,
as a table in Markdown. Failed: the truth has a value and the label map gives none."""
import json
import statistics as st
import sys

ROWS = [("McG_dist", "McGregor line, dens tip above it"), ("BDI", "BDI"), ("BAI", "BAI"), ("Powers", "Powers ratio"), ("ADI", "ADI"), ("SAC", "SAC"),
        ("T1S", "T1 slope"), ("cSVA", "cSVA"), ("CL", "CL, C2 to C7"), ("Chamb_dist", "Chamberlain line, dens tip above it"), ("C7S", "C7 slope")]
UNITS = {"Powers": "", "T1S": "°", "CL": "°", "C7S": "°"}


def cases(path):
    with open(path) as f:
        return {c["id"]: c for c in json.load(f)["cases"]}


def quantile(v, q):
    v, at = sorted(v), q * (len(v) - 1)
    low = int(at)
    return v[low] + (at - low) * (v[min(low + 1, len(v) - 1)] - v[low])


truth, measured = cases(sys.argv[1]), cases(sys.argv[2])
print("| parameter | truth, mean ± SD | films | failed | MAE ± SD | median | P90 | largest | bias |\n|---|---|---|---|---|---|---|---|---|")
for key, name in ROWS:
    true = {i: c["values"][key] for i, c in truth.items() if key in c["values"]}
    off = [measured[i]["values"][key] - v for i, v in true.items() if key in measured.get(i, {"values": {}})["values"]]
    unit, n = UNITS.get(key, " mm"), len(true)
    head = f"| {name} | {st.mean(true.values()):.2f} ± {st.stdev(true.values()):.2f}{unit} | {n} | {n - len(off)} ({100 * (n - len(off)) / n:.0f} %) |"
    if len(off) < 2:
        print(head, "| | | | |")
        continue
    size = [abs(d) for d in off]
    print(head, f"{st.mean(size):.2f} ± {st.stdev(size):.2f}{unit} | {st.median(size):.2f} | {quantile(size, .9):.2f} | {max(size):.2f} | {st.mean(off):+.2f} |")
