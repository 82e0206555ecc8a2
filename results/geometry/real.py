#!/usr/bin/env python3
"""Checks the geometry library on public data: the Cobb angles of AASCE (455 frontal films) from the given corners and from bodies drawn as
masks and measured back at several film sizes, and PI = PT + SS on the UCI vertebral column table.

Usage: real.py LIBRARY AASCE_FOLDER UCI_FOLDER      (LIBRARY: the libdarkspine-geometry.so of `make geometry`)"""
import csv, ctypes as C, statistics, sys

class Point(C.Structure): _fields_ = [('x', C.c_double), ('y', C.c_double)]
class Quad(C.Structure): _fields_ = [('p', Point * 4)]
class Contour(C.Structure): _fields_ = [('p', C.POINTER(Point)), ('n', C.c_int64)]
class Box(C.Structure): _fields_ = [(k, C.c_int64) for k in ('x0', 'y0', 'x1', 'y1', 'area')]
class Body(C.Structure): _fields_ = [('quad', Quad), ('centre', Point), ('area', C.c_double), ('disagreement', C.c_double),
    ('method', C.c_int), ('faults', C.c_uint)]
class Cobb(C.Structure): _fields_ = [('main', C.c_double), ('upper', C.c_double), ('lower', C.c_double), ('upper_end', C.c_int),
    ('lower_end', C.c_int), ('convex', C.c_int), ('s_shaped', C.c_int), ('scoliosis', C.c_int), ('grade', C.c_char_p)]

LEVELS = ['T%d' % i for i in range(1, 13)] + ['L%d' % i for i in range(1, 6)]
geo = C.CDLL(sys.argv[1])
geo.geo_mask_fill.restype = C.c_int64
geo.geo_mask_fill.argtypes = [C.POINTER(Contour), C.c_void_p, C.c_int64, C.c_int64, C.c_uint8]
geo.geo_contour_label.argtypes = [C.c_void_p, C.c_int64, C.c_int64, C.c_uint8, C.POINTER(Box), C.POINTER(Contour), C.c_void_p]
geo.geo_boxes.argtypes = [C.c_void_p, C.c_int64, C.c_int64, C.c_void_p]
geo.geo_cobb_find.argtypes = [C.c_void_p, C.c_int, C.c_double, C.c_double, C.c_double, C.c_int, C.POINTER(Cobb)]

def cobb(quads, sx, sy, height):
    q, out = (Quad * 17)(*quads), Cobb()
    return out if geo.geo_cobb_find(q, 17, sx, sy, height, 0, C.byref(out)) == 0 else None

def given(row):
    at = lambda level, c: Point(float(row[f'{level}_{c}_x']), float(row[f'{level}_{c}_y']))
    return [Quad((Point * 4)(*[at(level, c) for c in ('TL', 'TR', 'BR', 'BL')])) for level in LEVELS]

def drawn_back(quads, h, w, fx, fy):
    """The quads drawn into masks of h x w (scaled by fx, fy), each alone, and their corners found again; None where one is not found."""
    found = []
    for q in quads:
        p = (Point * 4)(*[Point((c.x + .5) * fx - .5, (c.y + .5) * fy - .5) for c in q.p])
        x0, y0 = int(min(c.x for c in p)) - 2, int(min(c.y for c in p)) - 2
        bw, bh = int(max(c.x for c in p)) - x0 + 4, int(max(c.y for c in p)) - y0 + 4
        for c in p: c.x -= x0; c.y -= y0
        mask = (C.c_uint8 * (bw * bh))()
        geo.geo_mask_fill(C.byref(Contour(p, 4)), mask, bh, bw, 1)
        box, out, body = (Box * 256)(), Contour(), Body()
        geo.geo_boxes(mask, bh, bw, box)
        if geo.geo_contour_label(mask, bh, bw, 1, box[1], C.byref(out), None): return None
        for i in range(out.n): out.p[i].y *= fx / fy                     # pixels of equal sides
        status = geo.geo_corners_find(C.byref(out), None, C.byref(body))
        geo.geo_contour_free(C.byref(out))
        if status and not body.method: return None
        for c in body.quad.p: c.x += x0; c.y = c.y * fy / fx + y0
        found.append(body.quad)
    return found

def main():
    rows = list(csv.DictReader(open(sys.argv[2] + '/labels.csv')))
    worst, upper, lower = 0, 0, 0
    for r in rows:
        c = cobb(given(r), 1, 1, float(r['height']))
        worst = max(worst, abs(c.main - float(r['cobb_main_deg'])))
        upper += abs(c.upper - float(r['cobb_upper_deg'])) <= 1
        lower += abs(c.lower - float(r['cobb_lower_deg'])) <= 1
    print(f'AASCE, given corners: {len(rows)} films, main angle worst {worst:.4f}, upper within 1: {upper}, lower within 1: {lower}')
    print('AASCE, drawn as masks and measured back (main angle against the given corners; degrees)')
    print('size\tfilms\tMAE\tmedian\tP95\tabove 5 degrees\tMAE of the others')
    for name, size in (('native', 1), ('half', 2), ('quarter', 4), ('896 x 320', None)):
        errors, lost = [], 0
        for r in rows:
            h, w = float(r['height']), float(r['width'])
            fx, fy = (320 / w, 896 / h) if size is None else (1 / size, 1 / size)
            q = given(r)
            back = drawn_back(q, h, w, fx, fy)
            c = back and cobb(back, 1 / fx, 1 / fy, h * fy)
            if not c: lost += 1; continue
            errors.append(abs(c.main - cobb(q, 1, 1, h).main))
        errors.sort()
        n = len(errors)
        beyond = sum(e > 5 for e in errors)
        print(f'{name}\t{n} ({lost} lost)\t{sum(errors) / n:.2f}\t{statistics.median(errors):.2f}\t{errors[int(.95 * n)]:.2f}\t'
            f'{beyond}\t{sum(e for e in errors if e <= 5) / (n - beyond):.2f}')
    uci = list(csv.DictReader(open(sys.argv[3] + '/column_3C_weka.csv')))
    off = max(abs(float(r['pelvic_incidence']) - float(r['pelvic_tilt']) - float(r['sacral_slope'])) for r in uci)
    print(f'UCI: {len(uci)} patients, largest |PI - PT - SS| {off:.2g}')

main()
