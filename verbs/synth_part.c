/* synth_part.c - see synth_part.h. */
#include "verbs/synth_part.h"
#include "base/die.h"
#include "base/file.h"
#include <stdlib.h>
#include <string.h>

synth_part part_of(const char *out) { return (synth_part){ xprintf("%s.part", out), xprintf("%s.part.txt", out) }; }

void part_free(synth_part *p)
{
    free(p->store), free(p->words);
}

void part_check(const synth_part *p, const char *settings, int resume, int force)
{
    if (!resume && !force && file_exists(p->store)) die("%s is there already: --resume goes on from it, --force starts anew", p->store);
    if (!resume) return;
    if (!file_exists(p->store)) die_at("--resume", "%s is not there, wanted what a stopped call leaves", p->store);
    char *had = text_read(p->words, 1 << 16);
    if (strcmp(had, settings)) die("%s: got other settings than those of this call; only n may change", p->words);
    free(had);
}

static void take_case(const store *in, int64_t i, store *out)
{
    const store_case *c = store_at(in, i);
    const size_t pixels = (size_t)(c->h * c->w);
    uint8_t *film = xalloc_n(pixels, (size_t)c->bits / 8), *mask = xalloc(pixels);
    labels l = store_read_labels(in, i);
    store_read_image(in, i, film);
    const int labelled = store_read_mask(in, i, mask);
    store_add(out, c, film, labelled ? mask : NULL, NULL, &l);
    labels_free(&l), free(film), free(mask);
}

int64_t part_take(const synth_part *p, store *out, int64_t n)
{
    store *in = store_open(p->store);
    int64_t films = 0;
    for (int64_t i = 0; i < store_count(in); i++) {
        const int another = !i || strcmp(store_at(in, i)->patient, store_at(in, i - 1)->patient);
        if (another && films == n) break;
        films += another, take_case(in, i, out);
    }
    store_close(in);
    return films;
}
