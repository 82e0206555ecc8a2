/* split.c - `darkspine split STORE.h5 --by patient --parts train=.8,val=.2`: writes a part for every case into the store. */
#include "verbs/verb.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include "base/die.h"
#include "base/words.h"
#include "datasets/split.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const flag own[] = {
    { "--by", "patient", "what must not be torn apart (default, and the only way: patient)" },
    { "--parts", "NAME=SHARE,...", "shares of train, val and test; they add up to 1 (default train=.8,val=.2)" },
    { "--folds", "N", "instead of parts, N folds of a cross-validation over all cases that are not in test (train with data.fold=1..N)" },
    { 0 } };

static const usage how = { "split", "STORE.h5",
    "Assign every patient of a store to one part, or to one fold of a cross-validation. Counts of films come as near to the shares\n"
    "as whole patients allow; the same seed gives the same split everywhere. A second split replaces the first.",
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

/* Films and patients of each group, group[i] (count) from 0; a case without patient is a patient of its own. count, patients: zeroed. */
static void count_groups(const store *s, const int *group, int64_t *count, int64_t *patients)
{
    for (int64_t i = 0; i < store_count(s); i++) {
        int first = 1;                                         /* the patient's first case counts the patient */
        for (int64_t j = 0; j < i && first && store_at(s, i)->patient[0]; j++)
            first = group[i] != group[j] || strcmp(store_at(s, i)->patient, store_at(s, j)->patient) != 0;
        count[group[i]]++, patients[group[i]] += first;
    }
}

static void print_group(const char *name, int64_t films, int64_t patients)
{
    printf("%-6s %6lld film%s  %6lld patient%s\n", name, (long long)films, plural(films), (long long)patients, plural(patients));
}

static void make_parts(const flags *f, store *s, uint64_t seed)
{
    double share[SPLITS] = { 0 };
    int64_t count[SPLITS] = { 0 }, patients[SPLITS] = { 0 }, n = store_count(s);
    read_parts(flags_text(f, "--parts", "train=.8,val=.2"), share);
    split *part = xalloc_n((size_t)n, sizeof *part);
    int *group = xalloc_n((size_t)n, sizeof *group);
    split_by_patient(s, share, seed, part);
    for (int64_t i = 0; i < n; i++) group[i] = (int)part[i];
    count_groups(s, group, count, patients);
    int64_t moved = 0, all = 0;
    for (int64_t i = 0; i < n; i++) moved += store_at(s, i)->split != SPLIT_NONE && store_at(s, i)->split != part[i];
    store_close(s);
    for (int k = 0; k < SPLITS; k++) all += patients[k];
    for (int k = SPLIT_TRAIN; k < SPLITS; k++)
        if (share[k] > 0 && !count[k])
            die("%s: too few patients (%lld in %lld film%s): %s would get no film", f->input[0], (long long)all, (long long)n, plural(n), split_names[k]);
    if (moved) warn("%s: %lld of %lld films were in another part before: weights trained until now may have seen films that are to judge them", f->input[0],
                    (long long)moved, (long long)n);
    store_mark(f->input[0], part, NULL, n);
    if (flags_has(f, "--json"))
        object_print(json_pack("{s:I, s:I, s:I}", "train", (json_int_t)count[SPLIT_TRAIN], "val", (json_int_t)count[SPLIT_VAL],
            "test", (json_int_t)count[SPLIT_TEST]));
    else
        for (int k = SPLIT_TRAIN; k < SPLITS; k++)
            if (share[k] > 0) print_group(split_names[k], count[k], patients[k]);
    free(part), free(group);
}

static void make_folds(const flags *f, store *s, uint64_t seed)
{
    const int folds = (int)flags_int(f, "--folds", 0, 2, STORE_FOLDS);
    int64_t count[STORE_FOLDS + 1] = { 0 }, patients[STORE_FOLDS + 1] = { 0 }, n = store_count(s);
    if (flags_has(f, "--parts")) die_at("--folds", "got --parts as well: split into parts first, then those that are not in test into folds");
    int *fold = xalloc_n((size_t)n, sizeof *fold);
    split_folds(s, folds, seed, fold);
    count_groups(s, fold, count, patients);
    store_close(s);
    for (int k = 1; k <= folds; k++) if (!count[k]) die("%s: too few patients: fold %d would get no film", f->input[0], k);
    store_fold(f->input[0], fold, n);
    json_t *list = json_array();
    for (int k = 1; k <= folds; k++) json_array_append_new(list, json_integer((json_int_t)count[k]));
    if (flags_has(f, "--json")) object_print(json_pack("{s:o, s:I}", "folds", list, "test", (json_int_t)count[0]));
    else {
        char name[16];
        for (int k = 1; k <= folds; k++) snprintf(name, sizeof name, "fold%d", k), print_group(name, count[k], patients[k]);
        if (count[0]) print_group("test", count[0], patients[0]), puts("films of test are in no fold");
        json_decref(list);
    }
    free(fold);
}

int verb_split(int argc, char **argv)
{
    static const char *const ways[] = { "patient" };
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    flags_word(f, "--by", ways, 1, 0);
    const uint64_t seed = (uint64_t)flags_int(f, "--seed", 1, 0, INT64_MAX);
    store *s = store_open(f->input[0]);
    if (flags_has(f, "--folds")) make_folds(f, s, seed);
    else make_parts(f, s, seed);
    flags_free(f);
    return EXIT_OK;
}
