/* reproduce_vary.c - a run with another seed or precision than the recorded ones; see reproduce.h.
 *
 * Both become words of the steps, and a step's mark is a hash of its words: so what may be reused and which band applies follow by themselves.
 * The trap: an experiment's films to train on and its films to judge by have seeds of their own, which must stay different. Seeds are
 * moved, all by the same, and not replaced. */
#include "verbs/reproduce.h"
#include "base/die.h"
#include "base/words.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { APART = 10000 };                  /* from the seeds of one run to those of the next; an experiment's own lie closer together */

variation variation_of(int64_t seed, const char *precision)
{
    variation v = { .seed = seed, .moved = (seed - 1) * APART, .precision = precision };
    char *a = seed != 1 ? xprintf(" --seed %" PRId64, seed) : xdup(""), *b = precision ? xprintf(" --precision %s", precision) : xdup("");
    char *c = seed != 1 ? xprintf("-seed%" PRId64, seed) : xdup("");
    v.flags = xprintf("%s%s", a, b), v.suffix = xprintf("%s%s%s", c, precision ? "-" : "", precision ? precision : "");
    free(a), free(b), free(c);
    return v;
}

void variation_free(variation *v) { free(v->flags), free(v->suffix); }

static void add_word(step *s, char *word)
{
    s->word = xgrow(s->word, (size_t)(s->words + 1) * sizeof *s->word);
    s->word[s->words++] = word;
}

/* Where in a word of the step its seed stands, or NULL. */
static const char *seed_in(const step *s, int word)
{
    static const char *const names[] = { "seed=", "--seed=", "solver.seed=" };
    const char *w = s->word[word];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strncmp(w, names[i], strlen(names[i]))) return w + strlen(names[i]);
    return word && !strcmp(s->word[word - 1], "--seed") ? w : NULL;
}

static int move_seeds(step *s, int64_t by)
{
    int found = 0;
    for (int i = 0; i < s->words; i++) {
        const char *digits = seed_in(s, i);
        int64_t own;
        if (!digits) continue;
        if (!text_int(digits, &own) || own < 0 || own > INT64_MAX / 2) die_at(s->at, "step.run: got %s, wanted a seed", s->word[i]);
        char *moved = xprintf("%.*s%" PRId64, (int)(digits - s->word[i]), s->word[i], own + by);
        free(s->word[i]), s->word[i] = moved, found = 1;
    }
    return found;
}

static int names_precision(const step *s)
{
    for (int i = 1; i < s->words; i++)
        if (!strcmp(s->word[i], "--precision") || !strncmp(s->word[i], "--precision=", 12) || !strncmp(s->word[i], "net.precision=", 14)) return 1;
    return 0;
}

static void join_words(step *s)
{
    free(s->run), s->run = xdup(s->word[0]);
    for (int i = 1; i < s->words; i++) {
        char *longer = xprintf("%s %s", s->run, s->word[i]);
        free(s->run), s->run = longer;
    }
}

void step_vary(step *s, const variation *v)
{
    if (v->moved && !move_seeds(s, v->moved)) add_word(s, xprintf("--seed=%" PRId64, 1 + v->moved));
    if (v->precision && s->kind->precision && !names_precision(s)) add_word(s, xprintf("--precision=%s", v->precision));
    if (*v->flags) join_words(s);
}
