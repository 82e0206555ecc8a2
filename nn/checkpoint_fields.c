/* checkpoint_fields.c - the checkpoint as a struct: what it carries by key, and freeing it. Files are in checkpoint.c. */
#include "nn/checkpoint.h"
#include "base/die.h"
#include <stdlib.h>
#include <string.h>

static checkpoint_extra *find_extra(const checkpoint *k, const char *key)
{
    for (int i = 0; i < k->extras; i++) if (!strcmp(k->extra[i].key, key)) return &k->extra[i];
    return NULL;
}

static checkpoint_extra *place(checkpoint *k, const char *key)
{
    checkpoint_extra *e = find_extra(k, key);
    if (e) return e;
    if (strlen(key) >= sizeof k->extra->key || k->extras == CHECKPOINT_EXTRAS || strchr(key, '/')) die("checkpoint: no room for the key %s", key);
    k->extra = xgrow(k->extra, (size_t)(k->extras + 1) * sizeof *k->extra);
    e = &k->extra[k->extras++];
    *e = (checkpoint_extra){ .text = NULL };
    strcpy(e->key, key);
    return e;
}

void checkpoint_put_text(checkpoint *k, const char *key, const char *text)
{
    checkpoint_extra *e = place(k, key);
    char *copy = xdup(text);
    free(e->text);
    e->text = copy, e->number = 0;
}

void checkpoint_put_number(checkpoint *k, const char *key, double number)
{
    checkpoint_extra *e = place(k, key);
    free(e->text);
    e->text = NULL, e->number = number;
}

const char *checkpoint_text(const checkpoint *k, const char *key)
{
    const checkpoint_extra *e = find_extra(k, key);
    return e ? e->text : NULL;
}

int checkpoint_number(const checkpoint *k, const char *key, double *out)
{
    const checkpoint_extra *e = find_extra(k, key);
    if (!e || e->text) return 0;
    *out = e->number;
    return 1;
}

void checkpoint_clear(checkpoint *k)
{
    char *const owned[] = { k->run, k->net, k->classes, k->version, k->metric, k->weights, k->path };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    for (int i = 0; i < k->extras; i++) free(k->extra[i].text);
    free(k->extra);
    *k = (checkpoint){ .run = NULL };
}

char *checkpoint_previous(const char *path)
{
    size_t n = strlen(path);
    if (n > 3 && !strcmp(path + n - 3, ".h5")) n -= 3;
    return xprintf("%.*s.prev.h5", (int)n, path);
}
