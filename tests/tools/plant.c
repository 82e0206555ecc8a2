/* plant STORE.h5 [ROUNDS [SEED [SHARE [KIND]]]]: damages a share (0.1) of the cases at random, ROUNDS times with other cases and other
 * faults, and
 * prints what `darkspine check` found, as a Markdown table. See tests/plant.h. */
#include "tests/plant.h"
#include "base/die.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 6) die("usage: plant STORE.h5 [ROUNDS [SEED [SHARE [KIND]]]]");
    store_library();
    const int rounds = argc > 2 ? atoi(argv[2]) : 1;
    const uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    const double share = argc > 4 ? atof(argv[4]) : 0.1;
    char folder[] = "/tmp/darkspine-plant-XXXXXX", path[64];
    if (!mkdtemp(folder)) die_machine("%s: cannot be made", folder);
    plant_result r = { 0 };
    for (int k = 0; k < rounds; k++) plant_measure(argv[1], folder, seed + (uint64_t)k, share, argc > 5 ? argv[5] : NULL, &r);
    int64_t planted = 0, found = 0, errors = 0;
    printf("| damage | planted | found | as an error |\n|---|---|---|---|\n");
    for (int k = 0; k < r.kinds; k++) {
        const plant_count *c = &r.kind[k];
        if (!c->planted) continue;
        printf("| %s | %lld | %lld | %lld |\n", c->name, (long long)c->planted, (long long)c->found, (long long)c->as_error);
        planted += c->planted, found += c->found, errors += c->as_error;
    }
    printf("| all | %lld | %lld (%.1f %%) | %lld |\n\n%lld cases were left alone: new faults on %lld of them, new errors on %lld.\n",
        (long long)planted,
        (long long)found, planted ? 100.0 * (double)found / (double)planted : 0, (long long)errors, (long long)r.left_alone,
            (long long)r.alarms,
        (long long)r.alarm_errors);
    if (r.first_missed[0]) printf("First missed: %s\n", r.first_missed);
    if (r.first_alarm[0]) printf("First alarm: %s\n", r.first_alarm);
    snprintf(path, sizeof path, "%s/planted.h5", folder);
    unlink(path), rmdir(folder);
    return 0;
}
