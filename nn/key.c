/* key.c - values into fields and back; see key.h. */
#include "nn/key.h"
#include "base/die.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(type) (*(type *)((char *)out + k->at))

static void check_range(const key *k, double v, const char *value, const char *where)
{
    if (k->lo != k->hi && !(v >= k->lo && v <= k->hi)) die_at(where, "got %s, wanted %.10g to %.10g", value, k->lo, k->hi);
}

static int word_index(const key *k, const char *value, const char *where)
{
    char all[256];
    const char *names[32];
    int n = 0;
    snprintf(all, sizeof all, "%s", k->words);
    for (char *save, *w = strtok_r(all, "|", &save); w && n < 32; w = strtok_r(NULL, "|", &save)) {
        if (!strcmp(w, value)) return n;
        names[n++] = w;
    }
    die_at(where, "got %s, wanted %s%s", value, k->words, die_nearest(value, names, n));
}

static key_list list_of(const key *k, const char *value, const char *where)
{
    key_list l = { 0 };
    char *copy = xdup(value), text[64];
    if (!*value) { free(copy); return l; }
    for (char *p = copy, *end; p; p = end) {
        end = strchr(p, ',');
        if (end) *end++ = 0;
        while (*p == ' ') p++;
        for (size_t n = strlen(p); n && p[n - 1] == ' ';) p[--n] = 0;
        snprintf(text, sizeof text, "%s", p);
        if (l.n == KEY_LIST_MAX || !text_real(p, &l.v[l.n])) {
            free(copy);
            if (l.n == KEY_LIST_MAX) die_at(where, "got more than %d numbers", KEY_LIST_MAX);
            die_at(where, "got '%s', wanted numbers separated by commas", text);
        }
        check_range(k, l.v[l.n++], text, where);
    }
    free(copy);
    return l;
}

void key_set(const key *k, void *out, const char *value, const char *where)
{
    int64_t i;
    double r;
    switch (k->type) {
    case K_INT:
        if (!text_int(value, &i)) die_at(where, "got '%s', wanted a whole number", value);
        check_range(k, (double)i, value, where);
        FIELD(int64_t) = i;
        break;
    case K_REAL:
        if (!text_real(value, &r)) die_at(where, "got '%s', wanted a number", value);
        check_range(k, r, value, where);
        FIELD(double) = r;
        break;
    case K_BOOL:
        if (strcmp(value, "0") && strcmp(value, "1")) die_at(where, "got '%s', wanted 0 or 1", value);
        FIELD(int) = value[0] == '1';
        break;
    case K_WORD: FIELD(int) = word_index(k, value, where); break;
    case K_LIST: FIELD(key_list) = list_of(k, value, where); break;
    case K_TEXT: case K_FROM: FIELD(const char *) = *value ? xdup(value) : NULL; break;
    }
}

void key_defaults(const key *table, void *out)
{
    for (const key *k = table; k->name; k++)
        if (k->def) key_set(k, out, k->def, k->name);
}

const key *key_find(const key *table, const char *name)
{
    for (const key *k = table; k->name; k++) if (!strcmp(k->name, name)) return k;
    return NULL;
}

void key_words(const key *table, void *out, const char *words, const char *where)
{
    static const key none[1] = { { .name = NULL } };
    if (!table) table = none;
    key_defaults(table, out);
    char *copy = xdup(words);
    for (char *save, *w = strtok_r(copy, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
        char *equals = strchr(w, '=');
        if (!equals) die_at(where, "got '%s', wanted key=value", w);
        *equals = 0;
        const key *k = key_find(table, w);
        if (!k) die_at(where, "unknown key %s", w);
        key_set(k, out, equals + 1, where);
    }
    free(copy);
}

/* The shortest decimal that reads back as the same number. */
static char *real_text(double v)
{
    char text[32];
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v) break;
    }
    return xdup(text);
}

static char *list_text(const key_list *l)
{
    char *s = xdup("");
    for (int i = 0; i < l->n; i++) {
        char *v = real_text(l->v[i]), *t = xprintf("%s%s%s", s, i ? "," : "", v);
        free(s), free(v);
        s = t;
    }
    return s;
}

char *key_word(const char *words, int i)
{
    while (i--) words = strchr(words, '|') + 1;
    return xprintf("%.*s", (int)strcspn(words, "|"), words);
}

char *key_text(const key *k, const void *out)
{
    const char *text;
    switch (k->type) {
    case K_INT:  return xprintf("%lld", (long long)FIELD(const int64_t));
    case K_REAL: return real_text(FIELD(const double));
    case K_BOOL: return xdup(FIELD(const int) ? "1" : "0");
    case K_LIST: return list_text(&FIELD(const key_list));
    case K_TEXT: case K_FROM: text = FIELD(const char *const); return xdup(text ? text : "");
    case K_WORD: break;
    }
    return key_word(k->words, FIELD(const int));
}

void key_unused(const key *table, const void *values, const char *name, int used, const char *choice, const char *at)
{
    const key *k = key_find(table, name);
    if (used || !k || !k->def) return;
    char *initial = xalloc(k->at + sizeof(key_list)), *got = key_text(k, values), *want;
    key_set(k, initial, k->def, at);
    want = key_text(k, initial);
    if (strcmp(got, want)) die_at(at, "%s: got %s, which %s does not use (wanted its default, %s)", name, got, choice, k->def);
    free(initial), free(got), free(want);
}

void key_print_help(const key *table)
{
    static const char *const type[] = { "whole number", "number", "0 or 1", "word", "text", "numbers", "names" };
    for (const key *k = table; k->name; k++) {
        printf("  %-16s %-13s %-12s %s", k->name, type[k->type], !k->def ? "required" : *k->def ? k->def : "none", k->help);
        if (k->words) printf(" (%s)", k->words);
        if (k->lo != k->hi) printf(" (%.10g to %.10g)", k->lo, k->hi);
        printf("\n");
    }
}
