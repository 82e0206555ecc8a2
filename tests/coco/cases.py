"""cases.py DIR SEED IMAGES OBJECTS SIDE [CLASSES]: random instances as COCO's files, DIR/truth.json, DIR/boxes.json and DIR/masks.json.

Discs, cut discs and boxes of every size; detections are the true objects moved and resized, some of a wrong class, some of nothing. Scores
have two digits, so there are many ties; some true objects are crowds; some images show nothing, or have no detections; one class has no
true object and one no detection.
"""
import json
import sys

import numpy as np
from pycocotools import mask as coder


def disc(side, x, y, rx, ry, cut):
    m = np.zeros((side, side), np.uint8, order="F")
    x0, x1, y0, y1 = (int(np.clip(v, 0, side)) for v in (x - rx, x + rx + 1, y - ry, y + ry + 1))
    yy, xx = np.ogrid[y0:y1, x0:x1]
    inside = ((xx - x) / rx) ** 2 + ((yy - y) / ry) ** 2 <= 1
    m[y0:y1, x0:x1] = inside & (xx + yy < x + y + cut) if cut is not None else inside
    return m


def encoded(m):
    r = coder.encode(m)
    return {"size": [int(v) for v in r["size"]], "counts": r["counts"].decode()}


def main():
    folder, seed, images, objects, side = sys.argv[1], *map(int, sys.argv[2:6])
    classes = int(sys.argv[6]) if len(sys.argv) > 6 else 4
    rng = np.random.default_rng(seed)
    truth = {"images": [], "annotations": [], "categories": [{"id": 7 * k + 3, "name": f"class {k}"} for k in range(classes + 2)]}
    boxes, masks = [], []

    def drawn(x, y, rx, ry, cut):
        seg = encoded(disc(side, x, y, rx, ry, cut))
        return seg, float(coder.area(seg)), [float(v) for v in coder.toBbox(seg)]

    for i in range(images):
        image = 1000 - 3 * i if i < 300 else 1000 + 2 * i                # not in order
        truth["images"].append({"id": image, "height": side, "width": side, "file_name": f"{image}.png"})
        empty, silent = rng.random() < 0.08, rng.random() < 0.08
        for _ in range(0 if empty else int(rng.integers(1, 2 * objects)) if objects < 20 else objects):
            rx, ry = np.exp(rng.uniform(np.log(3), np.log(side / 5), 2))
            x, y = rng.uniform(0, side, 2)
            cut = rng.uniform(-rx, rx) if rng.random() < 0.3 else None
            seg, area, box = drawn(x, y, rx, ry, cut)
            if not area:
                continue
            k = int(rng.integers(0, classes + 1))                         # class `classes` is never detected
            crowd = int(rng.random() < 0.06)
            truth["annotations"].append({"id": len(truth["annotations"]) + 1, "image_id": image, "category_id": 7 * k + 3, "iscrowd": crowd,
                                         "bbox": box, "area": area, "segmentation": seg})
            for _ in range(0 if silent else int(rng.integers(0, 3))):
                wrong = rng.random() < 0.1
                kd = int(rng.integers(0, classes)) if wrong else min(k, classes - 1)
                if rng.random() < 0.05:
                    kd = classes + 1                                      # of which there is no true object
                s = np.exp(rng.normal(0, 0.12, 2))
                d = rng.normal(0, 0.12, 2) * (rx, ry) * (rng.random() < 0.85)
                exact = rng.random() < 0.1
                seg2, area2, box2 = (seg, area, box) if exact else drawn(x + d[0], y + d[1], rx * s[0], ry * s[1], cut)
                if not area2:
                    continue
                one = {"image_id": image, "category_id": 7 * kd + 3, "score": round(float(rng.beta(3, 2)), 2)}
                loose = box2 if exact else [round(float(v + rng.normal(0, 0.4)), 3) for v in box2[:2]] + [round(v, 3) for v in box2[2:]]
                boxes.append({**one, "bbox": loose})
                masks.append({**one, "segmentation": seg2})
    for name, what in (("truth", truth), ("boxes", boxes), ("masks", masks)):
        with open(f"{folder}/{name}.json", "w") as f:
            json.dump(what, f)


main()
