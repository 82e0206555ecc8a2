/* check.c - `darkspine check STORE.h5`: every fault of every case; exit 2 while an error-level fault stands. */
#include "verbs/verb.h"
#include "verbs/compute.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include "verbs/progress.h"
#include "base/die.h"
#include "base/words.h"
#include "datasets/check.h"
#include <stdio.h>
#include <stdlib.h>

static const flag own[] = {
    { "--exclude", NULL, "mark the cases with error-level faults in the store, so that training leaves them out (and unmark the others)" },
    { "--sheet", "FILE.png", "contact sheet of the faulty cases (of all, where there are none)" },
    { 0 } };

static const usage how = { "check", "STORE.h5",
    "List every fault of every case: damaged data, corners and vertebrae in the wrong order, labels that do not fit their film, films\n"
    "that stand twice, patients in two parts of the split, and more. An error makes a case useless or harmful; a warning deserves a look.\n"
    "Exit status 2 while there are errors in cases that are not excluded.",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_THREADS, 1, 1, 0 };

static void tick(void *with, int64_t done, int64_t total)
{
    progress *p = with;
    p->total = total;
    progress_step(p, done, NULL);
}

static void print_json(const store *s, const faults *f, int64_t cases, int64_t errors, const char *sheet)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < f->n; i++) {
        const fault *a = &f->f[i];
        json_t *o = json_pack("{s:o, s:s, s:s, s:o}", "case", a->at < 0 ? json_null() : object_text(store_at(s, a->at)->id),
                              "level", a->error ? "error" : "warning", "code", a->code, "text", object_text(a->text));
        if (a->at < 0) json_object_set_new(o, "case_why", json_string("concerns the whole store"));
        object_append(list, o);
    }
    json_t *o = json_pack("{s:o, s:I, s:I, s:I, s:I}", "faults", list, "cases", (json_int_t)store_count(s), "faulty", (json_int_t)cases,
                           "errors", (json_int_t)errors, "warnings", (json_int_t)f->warnings);
    if (o && sheet) json_object_set_new(o, "sheet", object_text(sheet));
    object_print(o);
}

static void print_text(const store *s, const faults *f, int64_t cases)
{
    int wide = 4;
    for (int64_t i = 0; i < f->n; i++) {
        int n = f->f[i].at < 0 ? 5 : snprintf(NULL, 0, "%s", store_at(s, f->f[i].at)->id);
        if (n > wide) wide = n;
    }
    for (int64_t i = 0; i < f->n; i++) {
        const fault *a = &f->f[i];
        printf("%-*s  %-7s  %-16s  %s\n", wide, a->at < 0 ? "store" : store_at(s, a->at)->id, a->error ? "error" : "warning", a->code, a->text);
    }
    printf("%lld case%s: %lld error%s in %lld case%s, %lld warning%s\n", (long long)store_count(s), plural(store_count(s)), (long long)f->errors,
           plural(f->errors), (long long)cases, plural(cases), (long long)f->warnings, plural(f->warnings));
}

/* The cases to show: those with any fault, or all. */
static int64_t to_show(const store *s, const faults *f, int64_t *cases)
{
    int64_t n = store_count(s), m = 0;
    uint8_t *has = xalloc((size_t)n);
    for (int64_t i = 0; i < f->n; i++) if (f->f[i].at >= 0) has[f->f[i].at] = 1;
    for (int64_t i = 0; i < n; i++) if (has[i]) cases[m++] = i;
    for (int64_t i = 0; !m && i < n; i++) cases[i] = i;
    free(has);
    return m ? m : n;
}

static void make_sheet(const store *s, const faults *f, const char *path)
{
    int64_t *cases = xalloc_n((size_t)store_count(s), sizeof *cases), n = to_show(s, f, cases);
    check_sheet(s, cases, n, f, path);
    if (n > SHEET_MOST) warn("%s: shows the first %d of %lld cases", path, SHEET_MOST, (long long)n);
    free(cases);
}

int verb_check(int argc, char **argv)
{
    flags *fl = flags_parse(&how, argc, argv);
    if (!fl) return EXIT_OK;
    const char *path = fl->input[0], *sheet = flags_text(fl, "--sheet", NULL);
    if (sheet) flags_may_write(fl, sheet);
    compute_threads(fl);
    store *s = store_open(path);
    int64_t n = store_count(s), standing = 0;
    progress p = progress_begin("check", n, flags_has(fl, "--quiet"));
    faults f = check_store(s, tick, &p);
    progress_end(&p);
    uint8_t *marks = xalloc((size_t)n);
    int64_t cases = faults_cases(&f, n, marks);
    if (sheet) make_sheet(s, &f, sheet);
    for (int64_t i = 0; i < n; i++) standing += marks[i] && !store_at(s, i)->excluded;
    if (flags_has(fl, "--json")) print_json(s, &f, cases, f.errors, sheet);
    else {
        print_text(s, &f, cases);
        if (sheet) printf("%s drawn: %s\n", f.n ? "the cases with faults" : "all cases", sheet);
    }
    fflush(stdout);
    store_close(s);
    if (flags_has(fl, "--exclude")) {
        store_mark(path, NULL, marks, n), standing = 0;
        if (!flags_has(fl, "--json")) printf("%lld case%s left out of training from now on\n", (long long)cases, plural(cases));
    }
    faults_free(&f), free(marks), flags_free(fl);
    if (standing)
        fprintf(stderr, "darkspine: %s: %lld case%s with errors; --exclude leaves them out of training\n", path, (long long)standing,
                plural(standing));
    return standing ? EXIT_INPUT : EXIT_OK;
}
