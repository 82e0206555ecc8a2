"""Medians, ratios and peak memory of the rounds that run.sh collected: one JSON object a line on stdin, a table on stdout."""
import collections
import json
import statistics
import sys

rounds = collections.defaultdict(list)
for line in sys.stdin:
    r = json.loads(line)
    rounds[r["pass"], r["name"]].append(r)

print("%-10s %-28s %6s %9s %9s %9s %7s %10s %7s" % ("pass", "program", "rounds", "median s", "least s", "most s", "ratio", "peak MiB", "ratio"))
for which in ("inference", "training"):
    ours = rounds.get((which, "darkspine"))
    if not ours:
        continue
    base = statistics.median(r["seconds"] for r in ours)
    room = max(r["peak_rss"] or 0 for r in ours)
    for (kind, name), rs in rounds.items():
        if kind != which:
            continue
        s = sorted(r["seconds"] for r in rs)
        peak = max(r["peak_rss"] or 0 for r in rs)
        print("%-10s %-28s %6d %9.3f %9.3f %9.3f %7.2f %10.1f %7.2f" % (which, name, len(s), statistics.median(s), s[0], s[-1],
                                                                statistics.median(s) / base, peak / 2**20, peak / room if room else 0))
print("ratio: against darkspine; above 1 it is slower, or takes more memory")
