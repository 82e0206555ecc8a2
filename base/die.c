/* die.c - errors, traps and checked memory; see die.h. */
#include "base/die.h"
#include "base/die_end.h"
#include "base/words.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is not const here: the innermost trap of this thread; a plugin's way to the program's, set once, when it is opened; whether warnings are
 * wanted, set once, by the flags */
static _Thread_local die_trap *trap;
static die_ending *elsewhere;
static int silent;

void die_trap_push(die_trap *t) { t->outer = trap, t->status = 0, t->text[0] = 0, trap = t; }
void die_trap_pop(die_trap *t) { trap = t->outer; }

/* One line: control characters of a hostile file name must not become extra lines or terminal commands. */
static void clean(char *s)
{
    for (; *s; s++) if ((unsigned char)*s < 32 || *s == 127) *s = ' ';
}

void die_hand_over(die_ending *to, int quiet) { elsewhere = to, silent = quiet; }

_Noreturn void die_end(int status, const char *line)
{
    if (trap) {
        die_trap *t = trap;
        snprintf(t->text, sizeof t->text, "%s", line), t->status = status, trap = t->outer;
        longjmp(t->jump, 1);
    }
    if (elsewhere) elsewhere(status, line);
    fflush(stdout);
    fprintf(stderr, "darkspine: %s\n", line);
    exit(status);
}

static _Noreturn void finish(int status, const char *at, const char *fmt, va_list ap)
{
    char text[900], line[1024];
    vsnprintf(text, sizeof text, fmt, ap);
    if (at) snprintf(line, sizeof line, "%s: %s", at, text);
    else snprintf(line, sizeof line, "%s", text);
    clean(line);
    die_end(status, line);
}

void die_again(const die_trap *t)
{
    const die_trap caught = *t;                  /* t may be the trap that this raises into */
    die_end(caught.status, caught.text);
}

#define FINISH(status, at) do { va_list ap; va_start(ap, fmt); finish(status, at, fmt, ap); } while (0)
void die(const char *fmt, ...) { FINISH(EXIT_INPUT, NULL); }
void die_at(const char *at, const char *fmt, ...) { FINISH(EXIT_INPUT, at); }
void die_numbers(const char *fmt, ...) { FINISH(EXIT_NUMBERS, NULL); }
void die_machine(const char *fmt, ...) { FINISH(EXIT_MACHINE, NULL); }

void warn_never(void) { silent = 1; }
int warn_silent(void) { return silent; }

void warn(const char *fmt, ...)
{
    if (silent) return;
    char text[1000];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    clean(text);
    static _Thread_local char last[sizeof text];               /* what is true of every film is said of the first */
    if (!strcmp(text, last)) return;
    strcpy(last, text);
    fprintf(stderr, "darkspine: warning: %s\n", text);
}

/* Levenshtein distance with a cap: names are short, so two rows on the stack do. */
static int distance(const char *a, const char *b)
{
    enum { CAP = 64 };
    int la = (int)strlen(a), lb = (int)strlen(b), row[CAP + 1];
    if (la > CAP || lb > CAP) return CAP;
    for (int j = 0; j <= lb; j++) row[j] = j;
    for (int i = 1; i <= la; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= lb; j++) {
            int up = row[j], best = diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
            if (up + 1 < best) best = up + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            diagonal = up, row[j] = best;
        }
    }
    return row[lb];
}

const char *nearest(const char *got, const char *const *names, int n)
{
    const char *best = NULL;
    int limit = (int)strlen(got) / 3 + 2;
    for (int i = 0; i < n; i++) {
        if (!names[i]) continue;
        int d = distance(got, names[i]);
        if (d < limit && d < (int)strlen(names[i])) limit = d, best = names[i];
    }
    return best;
}

const char *die_nearest(const char *got, const char *const *names, int n)
{
    static _Thread_local char text[128];
    const char *z = nearest(got, names, n);
    if (z) snprintf(text, sizeof text, " (did you mean %s?)", z);
    else text[0] = 0;
    return text;
}

void *xalloc(size_t bytes)
{
    void *p = calloc(bytes ? bytes : 1, 1);
    if (!p) die_machine("out of memory: %s refused", BYTES(bytes));
    return p;
}

void *xalloc_n(size_t n, size_t each)
{
    if (each && n > SIZE_MAX / each) die_machine("out of memory: %zu x %s refused", n, BYTES(each));
    return xalloc(n * each);
}

void *xgrow(void *p, size_t bytes)
{
    void *q = realloc(p, bytes ? bytes : 1);
    if (!q) die_machine("out of memory: %s refused", BYTES(bytes));
    return q;
}

char *xdup(const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(xalloc(n), s, n);
}

char *xprintf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *s = xalloc((size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(s, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return s;
}

int text_int(const char *s, int64_t *out)
{
    char *end;
    if (!*s || isspace((unsigned char)*s)) return 0;
    errno = 0;
    long long v = strtoll(s, &end, 10);
    if (errno || *end) return 0;
    *out = v;
    return 1;
}

int text_real(const char *s, double *out)
{
    char *end;
    if (!*s || isspace((unsigned char)*s) || strpbrk(s, "xX")) return 0;
    errno = 0;
    double v = strtod(s, &end);
    if (*end || !isfinite(v)) return 0;
    *out = v;
    return 1;
}
