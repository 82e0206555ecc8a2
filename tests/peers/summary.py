"""Medians, ratios and peak memory of the rounds that run.sh collected: one JSON object a line on stdin, a table on stdout."""
import collections
import json
import statistics
import sys

rounds = collections.defaultdict(list)
for line in sys.stdin:
    r = json.loads(line)
    rounds[r["pass"], r["name"]].append(r)

ours = sorted({name for _, name in rounds if name.startswith("darkspine")}, reverse=True)      # float32 before bf16
print("%-10s %-34s %6s %9s %9s %9s %10s" % ("pass", "program", "rounds", "median s", "least s", "most s", "peak MiB")
      + "".join("  time, memory / %-8s" % n.split()[1] for n in ours))
for which in ("inference", "training"):
    median = {name: statistics.median(r["seconds"] for r in rs) for (kind, name), rs in rounds.items() if kind == which}
    peak = {name: max(r["peak_rss"] or 0 for r in rs) for (kind, name), rs in rounds.items() if kind == which}
    for name in median:
        s = sorted(r["seconds"] for r in rounds[which, name])
        ratios = "".join("  %10.2f %12.2f" % (median[name] / median[n], peak[name] / peak[n] if peak[n] else 0) for n in ours if n in median)
        print("%-10s %-34s %6d %9.3f %9.3f %9.3f %10.1f%s" % (which, name, len(s), median[name], s[0], s[-1], peak[name] / 2**20, ratios))
print("time, memory: against darkspine in that precision; above 1 it is slower, or takes more memory")
