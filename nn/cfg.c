/* cfg.c - text to sections; see cfg.h. Parsing is line by line and total: a line is a section head, a key=value, a comment, or an
 * error. Includes and repeats are unrolled before anyone sees the result, so everything after works on a flat list. */
#include "nn/cfg.h"
#include "base/die.h"
#include "base/file.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20, SECTIONS_MAX = 20000, DEPTH_MAX = 8, REPEAT_MAX = 1000, EXPANSIONS_MAX = 20000 };

static cfg_section *section_add(cfg *c, const char *name, const char *at)
{
    if (c->n >= SECTIONS_MAX) die_at(at, "more than %d sections", SECTIONS_MAX);
    if ((c->n & (c->n + 1)) == 0) c->s = xgrow(c->s, (size_t)(2 * (c->n + 1)) * sizeof *c->s);
    cfg_section *s = &c->s[c->n++];
    *s = (cfg_section){ .name = xdup(name), .at = xdup(at) };
    return s;
}

static void entry_add(cfg_section *s, const char *key, const char *value, const char *at)
{
    if ((s->n & (s->n + 1)) == 0) s->e = xgrow(s->e, (size_t)(2 * (s->n + 1)) * sizeof *s->e);
    s->e[s->n++] = (cfg_entry){ .key = xdup(key), .value = xdup(value), .at = xdup(at) };
}

static cfg_entry *entry_find(const cfg_section *s, const char *key)
{
    for (int i = 0; i < s->n; i++) if (!strcmp(s->e[i].key, key)) return &s->e[i];
    return NULL;
}

static char *trim(char *s)
{
    while (isspace((unsigned char)*s)) s++;
    for (size_t n = strlen(s); n && isspace((unsigned char)s[n - 1]);) s[--n] = 0;
    return s;
}

/* A comment starts with # or ; at the start of a line or after white space. */
static void cut_comment(char *s)
{
    for (char *p = s; *p; p++)
        if ((*p == '#' || *p == ';') && (p == s || isspace((unsigned char)p[-1]))) { *p = 0; return; }
}

static void parse_line(cfg *c, char *line, const char *at)
{
    cut_comment(line);
    line = trim(line);
    if (!*line) return;
    size_t n = strlen(line);
    if (*line == '[') {
        if (n < 3 || line[n - 1] != ']') die_at(at, "got '%.80s', wanted [section]", line);
        line[n - 1] = 0;
        section_add(c, trim(line + 1), at);
        return;
    }
    char *equals = strchr(line, '=');
    if (!equals || equals == line) die_at(at, "got '%.80s', wanted [section] or key=value", line);
    *equals = 0;
    char *key = trim(line), *value = trim(equals + 1);
    if (!c->n) die_at(at, "%s= stands before any [section]", key);
    cfg_section *s = &c->s[c->n - 1];
    const cfg_entry *twice = entry_find(s, key);
    if (twice) die_at(at, "%s.%s: given twice, first at %s", s->name, key, twice->at);
    entry_add(s, key, value, at);
}

static cfg *parse_flat(const char *text, const char *path)
{
    cfg *c = xalloc(sizeof *c);
    c->path = xdup(path);
    char *copy = xdup(text);
    int line = 0;
    for (char *p = copy, *next; p; p = next) {
        next = strchr(p, '\n');
        if (next) *next++ = 0;
        char at[512];
        snprintf(at, sizeof at, "%.480s:%d", path, ++line);
        parse_line(c, p, at);
    }
    free(copy);
    return c;
}

/* The value with every %d replaced by the pass of the [repeat] it stands in; pass -1: outside of any. */
static char *fill_pass(const char *value, int pass)
{
    char *out = xdup(value);
    for (char *hole; pass >= 0 && (hole = strstr(out, "%d"));) {
        char *next = xprintf("%.*s%d%s", (int)(hole - out), out, pass, hole + 2);
        free(out);
        out = next;
    }
    return out;
}

static void copy_section(cfg *to, const cfg_section *s, int pass)
{
    cfg_section *t = section_add(to, s->name, s->at);
    for (int i = 0; i < s->n; i++) {
        char *filled = fill_pass(s->e[i].value, pass);
        entry_add(t, s->e[i].key, filled, s->e[i].at);
        free(filled);
    }
}

/* budget: expansions still allowed; empty repeats in repeats, or a file that includes itself twice, would otherwise never end */
typedef struct { cfg *to; int budget; } target;
static void expand(target *to, const cfg *from, int i, int end, int pass, int depth);

static void include(target *to, cfg_section *s, const char *path, int pass, int depth)
{
    const char *file = cfg_get(s, "file");
    if (!file || s->n != 1) die_at(s->at, "include: wanted one key, file=");
    if (depth >= DEPTH_MAX) die_at(s->at, "include: more than %d files deep", DEPTH_MAX);
    char *folder = path_folder(path), *full = path_join(folder, file);
    if (!file_exists(full)) die_at(s->e[0].at, "include.file: no such file %s", full);
    char *text = text_read(full, TEXT_MAX);
    cfg *c = parse_flat(text, full);
    expand(to, c, 0, c->n, pass, depth + 1);
    cfg_free(c);
    free(text), free(full), free(folder);
}

static int repeat(target *to, const cfg *from, int i, int end, int depth)
{
    cfg_section *s = &from->s[i];
    const char *times = cfg_get(s, "times"), *first = cfg_get(s, "first");
    int64_t n, start = 1;
    int close = i + 1, open = 1;
    for (; close < end; close++) {
        open += !strcmp(from->s[close].name, "repeat") - !strcmp(from->s[close].name, "end");
        if (!open) break;
    }
    if (close == end) die_at(s->at, "repeat: no [end] follows");
    if (!times || s->n != 1 + (first != NULL)) die_at(s->at, "repeat: wanted times=, and first= where passes do not count from 1");
    if (!text_int(times, &n) || n < 1 || n > REPEAT_MAX) die_at(entry_find(s, "times")->at, "repeat.times: got %s, wanted 1 to %d", times, REPEAT_MAX);
    if (first && (!text_int(first, &start) || start < 0 || start > REPEAT_MAX))
        die_at(entry_find(s, "first")->at, "repeat.first: got %s, wanted 0 to %d", first, REPEAT_MAX);
    for (int64_t k = start; k < start + n; k++) expand(to, from, i + 1, close, (int)k, depth);
    return close;
}

static void expand(target *to, const cfg *from, int i, int end, int pass, int depth)
{
    if (!to->budget--) die_at(from->path, "more than %d includes and repeats", EXPANSIONS_MAX);
    for (; i < end; i++) {
        cfg_section *s = &from->s[i];
        if (!strcmp(s->name, "include")) include(to, s, from->path, pass, depth);
        else if (!strcmp(s->name, "repeat")) i = repeat(to, from, i, end, depth);
        else if (!strcmp(s->name, "end")) die_at(s->at, "end: no [repeat] stands before it");
        else copy_section(to->to, s, pass);
    }
}

cfg *cfg_parse(const char *text, const char *path)
{
    cfg *flat = parse_flat(text, path), *c = xalloc(sizeof *c);
    c->path = xdup(path);
    target to = { c, EXPANSIONS_MAX };
    expand(&to, flat, 0, flat->n, -1, 0);
    cfg_free(flat);
    return c;
}

cfg *cfg_read(const char *path)
{
    char *text = text_read(path, TEXT_MAX);
    cfg *c = cfg_parse(text, path);
    free(text);
    return c;
}

void cfg_free(cfg *c)
{
    if (!c) return;
    for (int i = 0; i < c->n; i++) {
        cfg_section *s = &c->s[i];
        for (int j = 0; j < s->n; j++) free(s->e[j].key), free(s->e[j].value), free(s->e[j].at);
        free(s->e), free(s->name), free(s->at);
    }
    free(c->s), free(c->path), free(c);
}

cfg_section *cfg_find(const cfg *c, const char *section)
{
    for (int i = 0; i < c->n; i++) if (!strcmp(c->s[i].name, section)) return &c->s[i];
    return NULL;
}

const char *cfg_get(cfg_section *s, const char *key)
{
    cfg_entry *e = entry_find(s, key);
    if (!e) return NULL;
    e->used = 1;
    return e->value;
}

/* The section a word such as "net" or "inc.conv1" means: name= first, then the section's own name if there is only one. */
static cfg_section *addressed(cfg *c, const char *who, const char *word, const char *const *known)
{
    cfg_section *found = NULL;
    for (int i = 0; i < c->n; i++) {
        const cfg_entry *e = entry_find(&c->s[i], "name");
        if (e && !strcmp(e->value, who)) return &c->s[i];
    }
    for (int i = 0; i < c->n; i++)
        if (!strcmp(c->s[i].name, who)) {
            if (found) die("%s: %s has several [%s] sections: use the name= of one", word, c->path, who);
            found = &c->s[i];
        }
    if (found) return found;
    const char *names[64];
    int n = 0;
    for (; known && known[n] && n < 63; n++) {
        names[n] = known[n];
        if (!strcmp(known[n], who)) return section_add(c, who, "command line");
    }
    die("%s: %s has no section or name %s%s", word, c->path, who, die_nearest(who, names, n));
}

void cfg_override(cfg *c, const char *word, const char *const *known)
{
    char *copy = xdup(word), *equals = strchr(copy, '='), *dot = NULL;
    if (equals) *equals = 0, dot = strrchr(copy, '.');
    if (!dot || dot == copy || !dot[1]) die("got '%s', wanted section.key=value", word);
    *dot = 0;
    for (const char *p = equals + 1; *p; p++)
        if ((*p == '#' || *p == ';') && isspace((unsigned char)p[-1]))
            die("%s: a %c after white space starts a comment in a cfg: it cannot stand in a value", copy, *p);
    cfg_section *s = addressed(c, copy, word, known);
    cfg_entry *e = entry_find(s, dot + 1);
    if (e) {
        free(e->value), free(e->at);
        e->value = xdup(equals + 1), e->at = xdup("command line");
    } else entry_add(s, dot + 1, equals + 1, "command line");
    free(copy);
}

void cfg_fill(cfg_section *s, const key *table, void *out)
{
    s->used = 1;
    for (const key *k = table; k->name; k++) {
        cfg_entry *e = entry_find(s, k->name);
        if (e) {
            char where[640];
            snprintf(where, sizeof where, "%s: %s.%s", e->at, s->name, k->name);
            key_set(k, out, e->value, where);
            e->used = 1;
        } else if (k->def) key_set(k, out, k->def, k->name);
        else die_at(s->at, "%s.%s: missing, wanted: %s", s->name, k->name, k->help);
    }
}

void cfg_check_used(const cfg_section *s, const key *const *tables, int ntables)
{
    for (int i = 0; i < s->n; i++) {
        const cfg_entry *e = &s->e[i];
        if (e->used) continue;
        const char *names[128];
        int n = 0;
        for (int t = 0; t < ntables; t++)
            for (const key *k = tables[t]; k->name && n < 128; k++) names[n++] = k->name;
        die_at(e->at, "%s.%s: unknown key%s", s->name, e->key, die_nearest(e->key, names, n));
    }
}

static void append(char **text, const char *more)
{
    size_t a = *text ? strlen(*text) : 0, b = strlen(more);
    *text = xgrow(*text, a + b + 1);
    memcpy(*text + a, more, b + 1);
}

static void append_pair(char **text, const char *key, const char *value)
{
    char *line = xprintf("%s=%s\n", key, value);
    append(text, line);
    free(line);
}

static void append_head(char **text, const char *section)
{
    char *head = xprintf("%s[%s]\n", *text && **text ? "\n" : "", section);
    append(text, head);
    free(head);
}

char *cfg_text(const cfg *c)
{
    char *text = xdup("");
    for (int i = 0; i < c->n; i++) {
        append_head(&text, c->s[i].name);
        for (int j = 0; j < c->s[i].n; j++) append_pair(&text, c->s[i].e[j].key, c->s[i].e[j].value);
    }
    return text;
}

void cfg_print_section(char **text, const char *section, const key *table, const void *values)
{
    append_head(text, section);
    for (const key *k = table; k->name; k++) {
        char *v = key_text(k, values);
        if (*v || k->type == K_LIST) append_pair(text, k->name, v);
        free(v);
    }
}
