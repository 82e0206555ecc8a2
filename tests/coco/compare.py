"""compare.py PROGRAM DIR: average precision and recall of DIR/boxes.json and DIR/masks.json against DIR/truth.json, by `PROGRAM eval` and by
pycocotools: the twelve figures of both kinds, AP by threshold, and AP by class, each within 1e-6. Exit 1 where one differs."""
import contextlib
import io
import json
import subprocess
import sys

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

NAMES = ["AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR1", "AR10", "AR100", "AR_small", "AR_medium", "AR_large"]


def peer(truth, results, kind):
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO(truth)
        e = COCOeval(gt, gt.loadRes(results), kind)
        e.evaluate(), e.accumulate(), e.summarize()
    p = e.eval["precision"][:, :, :, 0, 2]                                # thresholds, recalls, classes
    mean = lambda x: float(np.mean(x[x > -1])) if (x > -1).any() else None
    return {n: None if v == -1 else float(v) for n, v in zip(NAMES, e.stats)}, [mean(p[t]) for t in range(10)], \
        {int(c): mean(p[:, :, k]) for k, c in enumerate(e.params.catIds)}


def main():
    program, folder = sys.argv[1:3]
    worst, compared = 0.0, 0
    for kind, name in (("bbox", "boxes"), ("segm", "masks")):
        truth, results = f"{folder}/truth.json", f"{folder}/{name}.json"
        ours = json.loads(subprocess.run([program, "eval", results, truth, "--json", "--quiet"], check=True, capture_output=True).stdout)
        ours = ours["instances"][kind]
        figures, steps, by_class = peer(truth, results, kind)
        pairs = [(n, ours[n], figures[n]) for n in NAMES] + [(f"AP at step {t}", a, b) for t, (a, b) in enumerate(zip(ours["by_threshold"], steps))]
        pairs += [(f"AP of class {c['value']}", c["AP"], by_class[c["value"]]) for c in ours["classes"]]
        for what, a, b in pairs:
            compared += 1
            off = 0.0 if a is None and b is None else float("inf") if a is None or b is None else abs(a - b)
            worst = max(worst, off)
            if not off <= 1e-6:
                print(f"{folder}: {kind}: {what}: {a}, pycocotools {b}")
    print(f"{compared} figures, largest difference {worst:.1e}")
    return worst > 1e-6


sys.exit(main())
