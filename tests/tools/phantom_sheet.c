/* phantom_sheet.c - films of phantoms side by side in one PNG, for the eye, and how long each took on one core. Films with implants are
 * shown with them.
 *     build/cpu/tests/tools/phantom_sheet OUT.png REGION COUNT SEED LEVEL(0..4) HEIGHT WIDTH [COLUMNS [LOOK]] */
#include "base/die.h"
#include "datasets/image.h"
#include "synth/picture.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double core_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int64_t number(const char *text, int64_t low, int64_t high)
{
    int64_t v;
    if (!text_int(text, &v) || v < low || v > high) die("got '%s', wanted a number from %lld to %lld", text, (long long)low,
        (long long)high);
    return v;
}

int main(int argc, char **argv)
{
    int region = 0;
    if (argc < 8) die("wanted OUT.png REGION COUNT SEED LEVEL HEIGHT WIDTH [COLUMNS]");
    while (region < REGIONS && strcmp(region_names[region], argv[2])) region++;
    if (region == REGIONS) die("%s: no such region%s", argv[2], die_nearest(argv[2], region_names, REGIONS));
    const int64_t n = number(argv[3], 1, 1000), seed = number(argv[4], 0, 1000000), level = number(argv[5], 0, 4),
        h = number(argv[6], 64, 4096);
    const int64_t w = number(argv[7], 64, 4096), columns = argc > 8 ? number(argv[8], 1, n) : n;
    const int look = argc > 9 ? (int)number(argv[9], 0, LOOKS - 1) : -1;
    image sheet = image_new((n + columns - 1) / columns * h, columns * w, 8);
    double anatomy_s = 0, picture_s = 0;
    for (int64_t i = 0; i < n; i++) {
        const anatomy_settings who = { .region = (enum region)region, .h = h, .w = w, .stress = level == LEVEL_STRESS,
                                       .pathology = level >= LEVEL_TRAINING ? PATHOLOGIES : PATH_NONE,
                                           .fractures = level >= LEVEL_TRAINING, .close = 0.5 };
        const picture_settings how = { .level = (int)level, .implants = 0.3, .look = look };
        double t0 = core_seconds();
        anatomy *a = anatomy_new(&who, (uint64_t)seed, (uint32_t)i);
        double t1 = core_seconds();
        picture *p = picture_new(a, &how);
        anatomy_s += t1 - t0, picture_s += core_seconds() - t1;
        const uint16_t *f = p->film_with ? p->film_with : p->film;
        for (int64_t y = 0; y < h; y++)
            for (int64_t x = 0; x < w; x++) ((uint8_t *)sheet.p)[(i / columns * h + y) * columns * w + i % columns * w
                + x] = (uint8_t)(f[y * w + x] >> 8);
        printf("%lld: %s%s%s%s\n", (long long)i, look_names[p->look], p->inverted ? ", inverted" : "", *p->implants ? ", " : "",
            p->implants);
        picture_free(p), anatomy_free(a);
    }
    printf("%s %lld x %lld: anatomy %.1f ms, picture %.1f ms a film on one core\n", region_names[region], (long long)h, (long long)w,
        1e3 * anatomy_s / (double)n,
           1e3 * picture_s / (double)n);
    image_write(argv[1], &sheet);
    image_free(&sheet);
    return 0;
}
