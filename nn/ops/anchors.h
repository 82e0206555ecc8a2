/* anchors.h - the keys that say which anchors a pyramid has, for the ops that make proposals of them and choose what is learned from. */
#ifndef NN_OPS_ANCHORS_H
#define NN_OPS_ANCHORS_H
#include "kernels/detect.h"
#include "nn/ops/check.h"

typedef struct { key_list sizes, ratios, scales, strides; int round, scales_last; int64_t height, width; } anchor_conf;
#define ANCHOR_KEYS(type, f) \
    { "sizes", K_LIST, offsetof(type, f.sizes), "32,64,128,256,512", "sides of the anchors of each map, in pixels of the input", 1e-3, \
      1e6, NULL }, \
    { "ratios", K_LIST, offsetof(type, f.ratios), "0.5,1,2", "height / width", 1e-3, 1e3, NULL }, \
    { "scales", K_LIST, offsetof(type, f.scales), "1", "each side times these", 1e-3, 1e3, NULL }, \
    { "strides", K_LIST, offsetof(type, f.strides), "4,8,16,32,64", "pixels of the input from one place of a map to the next", 1, \
      1 << 20, NULL }, \
    { "height", K_INT, offsetof(type, f.height), "0", \
      "of the padded input: the stride is this over the map's, rounded down; 0: strides", 0, 1 << 20, NULL }, \
    { "width", K_INT, offsetof(type, f.width), "0", "as height", 0, 1 << 20, NULL }, \
    { "round", K_BOOL, offsetof(type, f.round), "1", "half sides to whole numbers", 0, 0, NULL }, \
    { "scales_last", K_BOOL, offsetof(type, f.scales_last), "0", \
      "of one place the anchors of one scale follow each other; 0: of one ratio", 0, 0, NULL }

/* The anchors of the maps in[first] .. of `levels` levels */
static inline anchors anchors_of(const node *n, const anchor_conf *f, int first, int levels)
{
    anchor_grid g = { .levels = levels, .ratios = f->ratios.n, .scales = f->scales.n, .round = f->round, .scales_last = f->scales_last };
    for (int i = 0; i < g.ratios; i++) g.ratio[i] = f->ratios.v[i];
    for (int i = 0; i < g.scales; i++) g.scale[i] = f->scales.v[i];
    for (int l = 0; l < levels; l++) {
        const int64_t h = n->in[first + l]->s.d[1], w = n->in[first + l]->s.d[2];
        g.size[l] = f->sizes.v[l], g.h[l] = h, g.w[l] = w;
        g.step_h[l] = f->height ? (real)(f->height / h) : (real)f->strides.v[l];
        g.step_w[l] = f->width ? (real)(f->width / w) : (real)f->strides.v[l];
    }
    return anchors_make(&g);
}

/* That the settings fit these maps, with one channel an anchor */
static inline void check_anchors(const node *n, const anchor_conf *f, int first, int levels)
{
    const char *name = n->op->name;
    const int cells = f->ratios.n * f->scales.n;
    if (levels < 1 || levels > DETECT_LEVELS) die_at(n->at, "%s: got %d maps, wanted 1 to %d", name, levels, DETECT_LEVELS);
    if (f->sizes.n != levels) die_at(n->at, "%s: sizes: got %d, wanted %d, one a map", name, f->sizes.n, levels);
    if (!f->height != !f->width) die_at(n->at, "%s: got one of height and width, wanted both or none", name);
    if (!f->height && f->strides.n != levels) die_at(n->at, "%s: strides: got %d, wanted %d, one a map", name, f->strides.n, levels);
    if (cells < 1 || cells > DETECT_CELLS) die_at(n->at, "%s: got %d ratios x scales, wanted 1 to %d", name, cells, DETECT_CELLS);
    for (int l = 0; l < levels; l++) {
        check_map(n, first + l);
        shape want = n->in[first + l]->s;
        want.d[0] = n->in[first]->s.d[0], want.d[3] = cells;
        check_shape(n, first + l, want, REAL_TYPE);
        if (f->height && (f->height < want.d[1] || f->width < want.d[2]))
            die_at(n->at, "%s: %s is larger than height and width, %lld x %lld", name, n->in[first + l]->name, (long long)f->height,
                   (long long)f->width);
    }
}
#endif
