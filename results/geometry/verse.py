#!/usr/bin/env python3
"""Finds the bodies in masks of whole vertebrae (verse_drr: body and posterior elements in one mask, overlapping those beside it) and checks that
they lie inside: the mask is cut at the narrowest place of its middle third, between body and arch; corners of the part in front are found as
on any mask. Draws what it found.

Usage: verse.py LIBRARY VERSE_FOLDER OUT_FOLDER     (LIBRARY: the libdarkspine-geometry.so of `make geometry`; needs python3-pil, python3-numpy)"""
import ctypes as C, glob, os, re, sys
import numpy as np
from PIL import Image, ImageDraw

class Point(C.Structure): _fields_ = [('x', C.c_double), ('y', C.c_double)]
class Quad(C.Structure): _fields_ = [('p', Point * 4)]
class Contour(C.Structure): _fields_ = [('p', C.POINTER(Point)), ('n', C.c_int64)]
class Body(C.Structure): _fields_ = [('quad', Quad), ('centre', Point), ('area', C.c_double), ('disagreement', C.c_double),
    ('method', C.c_int), ('faults', C.c_uint)]
class Options(C.Structure): _fields_ = [('size', C.c_size_t), ('method', C.c_int), ('trim', C.c_double), ('up', Point), ('cervical', C.c_int),
    ('fractured', C.c_int)]

geo = C.CDLL(sys.argv[1])
geo.geo_contour_split.argtypes = [C.POINTER(Contour), Point, C.c_void_p]
geo.geo_contour_trace.argtypes = [C.c_void_p, C.c_int64, C.c_int64, C.POINTER(Contour), C.c_void_p]
geo.geo_mask_fill.argtypes = [C.POINTER(Contour), C.c_void_p, C.c_int64, C.c_int64, C.c_uint8]
LEVELS = [f'T{i}' for i in range(1, 13)] + [f'L{i}' for i in range(1, 6)]

def at(a): return a.ctypes.data_as(C.c_void_p)

def contour_of(mask):
    c = Contour()
    return None if geo.geo_contour_trace(at(mask), *mask.shape, C.byref(c), None) else c

def body_of(mask, forwards):
    """The part of the mask in front of its narrowest place, and the corners of that."""
    c, part, o, b = contour_of(mask), (Contour * 2)(), Options(), Body()
    geo.geo_corners_defaults(C.byref(o))
    o.up, o.fractured = Point(forwards[1], -forwards[0]), 1
    status = geo.geo_contour_split(C.byref(c), Point(*forwards), part)
    geo.geo_contour_free(C.byref(c))
    if status: return None
    status = geo.geo_corners_find(C.byref(part[0]), C.byref(o), C.byref(b))
    for k in range(2): geo.geo_contour_free(C.byref(part[k]))
    return b if not status or b.method else None

def main():
    rows, os_out = [], sys.argv[3]
    os.makedirs(os_out, exist_ok=True)
    for film in sorted(glob.glob(sys.argv[2] + '/images/*.png')):
        stem, n = re.match(r'(.*)_(\d+)\.png', os.path.basename(film)).groups()
        whole = {}
        for path in glob.glob(f'{sys.argv[2]}/masks/{stem}_*_whole_{n}.png'):
            level = re.search(r'_([TL]\d+)_whole', path).group(1)
            whole[level] = np.ascontiguousarray((np.array(Image.open(path).convert('L')) > 0).astype(np.uint8))
        order = [v for v in LEVELS if v in whole]
        centre = {v: np.argwhere(whole[v]).mean(0)[::-1] for v in order}
        picture = Image.open(film).convert('RGB')
        draw = ImageDraw.Draw(picture)
        for i, v in enumerate(order):
            d = centre[order[max(i - 1, 0)]] - centre[order[min(i + 1, len(order) - 1)]]
            b = body_of(whole[v], (-d[1] / np.hypot(*d), d[0] / np.hypot(*d)))          # the patient looks to the right
            edge = bool(whole[v][[0, -1]].any() or whole[v][:, [0, -1]].any())
            if not b: rows.append((n, v, edge, None)); continue
            q = [(p.x, p.y) for p in b.quad.p]
            drawn = np.zeros_like(whole[v])
            geo.geo_mask_fill(C.byref(Contour((Point * 4)(*[Point(*p) for p in q]), 4)), at(drawn), *drawn.shape, 1)
            x, y = np.mean(q, 0)
            inside = (drawn & whole[v]).sum() / drawn.sum()
            hit = bool(whole[v][int(round(y)), int(round(x))])
            rows.append((n, v, edge, inside, hit, drawn.sum() / whole[v].sum(), b.faults))
            shade = np.array(picture, dtype=float)
            rim = whole[v].astype(bool) & ~(np.roll(whole[v], 2, 0) & np.roll(whole[v], -2, 0) & np.roll(whole[v], 2, 1) & np.roll(whole[v], -2, 1)).astype(bool)
            shade[rim] = shade[rim] * .4 + np.array([(86, 180, 233), (230, 159, 0)][i % 2]) * .6
            picture = Image.fromarray(shade.astype(np.uint8))
            draw = ImageDraw.Draw(picture)
            draw.line(q + q[:1], fill=(255, 255, 255) if not b.faults else (255, 120, 60), width=3)
            draw.text((x, y), v, fill=(255, 255, 0))
        picture.save(f'{os_out}/{stem}_{n}.png')
    print('film\tlevel\tcut by the border\tshare inside\tcentre inside\tshare of the whole\tfaults')
    for r in rows: print('\t'.join(f'{x:.3f}' if isinstance(x, float) else str(x) for x in r))
    seen = [r for r in rows if r[3] is not None]
    for name, some in (('all', seen), ('not cut by the border', [r for r in seen if not r[2]])):
        print(f'{name}: {len(some)} of {len(rows)} masks, centre inside {sum(r[4] for r in some)}, share of pixels inside: least '
            f'{min(r[3] for r in some):.3f}, mean {np.mean([r[3] for r in some]):.3f}')

main()
