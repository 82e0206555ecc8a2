/* eval_instances.c - see eval_instances.h. */
#include "verbs/eval_instances.h"
#include "base/die.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

both_objects objects_new(const classes *names)
{
    both_objects q = { 0 };
    objects_of_values(&q.set, names);
    return q;
}

void both_objects_free(both_objects *q) { objects_free(&q->set), free(q->why); }

static int shows(const uint8_t *map, const both_maps *m)
{
    for (int64_t i = 0; i < m->h * m->w; i++) if (map[i]) return 1;
    return 0;
}

/* The objects of a case of a store; 0 where it has a label map alone. */
static int add_stored(object **list, int *n, const store *s, int64_t at, const uint8_t *map, const both_maps *m, const uint8_t *read_as)
{
    labels l = store_read_labels(s, at);
    const int any = l.ninstances > 0;
    objects_stored(list, n, &l, m->w, read_as);
    labels_free(&l);
    return any || !shows(map, m);
}

void objects_pair(both_objects *q, const pairs *p, int64_t i, const both_maps *m)
{
    const char *id = pairs_at(p, i)->id;
    int64_t at, from;
    const store *truth = pairs_store(p, i, &at), *pred = pairs_pred_store(p, i, &from);
    if (q->why) return;
    if (!truth) q->why = xdup("the truth is no store, which alone holds instances");
    else if (!m->found && !pred) q->why = xdup("the prediction holds label maps and no instances");
    if (q->why) return;
    object_film *f = objects_add(&q->set, id, m->patient);
    if (m->found) objects_predicted(&f->pred, &f->npred, m->found, m->h, m->w);
    else if (!add_stored(&f->pred, &f->npred, pred, from, m->pred, m, pairs_pred_reading(p))) q->why = xprintf("the prediction of %s has a label map and no instances", id);
    if (!add_stored(&f->truth, &f->ntruth, truth, at, m->truth, m, pairs_reading(p)))
        free(q->why), q->why = xprintf("the truth of %s has a label map and no instances", id);
}

static int ends_in(const char *path, const char *suffix)
{
    const size_t n = strlen(path), m = strlen(suffix);
    return n > m && !strcasecmp(path + n - m, suffix);
}

int coco_like(const char *pred, const char *truth) { return ends_in(truth, ".json") && ends_in(pred, ".json"); }
