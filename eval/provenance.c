/* provenance.c - see provenance.h. */
#include "eval/provenance.h"
#include "base/die.h"
#include "base/file.h"
#include "base/utf8.h"
#include "base/version.h"
#include "datasets/json_file.h"
#include "eval/predictions.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MEASURES_LIMIT = 256 << 20 };             /* bytes of a measure.json */

static EVP_MD_CTX *begin(void)
{
    EVP_MD_CTX *e = EVP_MD_CTX_new();
    if (!e || !EVP_DigestInit_ex(e, EVP_sha256(), NULL)) die_machine("out of memory");
    return e;
}

static void add(EVP_MD_CTX *e, const void *bytes, size_t n) { EVP_DigestUpdate(e, bytes, n); }

static void finish(EVP_MD_CTX *e, char hex[65])
{
    unsigned char digest[32];
    EVP_DigestFinal_ex(e, digest, NULL), EVP_MD_CTX_free(e);
    for (int i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

int provenance_hash(const char *path, char hex[65])
{
    enum { CHUNK = 1 << 20 };
    struct stat st;                              /* a name from a file may be a device that never ends */
    FILE *f = stat(path, &st) || !S_ISREG(st.st_mode) ? NULL : fopen(path, "rb");
    if (!f) return 0;
    EVP_MD_CTX *e = begin();
    char *bytes = xalloc(CHUNK);
    for (size_t n; (n = fread(bytes, 1, CHUNK, f)) > 0;) add(e, bytes, n);
    int whole = !ferror(f);
    fclose(f), free(bytes), finish(e, hex);
    return whole;
}

static int hash_folder(const char *folder, char hex[65])
{
    int n;
    char *masks = path_join(folder, "masks");
    const char *from = file_is_folder(masks) ? masks : folder;
    char **name = file_list(from, "|.png|.PNG|", &n), one[65];
    EVP_MD_CTX *e = begin();
    int whole = 1;
    for (int i = 0; i < n; i++) {
        char *path = path_join(from, name[i]);
        whole &= provenance_hash(path, one);
        add(e, name[i], strlen(name[i]) + 1), add(e, one, 64);
        free(path), free(name[i]);
    }
    free(name), free(masks), finish(e, hex);
    return whole;
}

/* Text from outside as JSON. */
static json_t *text_of(const char *s)
{
    char *clean = utf8_clean(s);
    json_t *o = json_string(clean);
    free(clean);
    return o;
}

static void set_missing(json_t *o, const char *key, const char *why)
{
    char *name = xprintf("%s_why", key);
    json_object_set_new(o, key, json_null()), json_object_set_new(o, name, json_string(why)), free(name);
}

static void set_file(json_t *o, const char *key, const char *path)
{
    char hex[65];
    json_t *file = json_object();
    json_object_set_new(file, "path", text_of(path));
    if (file_is_folder(path) ? hash_folder(path, hex) : provenance_hash(path, hex)) json_object_set_new(file, "sha256", json_string(hex));
    else set_missing(file, "sha256", "the file cannot be read");
    json_object_set_new(o, key, file);
}

/* predictions.h5 itself, in the folder, or beside the folder of masks; fresh, NULL where there is none. */
static char *find_predictions(const char *path)
{
    static const char *const places[] = { "predictions.h5", "../predictions.h5" };
    if (!file_is_folder(path)) return predictions_is(path) ? xdup(path) : NULL;
    for (int i = 0; i < 2; i++) {
        char *at = path_join(path, places[i]);
        if (file_exists(at) && predictions_is(at)) return at;
        free(at);
    }
    return NULL;
}

/* What a measure.json says of its weights (of `run`) and of what it was made with; fresh, NULL where it does not. */
static void measured_with(const char *path, char **weights, char **settings)
{
    if (!file_has_suffix(path, "|.json|") || file_is_folder(path)) return;
    char *why = NULL;
    json_t *o = json_try(path, MEASURES_LIMIT, &why);
    const char *of = o ? json_word(o, "weights") : NULL, *with = o ? json_word(o, "settings") : NULL;
    if (of) *weights = xdup(of);
    if (with) *settings = xdup(with);
    json_decref(o), free(why);
}

/* The weights that predictions name and what was given beside them, and the run file that lies there. */
static void set_origin(json_t *o, const char *prediction)
{
    static const char silent[] = "the predictions do not say", gone[] = "the file that the predictions name is not there";
    char *found = find_predictions(prediction), *weights = NULL, *settings = NULL;
    if (found) {
        predictions *p = predictions_open(found);
        weights = predictions_weights(p), settings = predictions_settings(p);
        predictions_close(p);
    } else measured_with(prediction, &weights, &settings);
    if (!weights || !*weights || !file_exists(weights)) {
        const char *why = weights && *weights ? gone : silent;
        set_missing(o, "weights", why), set_missing(o, "cfg", why);
    } else {
        char *folder = path_folder(weights), *cfg = path_join(folder, "run.cfg");
        set_file(o, "weights", weights);
        if (file_exists(cfg)) set_file(o, "cfg", cfg);
        else set_missing(o, "cfg", "no run.cfg lies beside the weights");
        free(folder), free(cfg);
    }
    json_t *side = json_object_get(o, "prediction");
    if (settings) json_object_set_new(side, "settings", text_of(settings));
    else set_missing(side, "settings", silent);
    free(found), free(weights), free(settings);
}

static json_t *program_json(void)
{
    json_t *o = json_pack("{s:s, s:s, s:s}", "version", DARKSPINE_VERSION, "commit", version_commit(), "build", version_build());
    char hex[65];
    if (provenance_hash("/proc/self/exe", hex)) json_object_set_new(o, "sha256", json_string(hex));
    else set_missing(o, "sha256", "the program's own file cannot be read");
    return o;
}

json_t *provenance_json(const provenance *p)
{
    json_t *o = json_object(), *split = json_object();
    char hex[65];
    EVP_MD_CTX *e = begin();
    for (int64_t i = 0; i < p->cases; i++) add(e, p->id[i], strlen(p->id[i])), add(e, "\n", 1);
    finish(e, hex);
    json_object_set_new(o, "program", program_json()), json_object_set_new(o, "settings", text_of(p->settings));
    set_file(o, "prediction", p->prediction), set_file(o, "truth", p->truth);
    if (p->second) set_file(o, "second_reader", p->second);
    json_object_set_new(split, "name", text_of(p->split ? p->split : "all"));
    json_object_set_new(split, "cases", json_integer(p->cases)), json_object_set_new(split, "sha256", json_string(hex));
    json_object_set_new(o, "split", split);
    set_origin(o, p->prediction);
    return o;
}
