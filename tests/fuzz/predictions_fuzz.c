/* predictions_fuzz.c - a predictions.h5 whose bytes were changed; see patched.h. */
#include "tests/fuzz/patched.h"
#include "eval/predictions.h"

static void make_sound(const char *path)
{
    enum { H = 6, W = 5 };
    static const int value[] = { 0, 3, 7 };
    static const char *const name[] = { "background", "L4", "" };
    predictions *p = predictions_create(path, "best.h5", "3,7", 3, value, name);
    for (int k = 0; k < 2; k++) {
        uint8_t map[H * W];
        float probability[H * W * 3];
        for (int i = 0; i < H * W; i++) map[i] = (uint8_t)value[i % 3];
        for (int i = 0; i < H * W * 3; i++) probability[i] = (float)i;
        predictions_add(p, k ? "b" : "a", "films/x.png", H, W, map, k ? probability : NULL);
        uint8_t number[H * W] = { 0, 1, 1, 0, 2 };
        predictions_add_instances(p, k ? "b" : "a", H, W, &(instances){ 2, { { 1, 0, 3, 1 }, { 4, 0, 5, 1 } }, { 0.9f, 0.5f }, { 3, 7 }, number });
        predictions_add_film(p, k ? "b" : "a", &(image){ H, W, 8, map }, (double[2]){ 0.2, 0.2 }, "given");
    }
    predictions_commit(p);
}

static void read_all(const char *path)
{
    predictions *volatile p = NULL;
    die_trap t;
    die_trap_push(&t);
    if (!setjmp(t.jump)) {
        p = predictions_open(path);
        for (int64_t i = 0; i < predictions_count(p) && i < 4; i++) {
            int64_t h, w;
            predictions_size(p, i, &h, &w);
            uint8_t map[4096];
            if (h * w <= 4096) predictions_read(p, i, map);
            double spacing[2];
            char *source = NULL;
            image film = predictions_film(p, i);
            predictions_spacing(p, i, spacing, &source);
            instances found;
            if (predictions_instances(p, i, &found)) free(found.number);
            image_free(&film), free(source);
        }
        classes c = predictions_classes(p);
        classes_free(&c);
        die_trap_pop(&t);
    } else if (t.status != EXIT_INPUT) abort();
    predictions_close(p);
}
