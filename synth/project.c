/* project.c - solids into path-length maps; see project.h. A solid is drawn twice over one box: the whole, and the core, whose outline lies
 * inside by the thickness of the shell on the walls and of the bony plate on the plates; shell = whole - core. Half the width at a pixel
 * comes from tables over q and v, since powers are dear. The length of a slice within the solid is exact, so a solid that is not tilted
 * needs one. */
#include "synth/project.h"
#include "base/die.h"
#include "synth/filter.h"
#include "synth/shapes.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE = 64, MOST_SLICES = 48 };

typedef struct sampled {                 /* a solid before it is swept: over box b */
    box    b;
    float *cover, *inner;                /* share of the pixel within the outline, within the core's */
    float *half, *core_half;             /* mm along the beam from its lateral centre */
    float *grain;                        /* what the core's length is multiplied by */
} sampled;

void project_beam(const film *f, const double p[2], double shift[2])
{
    shift[0] = (p[0] - f->focus[0]) / f->source_distance;
    shift[1] = f->slot ? 0 : (p[1] - f->focus[1]) / f->source_distance;
}

/* Bodies and heads have their own law of thickness; the rest of the skeleton is given as slabs, and bones have no sharp edges: they thin
 * out over this many mm from their border. */
static double rounding(const solid *s)
{
    static const double mm[] = { [PART_ARCH] = 2.2, [PART_PEDICLE] = 2, [PART_FACET] = 2.5, [PART_LAMINA] = 2.2, [PART_SPINOUS] = 2.5,
        [PART_TRANSVERSE] = 2.2,
                                 [PART_SACRUM] = 3.5, [PART_FEMUR] = 7, [PART_SKULL] = 2, [PART_PALATE] = 1.5, [PART_OTHER] = 0 };
    return s->power[0] > 0 && s->part != PART_FEMUR ? 0 : mm[s->part];
}

/* Halves get thinner towards the outline, as a quarter of a circle does. */
static void round_off(const maps *m, const solid *s, sampled *o, float *soft)
{
    const int64_t w = o->b.x1 - o->b.x0, h = o->b.y1 - o->b.y0;
    const double mm = rounding(s);
    if (mm <= 0) return;
    memcpy(soft, o->cover, (size_t)(h * w) * sizeof *soft);
    filter_gauss(soft, h, w, 0.6 * mm / m->spacing, 0.6 * mm / m->spacing);
    for (int64_t i = 0; i < h * w; i++) {
        const float in = 2 * soft[i] - 1, u = in > 0.02f ? 1 - in : 0.98f, k = sqrtf(1 - u * u);
        o->half[i] *= k, o->core_half[i] = fmaxf(o->half[i] - (float)s->shell_mm, 0);
    }
}

/* (q, v) of point p by the inverse of the bilinear map of the corners. */
static void frame_of(const double (*corner)[2], const double p[2], double *q, double *v)
{
    double e[2], g[2], k[2], d[2];
    for (int i = 0; i < 2; i++) {
        e[i] = corner[SP][i] - corner[SA][i], g[i] = corner[IA][i] - corner[SA][i];
        k[i] = corner[SA][i] - corner[SP][i] + corner[IP][i] - corner[IA][i], d[i] = p[i] - corner[SA][i];
    }
    const double a = k[0] * g[1] - k[1] * g[0], b = e[0] * g[1] - e[1] * g[0] + d[0] * k[1] - d[1] * k[0], c = d[0] * e[1] - d[1] * e[0];
    /* a v^2 + b v + c = 0, the root that is -c / b for a = 0 */
    const double root = b * b - 4 * a * c, s = root > 0 ? sqrt(root) : 0;
    const double t = b >= 0 ? b + s : b - s;
    *v = t != 0 ? -2 * c / t : 0;
    const double ex = e[0] + k[0] * *v, ey = e[1] + k[1] * *v, len = ex * ex + ey * ey;
    *q = len > 0 ? ((d[0] - g[0] * *v) * ex + (d[1] - g[1] * *v) * ey) / len : 0;
}

static double inside(double x) { return fmin(fmax(x, 0.02), 0.98); }

static void power_table(float *t, double e)
{
    for (int i = 0; i <= TABLE + 1; i++) t[i] = e > 0 ? (float)pow(fabs(fmin(2.0 * i / TABLE, 2) - 1), e) : 0;
}

static float table_at(const float *t, float x)
{
    const int i = (int)(x * TABLE);
    return t[i] + (x * TABLE - (float)i) * (t[i + 1] - t[i]);
}

/* How deep below the outline the core begins at a vertex: the side of the frame that is nearest decides. */
static double depth_at(const solid *s, const double p[2])
{
    const double high = hypot(s->corner[IA][0] - s->corner[SA][0], s->corner[IA][1] - s->corner[SA][1]);
    const double deep = hypot(s->corner[SP][0] - s->corner[SA][0], s->corner[SP][1] - s->corner[SA][1]);
    double q, v;
    frame_of(s->corner, p, &q, &v);
    const double wall = fmin(fabs(q), fabs(1 - q)) * deep, top = fabs(v) * high, bottom = fabs(1 - v) * high;
    if (s->plate_mm[0] > 0 && top < wall && top <= bottom) return s->plate_mm[0];
    if (s->plate_mm[1] > 0 && bottom < wall) return s->plate_mm[1];
    return s->shell_mm * (q > 0.5 ? s->wall : 1);
}

/* The core's outline: every edge moved inwards, sharp corners not beyond reason. */
static void core_outline(const solid *s, double (*out)[2])
{
    double area = 0;
    for (int i = 0; i < s->n; i++) {
        const double *a = s->outline[i], *b = s->outline[(i + 1) % s->n];
        area += a[0] * b[1] - a[1] * b[0];
    }
    for (int i = 0; i < s->n; i++) {
        const double *a = s->outline[(i + s->n - 1) % s->n], *p = s->outline[i], *b = s->outline[(i + 1) % s->n];
        const double before = hypot(p[0] - a[0], p[1] - a[1]), after = hypot(b[0] - p[0], b[1] - p[1]);
        /* normals of the two edges that meet here, as if the outline were clockwise */
        double m[2] = { 0, 0 }, n[2] = { 0, 0 };
        if (before > 0) m[0] = -(p[1] - a[1]) / before, m[1] = (p[0] - a[0]) / before;
        if (after > 0) n[0] = -(b[1] - p[1]) / after, n[1] = (b[0] - p[0]) / after;
        const double d = depth_at(s, p) * (area > 0 ? 1 : -1) / fmax(1 + m[0] * n[0] + m[1] * n[1], 0.4);
        out[i][0] = p[0] + d * (m[0] + n[0]), out[i][1] = p[1] + d * (m[1] + n[1]);
    }
}

static void widths(const maps *m, const solid *s, const texture *t, uint32_t grain, sampled *o)
{
    const double high = hypot(s->corner[IA][0] - s->corner[SA][0], s->corner[IA][1] - s->corner[SA][1]);
    const double deep = hypot(s->corner[SP][0] - s->corner[SA][0], s->corner[SP][1] - s->corner[SA][1]);
    const int64_t w = o->b.x1 - o->b.x0;
    /* a tile pixel is 1.2 mm across the trabeculae, 2.4 along */
    const float offset = (float)(grain * 37 % TEXTURE), fine = 1 / 1.2f;
    float tq[TABLE + 2], tv[TABLE + 2];
    power_table(tq, s->power[0]), power_table(tv, s->power[1]);
    for (int64_t y = o->b.y0; y < o->b.y1; y++)
        for (int64_t x = o->b.x0; x < o->b.x1; x++) {
            const int64_t at = (y - o->b.y0) * w + x - o->b.x0;
            if (o->cover[at] == 0) continue;
            const double p[2] = { m->origin[0] + (double)x * m->spacing, m->origin[1] + (double)y * m->spacing };
            double q, v;
            frame_of(s->corner, p, &q, &v);
            q = inside(q), v = inside(v);
            const float r = 1 - table_at(tq, (float)q) - table_at(tv, (float)v);
            const float waist = (float)(1 - (1 - s->waist) * (1 - (2 * v - 1) * (2 * v - 1)));
            const float half = (float)(s->half[0] + v * (s->half[1] - s->half[0])) * waist * (r > 0 ? sqrtf(r) : 0);
            o->half[at] = half, o->core_half[at] = fmaxf(half - (float)s->shell_mm, 0);
            o->grain[at] = (float)s->filled * (s->texture > 0 ? 1 + (float)s->texture
                * texture_at(t, (float)(q * deep) * fine + offset, (float)(v * high) * fine * 0.5f
                                                                                + offset * 1.7f) : 1);
        }
}

/* mm of the slice t0..t1 within -half..half */
static float length_in(float half, float t0, float t1)
{
    const float a = t0 > -half ? t0 : -half, b = t1 < half ? t1 : half;
    return b > a ? b - a : 0;
}

/* out (b) gets the slice of the core or, less the core, of the shell. */
static void slice(const sampled *o, int64_t n, float t0, float t1, float *core, float *shell)
{
    for (int64_t i = 0; i < n; i++) {
        const float c = o->inner[i] * length_in(o->core_half[i], t0, t1);
        core[i] = c * o->grain[i];
        shell[i] = o->cover[i] * length_in(o->half[i], t0, t1) - c;
    }
}

/* to (film) += gain * from (b) moved by (dx, dy) pixels, linear interpolation. */
static void add_moved(const maps *m, float *to, const float *from, box b, double dx, double dy, float gain)
{
    const double ix = floor(dx), iy = floor(dy);
    const float u = (float)(dx - ix), v = (float)(dy - iy);
    const int64_t w = b.x1 - b.x0;
    for (int side = 0; side < 4; side++) {
        const float k = gain * (side & 1 ? u : 1 - u) * (side & 2 ? v : 1 - v);
        const int64_t mx = (int64_t)ix + (side & 1), my = (int64_t)iy + (side >> 1);
        const int64_t x0 = b.x0 + mx < 0 ? -mx : b.x0, x1 = b.x1 + mx > m->w ? m->w - mx : b.x1;
        if (k == 0) continue;
        for (int64_t y = b.y0; y < b.y1; y++) {
            if (y + my < 0 || y + my >= m->h) continue;
            float *t = to + (y + my) * m->w + mx;
            const float *f = from + (y - b.y0) * w - b.x0;
            for (int64_t x = x0; x < x1; x++) t[x] += k * f[x];
        }
    }
}

/* The part of the plane that can show on the film when it is swept by up to reach mm. */
static box box_of(const maps *m, const solid *s, double reach)
{
    double lo[2] = { INFINITY, INFINITY }, hi[2] = { -INFINITY, -INFINITY };
    for (int i = 0; i < s->n; i++) for (int k = 0; k < 2; k++) lo[k] = fmin(lo[k], s->outline[i][k]), hi[k] = fmax(hi[k], s->outline[i][k]);
    for (int k = 0; k < 2; k++) {
        const double end = m->origin[k] + m->spacing * (double)(k ? m->h : m->w);
        if (hi[k] < m->origin[k] - reach || lo[k] > end + reach) return (box){ 0 };
    }
    const int64_t pad = (int64_t)ceil(reach / m->spacing) + 2;
    box b = { (int64_t)floor((lo[0] - m->origin[0]) / m->spacing) - 1, (int64_t)floor((lo[1] - m->origin[1]) / m->spacing) - 1,
              (int64_t)ceil((hi[0] - m->origin[0]) / m->spacing) + 2, (int64_t)ceil((hi[1] - m->origin[1]) / m->spacing) + 2 };
    b.x0 = b.x0 < -pad ? -pad : b.x0, b.y0 = b.y0 < -pad ? -pad : b.y0;
    b.x1 = b.x1 > m->w + pad ? m->w + pad : b.x1, b.y1 = b.y1 > m->h + pad ? m->h + pad : b.y1;
    return b;
}

static void sweep(maps *m, const solid *s, const sampled *o, const double shift[2], float *core, float *shell)
{
    const double most = fmax(s->half[0], s->half[1]), reach = 2 * most * hypot(shift[0], shift[1]) / m->spacing;
    const int n = reach < 0.3 ? 1 : reach > 0.8 * MOST_SLICES ? MOST_SLICES : (int)ceil(reach / 0.8) + 1;
    float *to_core = maps_of(m, s->core), *to_shell = maps_of(m, s->shell);
    for (int i = 0; i < n; i++) {
        const double t0 = most * (2.0 * i / n - 1), t1 = most * (2.0 * (i + 1) / n - 1), t = 0.5 * (t0 + t1) / m->spacing;
        slice(o, (o->b.x1 - o->b.x0) * (o->b.y1 - o->b.y0), (float)t0, (float)t1, core, shell);
        add_moved(m, to_core, core, o->b, t * shift[0], t * shift[1], 0.1f * (float)s->density);
        add_moved(m, to_shell, shell, o->b, t * shift[0], t * shift[1], 0.1f * (float)s->density);
    }
}

/* Parts that are given by a few corners and are no label have the corners rounded; p: room for it. */
static solid rounded(const solid *s, double (*p)[2])
{
    solid o = *s;
    if (s->n <= SHAPE_CORNERS && s->part >= PART_ARCH && s->part != PART_SACRUM) o.n = shape_round(s->outline, s->n, p),
        o.outline = (const double (*)[2])p;
    return o;
}

void project_solid(maps *m, const solid *given, const film *f, const texture *t, uint32_t grain)
{
    double soft[4 * SHAPE_CORNERS][2];
    const solid copy = rounded(given, soft), *s = &copy;
    double middle[2] = { 0, 0 }, shift[2];
    for (int i = 0; i < 4; i++) middle[0] += 0.25 * s->corner[i][0], middle[1] += 0.25 * s->corner[i][1];
    project_beam(f, middle, shift);
    shift[0] += s->shear[0], shift[1] += s->shear[1];
    sampled o = { .b = box_of(m, s, fmax(s->half[0], s->half[1]) * hypot(shift[0], shift[1])) };
    const int64_t size = (o.b.x1 - o.b.x0) * (o.b.y1 - o.b.y0);
    if (o.b.x1 <= o.b.x0 || o.b.y1 <= o.b.y0) return;
    float *room = xalloc_n((size_t)size, 7 * sizeof *room);
    double (*core)[2] = xalloc_n((size_t)s->n, sizeof *core);
    o.cover = room, o.inner = room + size, o.half = room + 2 * size, o.core_half = room + 3 * size, o.grain = room + 4 * size;
    cover_polygon(m, s->outline, s->n, o.b, o.cover);
    core_outline(s, core);
    cover_polygon(m, (const double (*)[2])core, s->n, o.b, o.inner);
    for (int64_t i = 0; i < size; i++) o.inner[i] = o.inner[i] < o.cover[i] ? o.inner[i] : o.cover[i];
    widths(m, s, t, grain, &o), round_off(m, s, &o, room + 5 * size);
    sweep(m, s, &o, shift, room + 5 * size, room + 6 * size);
    free(core), free(room);
}

void project_solids(maps *m, const solids *l, const film *f, const texture *t)
{
    for (int i = 0; i < l->n; i++) project_solid(m, &l->s[i], f, t, (uint32_t)i);
}
