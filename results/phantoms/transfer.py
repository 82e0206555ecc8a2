#!/usr/bin/env python3
"""transfer.py RUN VERSE_DRR [FILMS [OUT.png]]: how a network trained on phantoms alone does on films that are none. Predicts both folders with
`darkspine predict RUN` (DARKSPINE names another program, THRESHOLD a probability instead of the larger class), prints for the simulated
films of VERSE_DRR (images/, and masks/ of whole vertebrae, body and posterior elements)
  found    vertebrae in whose mask the centroid of a predicted piece lies: a piece is a connected component of class 1 of more than 400 pixels
  cut      the same after pieces that hang together by necks are cut: components of what is left 3, 6, .. 15 pixels inside the border, each the
           first time that it stands alone, count in place of the whole
  inside   share of the pixels of class 1 that lie in any vertebra's mask, and their number
and draws OUT.png, class 1 over all films, side by side. Needs numpy, scipy, h5py and PIL."""
import glob
import os
import re
import subprocess
import sys
import tempfile

import h5py
import numpy as np
from PIL import Image
from scipy import ndimage

LEAST, DEEPEST, STEP = 400, 15, 3
PROGRAM, THRESHOLD = os.environ.get("DARKSPINE", "./darkspine"), float(os.environ.get("THRESHOLD", 0.5))


def predict(run, folder, scratch):
    """{stem: map of class 1} for every film of a folder."""
    out = os.path.join(scratch, os.path.basename(os.path.normpath(folder)))
    subprocess.run([PROGRAM, "predict", run, folder, "--out", out, "--probabilities", "--quiet", "--overlay", "0"],
                   check=True, stdout=subprocess.DEVNULL)
    maps = {}
    with h5py.File(os.path.join(out, "predictions.h5")) as f:
        f.visititems(lambda name, o: maps.update({os.path.basename(os.path.dirname(name)): o[..., 1] > THRESHOLD})
                     if name.endswith("/probabilities") else None)
    return maps


def pieces(found):
    label, n = ndimage.label(found)
    size = ndimage.sum_labels(found, label, range(1, n + 1))
    return [label == i + 1 for i in range(n) if size[i] > LEAST]


def cut(piece, depth=STEP):
    """The parts that a piece falls into when it is worn down; itself where it does not."""
    while depth <= DEEPEST:
        inner = pieces(ndimage.distance_transform_edt(piece) > depth)
        if len(inner) > 1:
            return [part for i in inner for part in cut(i, STEP)]
        depth += STEP
    return [piece]


def centroids(parts):
    return [tuple(int(round(c)) for c in ndimage.center_of_mass(p)) for p in parts]


def drr(run, folder, scratch):
    total = found = apart = inside = pixels = 0
    maps = predict(run, os.path.join(folder, "images"), scratch)
    for stem, got in sorted(maps.items()):
        series, view = re.fullmatch(r"(.+)_(\d+)", stem).groups()
        masks = [(np.asarray(Image.open(p).convert("L")) > 0, p) for p in sorted(glob.glob(f"{folder}/masks/{series}_*_whole_{view}.png"))]
        whole = pieces(got)
        single, split = centroids(whole), centroids([part for p in whole for part in cut(p)])
        hit = [sum(any(m[c] for c in marks) for m, _ in masks) for marks in (single, split)]
        any_ = np.any([m for m, _ in masks], axis=0)
        print(f"{stem}: found {hit[0]}, cut {hit[1]} of {len(masks)}; {len(whole)} pieces; inside {np.sum(got & any_) / max(1, got.sum()):.3f}", flush=True)
        total, found, apart = total + len(masks), found + hit[0], apart + hit[1]
        inside, pixels = inside + int(np.sum(got & any_)), pixels + int(got.sum())
    print(f"all: found {found} of {total}, cut {apart} of {total}, inside {inside / max(1, pixels):.3f} of {pixels} pixels", flush=True)
    return maps


def overlay(path, got, side=420):
    grey = np.asarray(Image.open(path).convert("L"), dtype=np.float32)
    low, high = np.percentile(grey, (1, 99.5))
    grey = 255 * np.clip((grey - low) / max(high - low, 1), 0, 1) ** 0.7
    rgb = np.stack([grey, grey, grey], -1)
    rgb[got] = 0.65 * rgb[got] + 0.35 * np.array([255, 80, 40])
    rgb[got & ~ndimage.binary_erosion(got, iterations=max(1, grey.shape[0] // 500))] = (255, 80, 40)
    film = Image.fromarray(rgb.astype(np.uint8))
    film.thumbnail((side, 560))
    return film


def main():
    run, folder = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as scratch:
        shown = [overlay(f"{folder}/images/{s}.png", m) for s, m in sorted(drr(run, folder, scratch).items())]
        if len(sys.argv) > 3:
            maps = predict(run, sys.argv[3], scratch)
            shown += [overlay(p, maps[os.path.splitext(os.path.basename(p))[0]]) for p in sorted(glob.glob(sys.argv[3] + "/*.jpg"))]
    if len(sys.argv) > 4:
        sheet = Image.new("RGB", (sum(s.width + 6 for s in shown), max(s.height for s in shown)))
        x = 0
        for s in shown:
            sheet.paste(s, (x, 0))
            x += s.width + 6
        sheet.save(sys.argv[4])


main()
