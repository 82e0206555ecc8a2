/* store_fuzz.c - stores whose bytes were changed; see patched.h. */
#include "tests/fuzz/patched.h"
#include "datasets/store.h"

static void make_sound(const char *path)
{
    enum { H = 6, W = 5 };
    classes table = { 0 };
    classes_add(&table, 1, "vertebra", "vertebra");
    store *s = store_create(path, &table);
    for (int k = 0; k < 2; k++) {
        uint16_t film[H * W];
        uint8_t mask[H * W];
        uint32_t planes[H * W];
        for (int i = 0; i < H * W; i++) film[i] = (uint16_t)(i * 999), mask[i] = i % 4 == 0, planes[i] = 1u << i % 32;
        corners c = { "L1", { { 1, 1 }, { 4, 1 }, { 1, 3 }, { 4, 3 } } };
        landmark m = { "head", 2, 2, 1 };
        measured v = { "cobb", "deg", 12.5 };
        instance o = instance_from_mask(mask, H, W, 1, "L1");
        labels l = { 1, 1, 1, 1, &c, &m, &v, &o };
        store_case row = { .id = k ? "b" : "a", .patient = "P", .h = H, .w = W, .bits = k ? 8 : 16 };
        store_add(s, &row, film, mask, planes, &l);
        free(o.runs);
    }
    store_commit(s);
    classes_free(&table);
}

static void read_all(const char *path)
{
    store *volatile s = NULL;
    die_trap t;
    die_trap_push(&t);
    if (!setjmp(t.jump)) {
        s = store_open(path);
        for (int64_t i = 0; i < store_count(s) && i < 4; i++) {
            const store_case *c = store_at(s, i);
            if (c->h * c->w > 4096) continue;
            uint8_t b[4096 * 4];
            store_read_image(s, i, b), store_read_mask(s, i, b), store_read_planes(s, i, (uint32_t *)(void *)b);
            labels l = store_read_labels(s, i);
            labels_free(&l);
        }
        die_trap_pop(&t);
    } else if (t.status != 2) abort();
    store_close(s);
}
