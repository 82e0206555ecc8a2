/* split.c - `darkspine split STORE.h5 --by patient --parts train=.8,val=.2`: writes a part for every case into the store. */
#include "verbs/verb.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include "base/die.h"
#include "datasets/split.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const flag own[] = {
    { "--by", "patient", "what must not be torn apart (default, and the only way: patient)" },
    { "--parts", "NAME=SHARE,...", "shares of train, val and test; they add up to 1 (default train=.8,val=.2)" },
    { 0 } };

static const usage how = { "split", "STORE.h5",
    "Assign every patient of a store to one part. Counts of films come as near to the shares as whole patients allow;\n"
    "the same seed gives the same split everywhere. A second split replaces the first.",
    own, FLAG_JSON | FLAG_QUIET | FLAG_SEED, 1, 1, 0 };

static void read_parts(const char *given, double share[SPLITS])
{
    char *text = xdup(given), *rest = text, *part;
    double sum = 0;
    while ((part = strsep(&rest, ","))) {
        char *equals = strchr(part, '=');
        if (!equals) die_at("--parts", "got '%s', wanted NAME=SHARE,...: train=.8,val=.2", given);
        *equals = 0;
        int k = part[0] ? split_find(part) : -1;
        if (k < 0) die_at("--parts", "got the part '%s', wanted train, val or test%s", part, die_nearest(part, split_names + 1, SPLITS - 1));
        if (share[k] != 0) die_at("--parts", "%s stands twice in '%s'", part, given);
        if (!text_real(equals + 1, &share[k]) || share[k] <= 0 || share[k] > 1)
            die_at("--parts", "%s: got '%s', wanted a share above 0, up to 1", part, equals + 1);
        sum += share[k];
    }
    if (fabs(sum - 1) > 1e-6) die_at("--parts", "the shares in '%s' add up to %g, wanted 1", given, sum);
    free(text);
}

int verb_split(int argc, char **argv)
{
    static const char *const ways[] = { "patient" };
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    double share[SPLITS] = { 0 };
    int64_t count[SPLITS] = { 0 }, patients[SPLITS] = { 0 };
    flags_word(f, "--by", ways, 1, 0);
    read_parts(flags_text(f, "--parts", "train=.8,val=.2"), share);
    store *s = store_open(f->input[0]);
    int64_t n = store_count(s);
    split *part = xalloc_n((size_t)n, sizeof *part);
    split_by_patient(s, share, (uint64_t)flags_int(f, "--seed", 1, 0, INT64_MAX), part);
    for (int64_t i = 0; i < n; i++) {
        int first = 1;                                         /* the patient's first case counts the patient */
        for (int64_t j = 0; j < i && first && store_at(s, i)->patient[0]; j++) first = strcmp(store_at(s, i)->patient, store_at(s, j)->patient) != 0;
        count[part[i]]++, patients[part[i]] += first;
    }
    store_close(s);
    for (int k = SPLIT_TRAIN; k < SPLITS; k++)
        if (share[k] > 0 && !count[k]) die("%s: too few patients: %s would get no film", f->input[0], split_names[k]);
    store_mark(f->input[0], part, NULL, n);
    if (flags_has(f, "--json"))
        object_print(json_pack("{s:I, s:I, s:I}", "train", (json_int_t)count[SPLIT_TRAIN], "val", (json_int_t)count[SPLIT_VAL],
            "test", (json_int_t)count[SPLIT_TEST]));
    else
        for (int k = SPLIT_TRAIN; k < SPLITS; k++)
            if (share[k] > 0) printf("%-6s %6lld films  %6lld patients\n", split_names[k], (long long)count[k], (long long)patients[k]);
    free(part), flags_free(f);
    return EXIT_OK;
}
