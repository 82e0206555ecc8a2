#!/usr/bin/env python3
"""limits.py PREDICTIONS STORE: what the DSC would be if something about every film were known from its own truth.

PREDICTIONS: predictions.h5 of `predict --probabilities`; STORE: the films with their masks. Prints the mean DSC as predicted; with the best
of nine thresholds for each film, or one for each lot of films that was labelled alike (labels.py); with the border moved by the best of
nine distances (up to 0.2 of a body's side) for each film; and with the whole map shifted by the best of 81 steps of 2 pixels. Wants
h5py, numpy and scipy."""
import sys

import h5py
import numpy
from scipy.ndimage import distance_transform_edt

from labels import LOTS, lot_of

BODIES = 17                                  # T1 to L5


def dsc(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def of_film(truth, bone):
    mask = bone > 0.5
    inside = distance_transform_edt(mask) - distance_transform_edt(~mask)
    side = numpy.sqrt(mask.sum() / BODIES)
    steps = range(-8, 9, 2)
    return ([dsc(bone > t / 10, truth) for t in range(1, 10)],
            max(dsc(inside > side * f / 20, truth) for f in range(-4, 5)),
            max(dsc(numpy.roll(mask, (y, x), (0, 1)), truth) for y in steps for x in steps))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with h5py.File(sys.argv[1]) as predicted, h5py.File(sys.argv[2]) as store:
        cases = [case for case in predicted if "%s/probabilities" % case in predicted]
        rows = [of_film(store["cases/%s/mask" % case][...] > 0, predicted[case + "/probabilities"][..., 1]) for case in cases]
    by_threshold = numpy.array([row[0] for row in rows])
    lots = [by_threshold[[lot_of(case) == lot for case in cases]] for lot in LOTS]
    means = [("as predicted", by_threshold[:, 4].mean()),
             ("best threshold of each lot", sum(lot.mean(axis=0).max() * len(lot) for lot in lots if len(lot)) / len(cases)),
             ("best threshold of each film", by_threshold.max(axis=1).mean()),
             ("best border of each film", numpy.mean([row[1] for row in rows])),
             ("best shift of each film", numpy.mean([row[2] for row in rows]))]
    for name, mean in means:
        print("%-28s %.3f  (%d films)" % (name, mean, len(rows)))


main()
