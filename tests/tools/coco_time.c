/* coco_time.c - where the time of an evaluation of instances goes: reading, average precision of boxes and masks, its intervals, the rest.
 *     build/cpu/tests/tools/coco_time RESULTS.json ANNOTATIONS.json */
#include "base/clock.h"
#include "base/die.h"
#include "eval/instance_score.h"
#include "eval/objects_films.h"
#include <stdio.h>

static double begun;
static void told(const char *what) { printf("%-36s %8.1f ms\n", what, 1000 * (clock_now() - begun)), begun = clock_now(); }

int main(int argc, char **argv)
{
    if (argc != 3) die("wanted RESULTS.json ANNOTATIONS.json");
    const instance_options o = instance_defaults();
    begun = clock_now();
    object_set s = objects_coco(argv[1], argv[2]);
    told("reading both files");
    for (int kind = 0; kind < OBJECT_KINDS; kind++) {
        if (!s.has[kind]) continue;
        coco c = coco_of(&s, kind, 0, 1);
        told(kind == OBJECT_BOX ? "average precision of boxes" : "average precision of masks"), coco_free(&c);
        c = coco_of(&s, kind, o.ap_draws, 1);
        told("the same with its interval"), coco_free(&c);
    }
    const panoptic_options how = { s.has[OBJECT_MASK] ? OBJECT_MASK : OBJECT_BOX, o.least, o.draws, 1 };
    panoptic p = panoptic_of(&s, &how);
    told("panoptic quality with its interval"), panoptic_free(&p);
    detection d = detection_of(&s, &how);
    told("detection with its intervals");
    objects_free(&s);
    return d.films < 1;
}
