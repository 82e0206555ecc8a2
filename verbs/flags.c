/* flags.c - the command line of a verb; see flags.h. The shared flags stand first in the values, in the order of their bits. */
#include "verbs/flags.h"
#include "base/die.h"
#include "base/file.h"
#include "geometry/geometry.h"
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const flag shared[] = {                                /* entry i is switched on by bit i; --help by every verb */
    { "--json", NULL, "one JSON object on stdout instead of text" },
    { "--quiet", NULL, "no progress and no warnings on stderr" },
    { "--force", NULL, "overwrite an existing result" },
    { "--out", "PATH", "what to write" },
    { "--device", "cpu|cuda|auto", "where to compute (default auto)" },
    { "--threads", "N", "number of threads (default: all cores)" },
    { "--seed", "N", "seed of all random numbers (default 1)" },
    { "--precision", "float32|bf16|tf32", "of the factors in convolutions: net.precision (default: what the network says)" },
};
enum { NSHARED = sizeof shared / sizeof *shared };

static int nown(const usage *how) { int n = 0; while (how->own && how->own[n].name) n++; return n; }
static const flag *flag_at(const usage *how, int i) { return i < NSHARED ? &shared[i] : &how->own[i - NSHARED]; }
static int taken(const usage *how, int i) { return i >= NSHARED || how->shared >> i & 1; }

void flags_help(const usage *how)
{
    int n = NSHARED + nown(how), wide = 6;
    for (int i = 0; i < n; i++) {
        const flag *f = flag_at(how, i);
        int len = (int)(strlen(f->name) + (f->value ? strlen(f->value) + 1 : 0));
        if (taken(how, i) && len > wide) wide = len;
    }
    printf("usage: darkspine %s%s%s [--flags]%s\n\n%s\n\n", how->verb, *how->inputs ? " " : "", how->inputs,
           how->settings ? " [section.key=value ...]" : "", how->summary);
    for (int k = 0; k < n; k++) {
        int i = k < nown(how) ? NSHARED + k : k - nown(how);   /* the verb's own flags first */
        const flag *f = flag_at(how, i);
        char left[128];
        if (!taken(how, i)) continue;
        snprintf(left, sizeof left, "%s%s%s", f->name, f->value ? " " : "", f->value ? f->value : "");
        printf("  %-*s  %s\n", wide, left, how->shared & FLAG_NO_NET && !strcmp(f->name, "--precision") ? "of a network's; there is none here" : f->help);
    }
    printf("  %-*s  %s\n", wide, "--help", "this text");
}

/* Index of a flag that this verb takes, or -1. len: bytes of the name (it may be followed by =VALUE). */
static int find(const usage *how, const char *word, size_t len)
{
    for (int i = 0, n = NSHARED + nown(how); i < n; i++) {
        const char *name = flag_at(how, i)->name;
        if (taken(how, i) && strlen(name) == len && !strncmp(name, word, len)) return i;
    }
    return -1;
}

static _Noreturn void unknown(const usage *how, const char *word)
{
    int n = NSHARED + nown(how);
    const char **names = xalloc_n((size_t)n + 1, sizeof *names);
    for (int i = 0; i < n; i++) names[i] = taken(how, i) ? flag_at(how, i)->name : NULL;
    names[n] = "--help";
    char hint[128];
    snprintf(hint, sizeof hint, "%s", die_nearest(word, names, n + 1));
    free(names);
    die("%s: no such flag for %s%s; `darkspine %s --help` lists them", word, how->verb, hint, how->verb);
}

/* name=value or section.key=value: a setting, unless a slash or a space comes before the equals sign. */
static int is_setting(const char *word)
{
    const char *p = word;
    if (!isalpha((unsigned char)*p)) return 0;
    while (isalnum((unsigned char)*p) || *p == '_' || *p == '.' || *p == '-') p++;
    return *p == '=';
}

/* Reads the flag at argv[k]; returns how many words it took, or -1 for --help. */
static int take_flag(flags *f, int argc, char **argv, int k)
{
    const char *word = argv[k], *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    if (!strcmp(word, "--help")) return -1;
    int i = find(f->how, word, len);
    if (i < 0) {
        char *name = xprintf("%.*s", (int)len, word);
        unknown(f->how, name);
    }
    const flag *what = flag_at(f->how, i);
    if (f->value[i]) die("%s: given twice", what->name);
    if (!what->value) {
        if (equals) die("%s: takes no value, got '%s'", what->name, equals + 1);
        f->value[i] = "";
        return 1;
    }
    if (equals) { f->value[i] = equals + 1; return 1; }
    if (k + 1 >= argc) die("%s: a value is missing, wanted %s %s", what->name, what->name, what->value);
    if (!strncmp(argv[k + 1], "--", 2)) die("%s: got the flag %s, wanted a value: %s %s", what->name, argv[k + 1], what->name, what->value);
    f->value[i] = argv[k + 1];
    return 2;
}

flags *flags_parse(const usage *how, int argc, char **argv)
{
    static const char *const precisions[] = { "float32", "bf16", "tf32" };
    enum { PRECISIONS = sizeof precisions / sizeof *precisions };
    flags *f = xalloc(sizeof *f);
    f->how = how;
    f->value = xalloc_n((size_t)(NSHARED + nown(how)), sizeof *f->value);
    f->input = xalloc_n((size_t)argc + 1, sizeof *f->input), f->set = xalloc_n((size_t)argc + 1, sizeof *f->set);
    for (int k = 1, ended = 0; k < argc;) {
        char *word = argv[k];
        if (!ended && !strcmp(word, "--")) { ended = 1, k++; continue; }
        if (!ended && word[0] == '-' && word[1]) {
            int took = take_flag(f, argc, argv, k);
            if (took < 0) { flags_help(how), flags_free(f); return NULL; }
            k += took;
            continue;
        }
        if (!ended && how->settings && is_setting(word)) f->set[f->nset++] = word;
        else f->input[f->n++] = word;
        k++;
    }
    if (how->shared & FLAG_QUIET && flags_has(f, "--quiet")) warn_never();
    const char *precision = how->shared & FLAG_PRECISION ? flags_text(f, "--precision", NULL) : NULL;
    if (precision) flags_word(f, "--precision", precisions, PRECISIONS, 0);
    if (precision && !(how->shared & FLAG_NO_NET)) f->set[f->nset++] = f->precision = xprintf("net.precision=%s", precision);
    if (f->n < how->least) die("%s: got %d input%s, wanted: darkspine %s %s", how->verb, f->n, f->n == 1 ? "" : "s", how->verb, how->inputs);
    if (how->most >= 0 && f->n > how->most) die("%s: did not expect '%s'; wanted: darkspine %s %s", how->verb, f->input[how->most], how->verb,
        how->inputs);
    return f;
}

void flags_free(flags *f)
{
    if (f) free(f->value), free(f->input), free(f->set), free(f->precision), free(f);
}

static const char *value_of(const flags *f, const char *name)
{
    int i = find(f->how, name, strlen(name));
    assert(i >= 0);
    return f->value[i];
}

int flags_has(const flags *f, const char *name) { return value_of(f, name) != NULL; }

/* word as a shell reads it: in single quotes where it is empty or holds anything that a shell does not take as it stands. */
static char *shell_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%";
    if (*word && !word[strspn(word, plain)]) return xdup(word);
    char *quoted = xalloc(4 * strlen(word) + 3), *to = quoted;
    *to++ = '\'';
    for (; *word; word++) {
        if (*word == '\'') to = stpcpy(to, "'\\''");
        else *to++ = *word;
    }
    *to = '\'';
    return quoted;
}

static void append(char **text, const char *word)
{
    char *quoted = shell_word(word), *more = xprintf("%s%s%s", *text, **text ? " " : "", quoted);
    free(*text), free(quoted), *text = more;
}

char *flags_given(const flags *f)
{
    const unsigned silent = FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_OUT | FLAG_THREADS | (f->how->shared & FLAG_NO_NET ? FLAG_PRECISION : 0);
    char *text = xdup("");
    for (int i = 0, n = NSHARED + nown(f->how); i < n; i++) {
        if (!f->value[i] || (i < NSHARED && silent >> i & 1)) continue;
        append(&text, flag_at(f->how, i)->name);
        if (flag_at(f->how, i)->value) append(&text, f->value[i]);
    }
    for (int i = 0; i < f->nset; i++) if (f->set[i] != f->precision) append(&text, f->set[i]);
    return text;
}

const char *flags_text(const flags *f, const char *name, const char *otherwise)
{
    const char *v = value_of(f, name);
    return v ? v : otherwise;
}

int64_t flags_int(const flags *f, const char *name, int64_t otherwise, int64_t least, int64_t most)
{
    const char *v = value_of(f, name);
    int64_t n;
    if (!v) return otherwise;
    if (!text_int(v, &n) || n < least || n > most) die_at(name, "got '%s', wanted a whole number from %lld to %lld", v, (long long)least,
        (long long)most);
    return n;
}

double flags_real(const flags *f, const char *name, double otherwise, double least, double most)
{
    const char *v = value_of(f, name);
    double x;
    if (!v) return otherwise;
    if (!text_real(v, &x) || x < least || x > most) die_at(name, "got '%s', wanted a number from %g to %g", v, least, most);
    return x;
}

int flags_word(const flags *f, const char *name, const char *const *words, int n, int otherwise)
{
    const char *v = value_of(f, name);
    char list[256] = "";
    if (!v) return otherwise;
    for (int i = 0; i < n; i++) if (!strcmp(v, words[i])) return i;
    for (int i = 0; i < n; i++) snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", words[i]);
    die_at(name, "got '%s', wanted one of %s%s", v, list, die_nearest(v, words, n));
}

int flags_spacing(const flags *f, double out[2])
{
    const char *v = value_of(f, "--spacing"), *comma;
    if (!v) return 0;
    char *first = xdup(v);
    comma = strchr(v, ',');
    if (comma) first[comma - v] = 0;
    int ok = comma && text_real(first, &out[0]) && text_real(comma + 1, &out[1]) && geo_spacing_sound(out[0], out[1]);
    free(first);
    if (!ok) die_at("--spacing", "got '%s', wanted %s, x first: 0.143,0.143", v, GEO_SPACING_WANTED);
    return 1;
}

void flags_may_write(const flags *f, const char *path)
{
    if (file_is_folder(path)) die("%s: is a folder, wanted a file to write", path);
    flags_may_replace(f, path);
}

void flags_may_replace(const flags *f, const char *path)
{
    if (file_exists(path) && !flags_has(f, "--force")) die("%s: exists already; --force overwrites it", path);
}
