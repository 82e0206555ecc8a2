/* straightened.c - do vertebrae that are fractured behind a screw come back straight? straightened TRUTH.json BEFORE.json AFTER.json: three
 * results of `measure --json`: of a store of pairs (`synth fractures=screwed pairs=1`), of what a network sees on it, and of what it sees on the
 * restored films. The fracture of a film is its level with the greatest true loss of height, 20 % or more (Genant grade 1). It is straightened
 * where the network sees it on the film without the implant (15 % or more) and on the restored one at least half of that loss is gone. */
#include "base/die.h"
#include "datasets/json_file.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char suffix[] = "_implants";

static const json_t *case_of(const json_t *o, const char *id)
{
    const json_t *cases = json_object_get(o, "cases");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const char *own = json_word(json_array_get(cases, i), "id");
        if (own && !strcmp(own, id)) return json_array_get(cases, i);
    }
    return NULL;
}

/* Loss of height of that level (NULL: of the level that has lost most, whose name it becomes), percent; NAN: not measured */
static double loss_of(const json_t *one, const char **level)
{
    const json_t *list = json_object_get(one, "compression");
    double most = NAN;
    const char *wanted = *level;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *e = json_array_get(list, i);
        const char *name = json_word(e, "level");
        double loss;
        if (!name || (wanted && strcmp(name, wanted)) || !json_number(json_object_get(e, "genant_loss_pct"), &loss)) continue;
        if (isnan(most) || loss > most) most = loss, *level = name;
    }
    return most;
}

int main(int argc, char **argv)
{
    json_t *o[3];
    if (argc != 4) die("straightened: wanted TRUTH.json BEFORE.json AFTER.json");
    for (int k = 0; k < 3; k++) o[k] = json_file(argv[1 + k], (size_t)256 << 20);
    const json_t *cases = json_object_get(o[0], "cases");
    int fractured = 0, seen = 0, behind = 0, unmeasured = 0, straight = 0;
    double moved = 0, error = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const char *id = json_word(json_array_get(cases, i), "id"), *level = NULL;
        const size_t n = id ? strlen(id) : 0, m = strlen(suffix);
        if (n <= m || strcmp(id + n - m, suffix)) continue;
        const double truth = loss_of(json_array_get(cases, i), &level);
        if (!(truth >= 20)) continue;
        char *clean_id = xprintf("%.*s", (int)(n - m), id);
        const double clean = loss_of(case_of(o[1], clean_id), &level), before = loss_of(case_of(o[1], id), &level), after = loss_of(case_of(o[2], id), &level);
        free(clean_id);
        fractured++, behind += before >= 15;
        if (!(clean >= 15)) continue;
        seen++;
        if (isnan(after)) { unmeasured++; continue; }
        straight += after < clean / 2, moved += after - clean, error += fabs(after - truth);
    }
    const int n = seen - unmeasured;
    printf("%d fractures; %d seen on the films without implants, %d behind them; restored: %d straightened, %d not measured; "
           "loss of height moved by %+.1f points, %.1f from the truth (n = %d)\n", fractured, seen, behind, straight, unmeasured, n ? moved / n : 0,
           n ? error / n : 0, n);
    for (int k = 0; k < 3; k++) json_decref(o[k]);
    return 0;
}
