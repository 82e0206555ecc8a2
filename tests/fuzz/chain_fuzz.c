/* chain_fuzz.c - any bytes as a label map with any meaning of its values: the whole chain ends in a status or in finite values. Blocks are
 * painted as well as single pixels, so that bodies, sacra and heads come about. */
#include "geometry/geometry.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct input { const uint8_t *p; size_t n; } input;

static void need(int ok) { if (!ok) abort(); }

static int byte(input *in)
{
    if (!in->n) return 0;
    in->n--;
    return *in->p++;
}

static void check(const geo_chain *c)
{
    need(c->n >= 0 && c->n <= GEO_CHAIN_MOST && c->warnings >= 0);
    for (int i = 0; i < c->n; i++)
        for (int k = 0; k < 4; k++) need(isfinite(c->body[i].quad.p[k].x) && isfinite(c->body[i].quad.p[k].y));
    if (!c->film) need(c->cobb_status || (isfinite(c->cobb.main) && c->cobb.upper_end < c->n && c->cobb.lower_end < c->n));
    for (int i = 0; c->result && i < geo_parameters(); i++) {
        geo_value v;
        geo_result_value(c->result, i, &v);
        need(isfinite(v.value) && isfinite(v.pixels) && (v.code != 0) == (v.error[0] != 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = { data, size };
    int64_t w = 8 + byte(&in) % 120, h = 8 + byte(&in) % 250;
    int settings = byte(&in), role[256] = { 0 }, status;
    uint8_t *m = calloc((size_t)(w * h), 1);
    for (int v = 1; v < 40; v++) role[v] = settings & 1 ? v : byte(&in) % 34;
    while (in.n) {                               /* a rectangle each: where, how large, which value */
        int x0 = byte(&in), y0 = byte(&in), ww = 1 + byte(&in) % 40, hh = 1 + byte(&in) % 40, v = byte(&in) % 40, lean = byte(&in) % 9 - 4;
        for (int y = y0; y < y0 + hh && y < h; y++)
            for (int x = x0 + (y - y0) * lean / 8; x < x0 + ww + (y - y0) * lean / 8 && x < w; x++) if (x >= 0) m[y * w + x] = (uint8_t)v;
    }
    geo_tracing *t = geo_tracing_new(m, h, w, role, &status);
    if (t) {
        geo_choices o;
        geo_chain c;
        geo_choices_defaults(&o);
        o.region = settings / 2 % GEO_REGIONS, o.facing = settings / 16 % 3 - 1, o.corners = settings / 64 % 4, o.cobb = settings % 2;
        if (settings & 8) o.sx = 0.3, o.sy = 0.4;
        status = geo_chain_measure(t, &o, &c);
        need(status == GEO_OK || status == GEO_EMPTY || status == GEO_DEGENERATE);
        if (!status) check(&c);
        geo_chain_free(&c), geo_tracing_free(t);
    }
    free(m);
    return 0;
}
