/* instances.c - see instances.h. */
#include "train/instances.h"
#include "base/die.h"
#include "nn/detector_paint.h"
#include <stdlib.h>
#include <string.h>

enum { LEAVES = 5, LEAST = 4 };

static void leaves(const net *t, tensor *out[LEAVES])
{
    const detector *d = t->detector;
    tensor *const all[LEAVES] = { d->extent, d->truth_boxes, d->truth_count, d->truth_class, d->truth_masks };
    memcpy(out, all, sizeof all);
}

void instances_take(const net *t, const device *dev)
{
    tensor *l[LEAVES];
    leaves(t, l);
    for (int i = 0; i < LEAVES; i++) l[i]->x.p = device_alloc(dev, l[i]->x.size, "instances");
}

void instances_free(const net *t, const device *dev)
{
    tensor *l[LEAVES];
    leaves(t, l);
    for (int i = 0; i < LEAVES; i++) dev->free(dev, l[i]->x.p);
}

size_t instances_bytes(const net *t)
{
    tensor *l[LEAVES];
    size_t sum = 0;
    leaves(t, l);
    for (int i = 0; i < LEAVES; i++) sum += l[i]->x.size;
    return sum;
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

void instances_put(const net *t, const device *dev, const uint8_t *ids, const uint8_t *classes)
{
    const int64_t h = t->conf.height, w = t->conf.width, most = t->detector->conf.instances;
    tensor *l[LEAVES];
    void *host[LEAVES];
    leaves(t, l);
    for (int i = 0; i < LEAVES; i++) host[i] = xalloc(l[i]->x.size);
    for (int64_t n = 0; n < t->conf.batch; n++) {
        ((int32_t *)host[0])[2 * n] = (int32_t)h, ((int32_t *)host[0])[2 * n + 1] = (int32_t)w;
        ((int32_t *)host[2])[n] = find(t, ids + n * h * w, classes + n * INSTANCE_IDS, (box *)host[1] + n * most, (int32_t *)host[3] + n * most,
                                            (uint8_t *)host[4] + n * most * h * w);
    }
    for (int i = 0; i < LEAVES; i++) dev->put(dev, l[i]->x.p, host[i], l[i]->x.size), free(host[i]);
}
