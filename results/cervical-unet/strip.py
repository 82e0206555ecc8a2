#!/usr/bin/env python3
"""strip.py IN.h5 OUT.h5 [--masks]: a store without its truth: no corners, landmarks, values or instances, no label maps (--masks keeps these),
no class table without them, and nothing in the index but what a film from a scanner has: name, size, spacing. Needs h5py."""
import sys
import h5py

names = [a for a in sys.argv[1:] if not a.startswith("--")]
masks = "--masks" in sys.argv
with h5py.File(names[0]) as f, h5py.File(names[1], "w", libver=("earliest", "v108")) as out:
    for key, value in f.attrs.items():
        out.attrs[key] = value
    if masks:
        f.copy("classes", out)
    for case in f["cases"]:
        for part in ("image", "mask") if masks else ("image",):
            f.copy(f"cases/{case}/{part}", out.require_group(f"cases/{case}"))
    for column in ("id", "patient", "height", "width", "bits", "spacing", "spacing_source"):
        f.copy(f"index/{column}", out.require_group("index"))
