/* labels.c - labels in memory: objects as runs, and the SHA-256 of images and labels; see store.h and docs/store.md. */
#include "datasets/store.h"
#include "base/die.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void labels_free(labels *l)
{
    for (int i = 0; i < l->ninstances; i++) free(l->instances[i].runs);
    free(l->corners), free(l->landmarks), free(l->values), free(l->instances);
    *l = (labels){ 0 };
}

instance instance_from_mask(const uint8_t *mask, int64_t h, int64_t w, int value, const char *level)
{
    instance o = { .value = value };
    int64_t room = 0, len = h * w;
    snprintf(o.level, sizeof o.level, "%s", level ? level : "");
    for (int64_t at = 0, end; at < len; at = end) {
        int inside = o.nruns % 2 == 1;                         /* the first run is background, possibly of length 0 */
        uint64_t eight;                                        /* nearly all of a film is background */
        for (end = at; !inside && end + 8 <= len && (memcpy(&eight, mask + end, 8), !eight); end += 8) {}
        for (; end < len && (mask[end] != 0) == inside; end++) {}
        if (o.nruns == room) o.runs = xgrow(o.runs, (size_t)(room = room ? 2 * room : 64) * sizeof *o.runs);
        o.runs[o.nruns++] = (uint32_t)(end - at);
    }
    return o;
}

void instance_paint(const instance *o, uint8_t *out, int64_t h, int64_t w, uint8_t value)
{
    int64_t at = 0, len = h * w;
    for (int64_t k = 0; k < o->nruns && at < len; k++) {
        int64_t n = o->runs[k] < len - at ? o->runs[k] : len - at;
        if (k % 2) memset(out + at, value, (size_t)n);
        at += n;
    }
}

/* ---- hashes ------------------------------------------------------------------------------------------------------------------------ */

static EVP_MD_CTX *sha_begin(void)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    if (!c || !EVP_DigestInit_ex(c, EVP_sha256(), NULL)) die_machine("SHA-256 is not available");
    return c;
}

static void sha_end(EVP_MD_CTX *c, char out[65])
{
    unsigned char d[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    EVP_DigestFinal_ex(c, d, &n);
    EVP_MD_CTX_free(c);
    for (int i = 0; i < 32; i++) snprintf(out + 2 * i, 3, "%02x", d[i]);
}

/* A dataset's name, with its closing zero byte, comes before its bytes; texts carry their closing zero bytes too. */
static void sha_name(EVP_MD_CTX *c, const char *name) { EVP_DigestUpdate(c, name, strlen(name) + 1); }

void hash_image(const void *pixels, size_t bytes, char out[65])
{
    EVP_MD_CTX *c = sha_begin();
    EVP_DigestUpdate(c, pixels, bytes);
    sha_end(c, out);
}

static void sha_instances(EVP_MD_CTX *c, const labels *l)
{
    uint64_t start = 0;
    sha_name(c, "instances/value");
    for (int i = 0; i < l->ninstances; i++) { uint16_t v = (uint16_t)l->instances[i].value; EVP_DigestUpdate(c, &v, sizeof v); }
    sha_name(c, "instances/level");
    for (int i = 0; i < l->ninstances; i++) sha_name(c, l->instances[i].level);
    sha_name(c, "instances/start");
    EVP_DigestUpdate(c, &start, sizeof start);
    for (int i = 0; i < l->ninstances; i++) { start += (uint64_t)l->instances[i].nruns; EVP_DigestUpdate(c, &start, sizeof start); }
    sha_name(c, "instances/runs");
    for (int i = 0; i < l->ninstances; i++) EVP_DigestUpdate(c, l->instances[i].runs, (size_t)l->instances[i].nruns * sizeof(uint32_t));
}

void hash_labels(const uint8_t *mask, const uint32_t *planes, int64_t len, const labels *l, char out[65])
{
    static const labels none = { 0 };
    EVP_MD_CTX *c = sha_begin();
    if (!l) l = &none;
    if (mask) sha_name(c, "mask"), EVP_DigestUpdate(c, mask, (size_t)len);
    if (planes) sha_name(c, "planes"), EVP_DigestUpdate(c, planes, (size_t)len * sizeof *planes);
    if (l->ncorners) {
        sha_name(c, "corners/level");
        for (int i = 0; i < l->ncorners; i++) sha_name(c, l->corners[i].level);
        sha_name(c, "corners/points");
        for (int i = 0; i < l->ncorners; i++) EVP_DigestUpdate(c, l->corners[i].p, sizeof l->corners[i].p);
    }
    if (l->nlandmarks) {
        sha_name(c, "landmarks/name");
        for (int i = 0; i < l->nlandmarks; i++) sha_name(c, l->landmarks[i].name);
        sha_name(c, "landmarks/points");
        for (int i = 0; i < l->nlandmarks; i++) EVP_DigestUpdate(c, &l->landmarks[i].x, 3 * sizeof(double));
    }
    if (l->nvalues) {
        sha_name(c, "values/name");
        for (int i = 0; i < l->nvalues; i++) sha_name(c, l->values[i].name);
        sha_name(c, "values/unit");
        for (int i = 0; i < l->nvalues; i++) sha_name(c, l->values[i].unit);
        sha_name(c, "values/value");
        for (int i = 0; i < l->nvalues; i++) EVP_DigestUpdate(c, &l->values[i].value, sizeof(double));
    }
    if (l->ninstances) sha_instances(c, l);
    sha_end(c, out);
}
