"""speed.py PROGRAM DIR [ROUNDS]: DIR/masks.json against DIR/truth.json, boxes and masks, by `PROGRAM eval` and by pycocotools in turn, each a
process of its own from the files to the twelve figures. Prints the medians of processor and wall time, and of the ratio of each pair."""
import json
import os
import resource
import statistics
import subprocess
import sys
import time

PEER = """
import contextlib, io, sys, time
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
spent = 0
with contextlib.redirect_stdout(io.StringIO()):
    gt = COCO(sys.argv[2])
    for kind in ("bbox", "segm"):
        e = COCOeval(gt, gt.loadRes(sys.argv[1]), kind)
        start = time.process_time()
        e.evaluate(), e.accumulate(), e.summarize()
        spent += time.process_time() - start
print(spent)
"""


def run(words):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    out = subprocess.run(words, check=True, capture_output=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - start, out


def main():
    program, folder, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 3
    results, truth = f"{folder}/masks.json", f"{folder}/truth.json"
    rows = []
    for _ in range(rounds):
        ours = run([program, "eval", results, truth, "--json", "--quiet"])
        peer = run([sys.executable, "-c", PEER, results, truth])
        rows.append((ours[0], ours[1], peer[0], peer[1], float(peer[2])))
    with open(truth) as t, open(results) as r:
        gt, dt = json.load(t), json.load(r)
    median = lambda f: statistics.median(f(r) for r in rows)
    print(f"{len(gt['images'])} images, {len(gt['annotations'])} true objects, {len(dt)} detections, {rounds} pairs, {os.cpu_count()} cores")
    print(f"darkspine eval, whole: processor {median(lambda r: r[0]):.2f} s, wall {median(lambda r: r[1]):.2f} s")
    print(f"pycocotools, whole: processor {median(lambda r: r[2]):.2f} s, wall {median(lambda r: r[3]):.2f} s; evaluate, accumulate, summarize alone "
          f"{median(lambda r: r[4]):.2f} s of processor")
    print(f"ratio: processor {median(lambda r: r[2] / r[0]):.1f}, wall {median(lambda r: r[3] / r[1]):.1f}, their evaluation alone to our whole "
          f"{median(lambda r: r[4] / r[0]):.1f}")


main()
