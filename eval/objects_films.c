/* objects_films.c - objects out of HDF5 files; see objects_films.h. */
#include "eval/objects_films.h"
#include <stdlib.h>
#include <string.h>

void objects_of_values(object_set *s, const classes *names)
{
    char number[16];
    s->has[OBJECT_BOX] = s->has[OBJECT_MASK] = 1;
    s->nclasses = CLASS_MAX + 1, s->class = xalloc_n((size_t)s->nclasses, sizeof *s->class);
    for (int v = 0; v <= CLASS_MAX; v++) s->class[v] = (object_class){ v, xdup(classes_name(names, v, number)) };
}

void objects_predicted(object **list, int *n, const instances *o, int64_t h, int64_t w)
{
    uint32_t *runs[INSTANCES_MOST];
    int64_t nruns[INSTANCES_MOST];
    objects_runs(o->number, h * w, o->n, runs, nruns);
    for (int k = 0; k < o->n; k++) {
        object *to = objects_append(list, n);
        const float *b = o->box[k];
        object_take(to, runs[k], nruns[k], w, 0, 0);
        to->class = o->class[k], to->score = (double)o->score[k];
        to->box[0] = (double)b[0], to->box[1] = (double)b[1], to->box[2] = (double)b[2] - (double)b[0], to->box[3] = (double)b[3] - (double)b[1];
    }
}

void objects_stored(object **list, int *n, const labels *l, int64_t w, const uint8_t *read_as)
{
    for (int k = 0; k < l->ninstances; k++) {
        const instance *o = &l->instances[k];
        const int class = read_as ? read_as[o->value & 255] : o->value;
        if (!class) continue;
        uint32_t *runs = xalloc_n((size_t)o->nruns, sizeof *runs);
        memcpy(runs, o->runs, (size_t)o->nruns * sizeof *runs);
        object *to = objects_append(list, n);
        object_take(to, runs, o->nruns, w, 0, 1);
        to->class = class, to->score = 1, to->area = (double)to->pixels, to->crowd = !strcmp(o->level, "crowd");
    }
}
