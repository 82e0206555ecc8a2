/* classes.c - the class table; see classes.h. */
#include "datasets/classes.h"
#include "base/die.h"
#include "base/file.h"
#include "base/share.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const class *classes_find(const classes *t, int value)
{
    for (int i = 0; i < t->n; i++) if (t->c[i].value == value) return &t->c[i];
    return NULL;
}

const char *classes_name(const classes *t, int value, char buf[16])
{
    const class *c = classes_find(t, value);
    if (c) return c->name;
    snprintf(buf, 16, "%d", value);
    return buf;
}

/* Inserts in order of value; NULL, or what is wrong. */
static const char *insert(classes *t, int64_t value, const char *name, const char *kind)
{
    if (value < 1 || value > CLASS_MAX) return "a class value must be 1 to 255";
    if (!name[0] || strlen(name) >= CLASS_NAME || strlen(kind) >= CLASS_NAME) return "a class needs a name, of at most 63 bytes";
    if (strpbrk(name, ",\"\r\n") || strpbrk(kind, ",\"\r\n")) return "a class name has no comma, quote or line break";
    for (int i = 0; i < t->n; i++) {
        if (t->c[i].value == value) return "this value stands twice";
        if (!strcmp(t->c[i].name, name)) return "this name stands twice";
    }
    t->c = xgrow(t->c, (size_t)(t->n + 1) * sizeof *t->c);
    int at = t->n++;
    for (; at > 0 && t->c[at - 1].value > value; at--) t->c[at] = t->c[at - 1];
    t->c[at].value = (int)value;
    snprintf(t->c[at].name, CLASS_NAME, "%s", name), snprintf(t->c[at].kind, CLASS_NAME, "%s", kind);
    return NULL;
}

void classes_add(classes *t, int value, const char *name, const char *kind)
{
    const char *bad = insert(t, value, name, kind);
    if (bad) die("class %d '%s': %s", value, name, bad);
}

classes classes_copy(const classes *t)
{
    classes c = { t->n, t->n ? xalloc_n((size_t)t->n, sizeof *t->c) : NULL };
    if (t->n) memcpy(c.c, t->c, (size_t)t->n * sizeof *t->c);
    return c;
}

void classes_free(classes *t) { free(t->c), *t = (classes){ 0 }; }

/* Next comma-separated field of a line, blanks and then quotes round it removed; *line moves on, NULL after the last. */
static char *field(char **line)
{
    char *s = *line;
    if (!s) return NULL;
    char *comma = strchr(s, ',');
    if (comma) *comma = 0;
    *line = comma ? comma + 1 : NULL;
    s += strspn(s, " \t");
    size_t n = strlen(s);
    while (n && strchr(" \t\r", s[n - 1])) s[--n] = 0;
    if (n >= 2 && s[0] == '"' && s[n - 1] == '"') s[n - 1] = 0, s++;
    return s;
}

classes classes_parse(const char *given, const char *path)
{
    classes t = { 0 };
    char *text = xdup(given), *next = text;
    if (!strncmp(next, "\xEF\xBB\xBF", 3)) next += 3;
    for (int row = 1; next; row++) {
        char *line = next, *end = strchr(next, '\n');
        next = end ? (*end = 0, end + 1) : NULL;
        if (!line[strspn(line, " \t\r")]) continue;
        char *value = field(&line), *name = field(&line), *kind = field(&line), at[512];
        snprintf(at, sizeof at, "%.480s:%d", path, row);
        if (line || !name) die_at(at, "got %s, wanted three columns value,name,kind", line ? "more" : "fewer columns");
        if (row == 1) {
            if (strcmp(value, "value") || strcmp(name, "name") || (kind && strcmp(kind, "kind")))
                die_at(at, "got '%s,%s', wanted the header value,name,kind", value, name);
            continue;
        }
        int64_t v;
        if (!text_int(value, &v)) die_at(at, "value: got '%s', wanted a whole number", value);
        if (v == 0 && !strcasecmp(name, "background")) continue;                      /* is no class of ours */
        const char *bad = insert(&t, v, name, kind ? kind : "");
        if (bad) die_at(at, "%s,%s: %s", value, name, bad);
    }
    free(text);
    return t;
}

classes classes_read(const char *path)
{
    char *text = file_read(path, 1 << 20, NULL);
    classes t = classes_parse(text, path);
    free(text);
    if (!t.n) die("%s: no class in it", path);
    return t;
}

classes classes_named(const char *name)
{
    char *file = xprintf("classes/%s.csv", name), *path = share_path(file);
    classes t = path ? classes_read(path) : (classes){ 0 };
    free(file), free(path);
    return t;
}

classes classes_given(const char *at, const char *word)
{
    static const char *const brought[] = { "levels", "whole", "cervical", "thoracic", "lumbar", "ap", "hspine" };
    if (file_exists(word) || strpbrk(word, "/.")) return classes_read(word);
    classes t = classes_named(word);
    if (!t.n) die_at(at, "got %s, wanted a file, or one of levels, whole, cervical, thoracic, lumbar, ap, hspine%s", word,
        die_nearest(word, brought, (int)(sizeof brought / sizeof *brought)));
    return t;
}

/* The name without the digits at its end. */
static size_t stem(const class *c)
{
    size_t n = strlen(c->name);
    while (n && c->name[n - 1] >= '0' && c->name[n - 1] <= '9') n--;
    return n;
}

void classes_twins(const classes *t, uint8_t twin[256])
{
    const class *head[2] = { NULL };
    int n = 0;
    for (int v = 0; v < 256; v++) twin[v] = (uint8_t)v;
    for (int i = 0; i < t->n; i++)
        if (!strcmp(t->c[i].kind, "femoral_head")) head[n++ % 2] = &t->c[i];
    if (n != 2 || stem(head[0]) != stem(head[1]) || strncmp(head[0]->name, head[1]->name, stem(head[0]))) return;
    twin[head[0]->value] = (uint8_t)head[1]->value, twin[head[1]->value] = (uint8_t)head[0]->value;
}

int classes_values(const char *labels, const char *at, int value[256])
{
    int n = 0;
    int64_t a, b;
    uint8_t seen[256] = { 0 };
    char *copy = xdup(labels), *save;
    value[0] = 0;
    for (char *w = strtok_r(copy, ", ", &save); w; w = strtok_r(NULL, ", ", &save)) {
        char *dash = strchr(w, '-');
        if (dash) *dash = 0;
        if (!text_int(w, &a) || !text_int(dash ? dash + 1 : w, &b) || a < 1 || b > 255 || a > b)
            die_at(at, "got '%s', wanted all, any, or values from 1 to 255 such as 8-19,20", labels);
        for (; a <= b; a++) {
            if (seen[a]++) die_at(at, "value %lld stands twice", (long long)a);
            value[++n] = (int)a;
        }
    }
    free(copy);
    return n;
}
