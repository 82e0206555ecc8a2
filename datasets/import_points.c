/* import_points.c - COCO's keypoints as landmarks; see import_kinds.h. A landmark's name must mean the same on every film, so it follows from
 * the category's list, the category and the number of the object, never from what else happens to be on the film. */
#include "datasets/import_kinds.h"
#include "datasets/json_file.h"
#include <stdlib.h>
#include <string.h>

/* The name of keypoint i, from 0; 0 where it is too long. */
static int name_point(landmark *m, const json_t *names, size_t i, const char *prefix, int number)
{
    char *own = names ? xdup(json_string_value(json_array_get(names, i))) : xprintf("point_%zu", i + 1);
    char *name = xprintf("%s%s%s", prefix, *prefix ? " " : "", own), *whole = number > 1 ? xprintf("%s_%d", name, number) : xdup(name);
    const int fits = strlen(whole) < STORE_NAME;
    if (fits) memcpy(m->name, whole, strlen(whole) + 1);
    free(own), free(name), free(whole);
    return fits;
}

void task_keypoints(task *t, const json_t *a, const json_t *names, const char *prefix, int number, double shift)
{
    const json_t *list = json_object_get(a, "keypoints"), *radii = json_object_get(a, "radii");
    const size_t n = json_array_size(list) / 3;
    labels *l = &t->labels;
    if (!json_is_array(list) || json_array_size(list) % 3 || (names && n != json_array_size(names))) {
        task_bad(t, "%zu numbers of keypoints, wanted x, y, v for each of %zu", json_array_size(list), names ? json_array_size(names) : n);
        return;
    }
    l->landmarks = xgrow(l->landmarks, ((size_t)l->nlandmarks + n) * sizeof *l->landmarks);
    for (size_t i = 0; i < n; i++) {
        double v[3], r = 0;
        for (size_t j = 0; j < 3; j++)
            if (!json_number(json_array_get(list, 3 * i + j), &v[j])) { task_bad(t, "keypoint %zu is not x, y, v", i + 1); return; }
        if (v[2] == 0) continue;                             /* not labelled */
        json_number(json_array_get(radii, i), &r);           /* of a circle; `export --coco` writes them */
        landmark *m = &l->landmarks[l->nlandmarks];
        *m = (landmark){ .x = v[0] + shift, .y = v[1] + shift, .r = r > 0 ? r : 0 };
        if (!name_point(m, names, i, prefix, number)) { task_bad(t, "the name of keypoint %zu is too long", i + 1); return; }
        l->nlandmarks++;
    }
}
