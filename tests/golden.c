/* golden.c - the reader of tests/golden/; see golden.h. */
#include "tests/golden.h"
#include "base/die.h"
#include "base/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { char *name, *kind, *rest; } line;
struct golden { char *text, *path; unsigned char *bin; size_t bytes; line *l; int n; };

golden *golden_open(const char *path)
{
    golden *g = xalloc(sizeof *g);
    char *tsv = xprintf("%s.tsv", path), *bin = xprintf("%s.bin", path);
    g->path = xdup(path);
    g->text = file_read(tsv, (size_t)64 << 20, NULL);
    if (file_exists(bin)) g->bin = (unsigned char *)file_read(bin, (size_t)256 << 20, &g->bytes);
    for (char *save, *p = strtok_r(g->text, "\n", &save); p; p = strtok_r(NULL, "\n", &save)) {
        char *name = strchr(p, '\t'), *rest = name ? strchr(name + 1, '\t') : NULL;
        if (*p == '#') continue;
        if (!rest) die("%s: cannot read the line '%s'", tsv, p);
        *name = *rest = 0;
        g->l = xgrow(g->l, (size_t)(g->n + 1) * sizeof *g->l);
        g->l[g->n++] = (line){ .kind = p, .name = name + 1, .rest = rest + 1 };
    }
    free(tsv), free(bin);
    return g;
}

void golden_free(golden *g)
{
    if (!g) return;
    free(g->l), free(g->bin), free(g->text), free(g->path), free(g);
}

static const line *find(const golden *g, const char *kind, const char *name)
{
    for (int i = 0; i < g->n; i++) if ((!kind || !strcmp(g->l[i].kind, kind)) && !strcmp(g->l[i].name, name)) return &g->l[i];
    return NULL;
}

static const line *need(const golden *g, const char *kind, const char *name)
{
    const line *l = find(g, kind, name);
    if (!l) die("%s: no %s called %s", g->path, kind, name);
    return l;
}

int golden_has(const golden *g, const char *name) { return find(g, NULL, name) != NULL; }
int golden_count(const golden *g) { return g->n; }
const char *golden_name(const golden *g, int i) { return g->l[i].name; }
double golden_scalar(const golden *g, const char *name) { return strtod(need(g, "scalar", name)->rest, NULL); }
const char *golden_text(const golden *g, const char *name) { return need(g, "text", name)->rest; }

/* "2,3,4" or "2x3x4" up to the next tab; returns what follows the tab */
static const char *sizes(const char *p, shape *s)
{
    char *end;
    for (*s = (shape){ 0 };; p = end + 1) {
        if (s->nd == 4) die("golden: a shape of more than 4 sizes");
        s->d[s->nd++] = strtoll(p, &end, 10);
        if (*end != ',' && *end != 'x') return *end == '\t' ? end + 1 : end;
    }
}

double *golden_tensor(const golden *g, const char *name, shape *out)
{
    const line *l = need(g, "tensor", name);
    char type[8] = "", *end;
    shape s;
    sscanf(l->rest, "%7[^\t]", type);
    const char *p = sizes(strchr(l->rest, '\t') + 1, &s);
    size_t at = strtoull(p, &end, 10), bytes = strtoull(end, NULL, 10), n = (size_t)shape_volume(&s), each = bytes / n;
    size_t wants = !strcmp(type, "f64") ? 8 : !strcmp(type, "u8") ? 1 : 4;
    if (each != wants || bytes != n * each || at > g->bytes || bytes > g->bytes - at) die("%s: %s does not fit the .bin file", g->path, name);
    double *v = xalloc_n(n, sizeof *v);
    for (size_t i = 0; i < n; i++) {
        const unsigned char *b = g->bin + at + i * each;
        float f; int32_t k;
        if (!strcmp(type, "f32")) memcpy(&f, b, 4), v[i] = f;
        else if (!strcmp(type, "f64")) memcpy(&v[i], b, 8);
        else if (!strcmp(type, "i32")) memcpy(&k, b, 4), v[i] = k;
        else v[i] = *b;
    }
    if (out) *out = s;
    return v;
}

golden_stat golden_stats(const golden *g, const char *name)
{
    golden_stat t = { 0 };
    double *field[] = { &t.sum, &t.abs, &t.sq, &t.min, &t.max };
    char *end;
    const char *p = sizes(need(g, "stat", name)->rest, &t.s);
    for (int i = 0; i < 5; i++, p = end) {
        *field[i] = strtod(p, &end);
        if (end == p) die("%s: %s: a statistic is missing", g->path, name);
    }
    while (t.n < 16) {
        t.at[t.n] = strtoll(p, &end, 10);
        if (end == p || *end != ':') break;
        t.v[t.n++] = strtod(end + 1, &end), p = end;
    }
    return t;
}

static uint64_t fnv(const char *key)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *key; key++) h = (h ^ (unsigned char)*key) * 0x100000001b3u;
    return h;
}

static double mixed(uint64_t h, int64_t i)
{
    uint64_t z = h + (uint64_t)(i + 1) * 0x9E3779B97F4A7C15u;
    z ^= z >> 30, z *= 0xBF58476D1CE4E5B9u, z ^= z >> 27, z *= 0x94D049BB133111EBu, z ^= z >> 31;
    return (double)(z >> 40) / 16777216.0;
}

double golden_u01(const char *key, int64_t i) { return mixed(fnv(key), i); }

void golden_fill(const char *key, double scale, double offset, int64_t n, real *out)
{
    const uint64_t h = fnv(key);
    for (int64_t i = 0; i < n; i++) out[i] = (real)(float)((2 * mixed(h, i) - 1) * scale + offset);
}

/* a map of any rank: d[0] samples, d[1] channels, the rest pixels; where of element (n, c, p) in our order */
#define EACH_NCHW(code) do { \
    int64_t samples = s->d[0], channels = s->nd > 1 ? s->d[1] : 1, pixels = shape_volume(s) / samples / channels; \
    for (int64_t n = 0; n < samples; n++) for (int64_t c = 0; c < channels; c++) for (int64_t p = 0; p < pixels; p++) { \
        const int64_t theirs = (n * channels + c) * pixels + p, ours = (n * pixels + p) * channels + c; code; } } while (0)
void golden_nhwc(const shape *s, const double *from, real *to) { EACH_NCHW(to[ours] = (real)from[theirs]); }
void golden_nchw(const shape *s, const real *from, double *to) { EACH_NCHW(to[theirs] = (double)from[ours]); }

#define EACH_OIHW(code) do { \
    int64_t outs = s->d[0], ins = s->d[1], taps = s->d[2] * s->d[3]; \
    for (int64_t o = 0; o < outs; o++) for (int64_t i = 0; i < ins; i++) for (int64_t k = 0; k < taps; k++) { \
        const int64_t theirs = (o * ins + i) * taps + k, ours = (k * ins + i) * outs + o; code; } } while (0)
void golden_filter(const shape *s, const double *from, real *to) { EACH_OIHW(to[ours] = (real)from[theirs]); }
void golden_filter_back(const shape *s, const real *from, double *to) { EACH_OIHW(to[theirs] = (double)from[ours]); }
