/* includes_test.c - who may include whom: the table of docs/DESIGN.md, held by reading every #include "..." of the tree. */
#include "tests/test.h"
#include "base/file.h"

typedef struct { const char *folder, *may; } rule;           /* may: prefixes by space; the folder itself always */

static const rule rules[] = {
    { "base", "" },
    { "geometry", "" },
    { "kernels", "base/ tests/cuda_emu/cuda_emu.h" },
    { "nn", "base/ kernels/" },
    { "nn/ops", "base/ kernels/ nn/" },
    { "nn/layers", "base/ kernels/ nn/" },
    { "synth", "base/ geometry/ kernels/math.h datasets/clahe.h" },
    { "datasets", "base/ geometry/ synth/" },
    { "eval", "base/ nn/ datasets/ geometry/ kernels/" },
    { "train", "base/ nn/ datasets/ kernels/kernel.h kernels/loss.h eval/metrics.h eval/stats.h eval/plots.h" },
    { "verbs", "base/ nn/ datasets/ geometry/ eval/ train/ kernels/ synth/" },
};
/* In eval, metrics, statistics, tables and plots stand alone. */
static const char *const alone[] = { "metrics", "distance", "stats", "table", "plots", "plots_axis", "plots_strips", "score", "score_write",
                                     "distributions", "agreement", "paired", "html", "html_plots" };

static int starts(const char *s, const char *prefix) { return !strncmp(s, prefix, strlen(prefix)); }

static int allowed(const char *include, const char *folder, const char *may)
{
    char own[64], list[256];
    snprintf(own, sizeof own, "%s/", folder);
    if (starts(include, own)) return 1;
    snprintf(list, sizeof list, "%s", may);
    for (char *save, *p = strtok_r(list, " ", &save); p; p = strtok_r(NULL, " ", &save)) if (starts(include, p)) return 1;
    return 0;
}

static int check_file(const char *folder, const char *name, const char *may)
{
    char *path = path_join(folder, name), *text = file_read(path, 4 << 20, NULL), *stem = path_stem(name);
    int n = 0;
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) if (!strcmp(folder, "eval") && !strcmp(stem, alone[i])) may = "base/";
    for (char *p = text; (p = strstr(p, "#include \"")); p++) {
        char include[128];
        snprintf(include, sizeof include, "%.*s", (int)strcspn(p + 10, "\"\n"), p + 10);
        if (!allowed(include, folder, may)) fail_msg("%s includes %s: %s may include only itself and: %s", path, include, folder, may);
        n++;
    }
    free(path), free(text), free(stem);
    return n;
}

static void folders_keep_to_their_table(void **state)
{
    (void)state;
    int total = 0;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        int n;
        char **names = file_list(rules[i].folder, "|.c|.h|.cu|", &n);
        assert_true(n > 0);
        for (int k = 0; k < n; k++) total += check_file(rules[i].folder, names[k], rules[i].may), free(names[k]);
        free(names);
    }
    assert_true(total > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(folders_keep_to_their_table) };
    return RUN_TESTS(tests);
}
