/* instances.c - see instances.h. */
#include "train/instances.h"
#include "base/die.h"
#include "nn/detector_paint.h"
#include <stdlib.h>
#include <string.h>

enum { LEAVES = 5, LEAST = 4, APART = 64 };     /* bytes: each leaf starts at a multiple */

/* Where each leaf starts in the block; the block's size */
static size_t leaves(const net *t, tensor *out[LEAVES], size_t at[LEAVES])
{
    const detector *d = t->detector;
    tensor *const all[LEAVES] = { d->extent, d->truth_boxes, d->truth_count, d->truth_class, d->truth_masks };
    size_t sum = 0;
    for (int i = 0; i < LEAVES; i++) out[i] = all[i], at[i] = sum, sum += (all[i]->x.size + APART - 1) / APART * APART;
    return sum;
}

void instances_take(const net *t, const device *dev)
{
    tensor *l[LEAVES];
    size_t at[LEAVES];
    char *block = device_alloc(dev, leaves(t, l, at), "instances");
    for (int i = 0; i < LEAVES; i++) l[i]->x.p = block + at[i];
}

void *instances_block(const net *t) { return t->detector->extent->x.p; }

void instances_free(const net *t, const device *dev) { dev->free(dev, instances_block(t)); }

size_t instances_bytes(const net *t)
{
    tensor *l[LEAVES];
    size_t at[LEAVES];
    return leaves(t, l, at);
}

typedef struct { int64_t pixels, x1, y1, x2, y2; } extent;      /* x2, y2: one beyond the last */

static void measure(const uint8_t *ids, int64_t h, int64_t w, extent e[INSTANCE_IDS])
{
    for (int k = 0; k < INSTANCE_IDS; k++) e[k] = (extent){ 0, w, h, 0, 0 };
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            extent *q = &e[ids[y * w + x]];
            q->pixels++;
            if (x < q->x1) q->x1 = x;
            if (x + 1 > q->x2) q->x2 = x + 1;
            if (y < q->y1) q->y1 = y;
            if (y + 1 > q->y2) q->y2 = y + 1;
        }
}

int instances_seen(const uint8_t *ids, const uint8_t *classes, int64_t h, int64_t w, instance_seen seen[INSTANCE_IDS])
{
    extent e[INSTANCE_IDS];
    int n = 0;
    measure(ids, h, w, e);
    for (int k = 1; k < INSTANCE_IDS; k++)
        if (e[k].pixels >= LEAST && classes[k])
            seen[n++] = (instance_seen){ k, classes[k], { (real)e[k].x1, (real)e[k].y1, (real)e[k].x2, (real)e[k].y2 } };
    return n;
}

/* One image; boxes (most), class (most), masks (most, h, w), all zero. Returns how many. */
static int32_t find(const net *t, const uint8_t *ids, const uint8_t *classes, box *boxes, int32_t *class, uint8_t *masks)
{
    const int64_t h = t->conf.height, w = t->conf.width, most = t->detector->conf.instances;
    instance_seen seen[INSTANCE_IDS];
    const int n = instances_seen(ids, classes, h, w, seen);
    if (n > most) die("a film has more than %lld instances: wanted a larger detector.instances", (long long)most);
    for (int k = 0; k < n; k++) {
        boxes[k] = seen[k].b;
        class[k] = (int32_t)detector_column(&t->detector->conf, seen[k].class);
        for (int64_t i = 0; i < h * w; i++) masks[k * h * w + i] = ids[i] == seen[k].number;
    }
    return n;
}

void instances_fill(const net *t, const uint8_t *ids, const uint8_t *classes, void *block)
{
    const int64_t h = t->conf.height, w = t->conf.width, most = t->detector->conf.instances;
    tensor *l[LEAVES];
    size_t at[LEAVES];
    memset(block, 0, leaves(t, l, at));
    char *const host = block;
    int32_t *const extent = (int32_t *)(host + at[0]), *const count = (int32_t *)(host + at[2]), *const class = (int32_t *)(host + at[3]);
    for (int64_t n = 0; n < t->conf.batch; n++) {
        extent[2 * n] = (int32_t)h, extent[2 * n + 1] = (int32_t)w;
        count[n] = find(t, ids + n * h * w, classes + n * INSTANCE_IDS, (box *)(host + at[1]) + n * most, class + n * most,
                        (uint8_t *)(host + at[4]) + n * most * h * w);
    }
}

void instances_put(const net *t, const device *dev, const uint8_t *ids, const uint8_t *classes)
{
    const size_t bytes = instances_bytes(t);
    void *host = xalloc(bytes);
    instances_fill(t, ids, classes, host);
    dev->put(dev, instances_block(t), host, bytes);
    free(host);
}
