/* checkpoint.c - see checkpoint.h. One table of fields and one list of tensor sets serve writing and reading, so the two cannot
 * drift apart. The traps: HDF5 reports a full disk at any write or close, so every call's result counts; and a hostile file can
 * declare any size, so every size is compared with what is wanted before anything is read. */
#include "nn/checkpoint.h"
#include "base/die.h"
#include "base/file.h"
#include "nn/seal.h"
#include "nn/sink.h"
#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCHEMA = 1, MAX_TEXT = 1 << 24, MAX_NAMES = 1 << 16 };

static const struct { const char *name; enum { SIGNED, UNSIGNED, DOUBLE } type; size_t at; } fields[] = {
    { "seed", UNSIGNED, offsetof(checkpoint, seed) },
    { "step", SIGNED, offsetof(checkpoint, step) },
    { "epoch", SIGNED, offsetof(checkpoint, epoch) },
    { "position", SIGNED, offsetof(checkpoint, position) },
    { "micro", SIGNED, offsetof(checkpoint, micro) },
    { "log_bytes", SIGNED, offsetof(checkpoint, log_bytes) },
    { "best", DOUBLE, offsetof(checkpoint, best) },
    { "best_epoch", SIGNED, offsetof(checkpoint, best_epoch) },
    { "policy_observed", SIGNED, offsetof(checkpoint, policy.observed) },
    { "policy_best", DOUBLE, offsetof(checkpoint, policy.best) },
    { "policy_bad", SIGNED, offsetof(checkpoint, policy.bad) },
    { "policy_cooldown", SIGNED, offsetof(checkpoint, policy.cooldown) },
    { "policy_lr", DOUBLE, offsetof(checkpoint, policy.lr) },
};
static const struct { const char *name; size_t at; } texts[] = {
    { "run.cfg", offsetof(checkpoint, run) },         { "net.cfg", offsetof(checkpoint, net) },
    { "classes.csv", offsetof(checkpoint, classes) }, { "version", offsetof(checkpoint, version) },
    { "metric", offsetof(checkpoint, metric) },       { "weights", offsetof(checkpoint, weights) },
};
enum { FIELDS = sizeof fields / sizeof *fields, TEXTS = sizeof texts / sizeof *texts };

/* The tensors of a file: parameters in `group`, whose values stand in `base` in the order of the arena.
 * without: patterns of names that are left alone. */
typedef struct set { const char *group; real *base; int states; const char *without; } set;

static int sets_of(set out[5], real *parameters, const optim *o)
{
    int n = 0;
    out[n++] = (set){ "parameters", parameters, 1, NULL };
    if (o) out[n++] = (set){ "optimiser/m", o->m, 0, NULL };
    if (o && o->v) out[n++] = (set){ "optimiser/v", o->v, 0, NULL };
    if (o && o->ema) out[n++] = (set){ "ema", o->ema, 1, NULL };
    if (o && o->swa) out[n++] = (set){ "swa", o->swa, 1, NULL };
    return n;
}

static int in_set(const set *s, const param *q) { return (s->states || (q->role == PARAM && !q->frozen)) && !params_fits(s->without, q->name); }
static hid_t number_type(int t) { return t == SIGNED ? H5T_NATIVE_INT64 : t == UNSIGNED ? H5T_NATIVE_UINT64 : H5T_NATIVE_DOUBLE; }
static hid_t stored_type(int t) { return t == SIGNED ? H5T_STD_I64LE : t == UNSIGNED ? H5T_STD_U64LE : H5T_IEEE_F64LE; }
static hid_t real_type(void) { return sizeof(real) == 8 ? H5T_NATIVE_DOUBLE : H5T_NATIVE_FLOAT; }

/* HDF5 as we use it: no stack of messages on stderr, closing a file closes what is open in it, and no locks: a file is whole before
 * it has its name, and the file systems of clusters often refuse them. */
static hid_t access_list(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t a = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(a, H5F_CLOSE_STRONG);
    H5Pset_file_locking(a, 0, 1);
    return a;
}

/* ---- writing ---- */

typedef struct writer { const char *path, *temp; sink out; hid_t file, driver; } writer;

static _Noreturn void failed(const writer *w, int error)
{
    if (w->out.fd >= 0) close(w->out.fd);
    file_discard(w->path);
    die_machine("%s: cannot be written: %s", w->path, error ? strerror(error) : "the HDF5 library refused");
}

/* Every HDF5 call that writes goes through it: handles and results are negative on failure. */
static hid_t done(const writer *w, hid_t result)
{
    if (result < 0) failed(w, w->out.error);
    return result;
}

static void put_number(const writer *w, hid_t at, const char *name, int type, const void *value)
{
    hid_t space = done(w, H5Screate(H5S_SCALAR)), a = done(w, H5Acreate2(at, name, stored_type(type), space, H5P_DEFAULT, H5P_DEFAULT));
    done(w, H5Awrite(a, number_type(type), value));
    done(w, H5Aclose(a)), done(w, H5Sclose(space));
}

/* Without times: two runs that do the same write the same bytes. */
static hid_t create_data(const writer *w, hid_t at, const char *name, hid_t type, hid_t space)
{
    hid_t list = done(w, H5Pcreate(H5P_DATASET_CREATE));
    done(w, H5Pset_obj_track_times(list, 0));
    hid_t d = done(w, H5Dcreate2(at, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT));
    H5Pclose(list);
    return d;
}

/* A scalar data set of fixed-length UTF-8: its size can be known, and so checked, before it is read. */
static void put_text(const writer *w, hid_t at, const char *name, const char *text)
{
    hid_t type = done(w, H5Tcopy(H5T_C_S1)), space = done(w, H5Screate(H5S_SCALAR));
    done(w, H5Tset_size(type, strlen(text) + 1)), done(w, H5Tset_cset(type, H5T_CSET_UTF8));
    hid_t d = create_data(w, at, name, type, space);
    done(w, H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text));
    done(w, H5Dclose(d)), done(w, H5Sclose(space)), done(w, H5Tclose(type));
}

static void put_tensor(const writer *w, hid_t group, const params *p, const param *q, const real *x)
{
    hsize_t dim[4];
    real *host = xalloc_n(q->count, sizeof *host);
    p->dev->get(p->dev, host, x + q->at, q->count * sizeof *host);
    for (int i = 0; i < q->s.nd; i++) dim[i] = (hsize_t)q->s.d[i];
    hid_t space = done(w, H5Screate_simple(q->s.nd, dim, NULL));
    hid_t d = create_data(w, group, q->name, sizeof(real) == 8 ? H5T_IEEE_F64LE : H5T_IEEE_F32LE, space);
    done(w, H5Dwrite(d, real_type(), H5S_ALL, H5S_ALL, H5P_DEFAULT, host));
    done(w, H5Dclose(d)), done(w, H5Sclose(space));
    free(host);
}

static void put_sets(const writer *w, const params *p, const optim *o, const real *parameters)
{
    set s[5];
    int n = sets_of(s, (real *)(uintptr_t)parameters, o);
    if (o) done(w, H5Gclose(done(w, H5Gcreate2(w->file, "optimiser", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT))));
    for (int i = 0; i < n; i++) {
        hid_t g = done(w, H5Gcreate2(w->file, s[i].group, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        for (int j = 0; j < p->n; j++) if (in_set(&s[i], &p->p[j])) put_tensor(w, g, p, &p->p[j], s[i].base);
        done(w, H5Gclose(g));
    }
}

static void put_counters(const writer *w, const optim *o)
{
    int64_t kind = o->conf.optimiser;
    put_number(w, w->file, "optimiser_kind", SIGNED, &kind);
    put_number(w, w->file, "optimiser_step", SIGNED, &o->step);
    put_number(w, w->file, "ema_updates", SIGNED, &o->ema_updates);
    if (o->swa) put_number(w, w->file, "swa_updates", SIGNED, &o->swa_updates);
}

static void put_texts(const writer *w, const checkpoint *k, const char *weights)
{
    hid_t g = done(w, H5Gcreate2(w->file, "texts", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    for (int i = 0; i < TEXTS; i++) {
        const char *text = *(char *const *)((const char *)k + texts[i].at);
        if (!strcmp(texts[i].name, "weights")) text = weights;
        if (text) put_text(w, g, texts[i].name, text);
    }
    done(w, H5Gclose(g));
    g = done(w, H5Gcreate2(w->file, "extra", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    for (const checkpoint_extra *e = k->extra; e < k->extra + k->extras; e++) {
        if (e->text) put_text(w, g, e->key, e->text);
        else put_number(w, g, e->key, DOUBLE, &e->number);
    }
    done(w, H5Gclose(g));
}

/* A missing folder is the user's mistake, a full disk the machine's. */
static void create(writer *w)
{
    w->temp = file_temp(w->path);
    w->out.fd = open(w->temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (w->out.fd < 0) {
        int e = errno;
        if (e == ENOSPC || e == EDQUOT || e == EIO) failed(w, e);
        file_discard(w->path);
        die("%s: cannot be written: %s", w->path, strerror(e));
    }
    hid_t how = done(w, access_list()), creation = done(w, H5Pcreate(H5P_FILE_CREATE));
    w->driver = done(w, sink_use(how, &w->out));
    done(w, H5Pset_userblock(creation, SEAL_SIZE));
    w->file = done(w, H5Fcreate(w->temp, H5F_ACC_TRUNC, creation, how));
    H5Pclose(how), H5Pclose(creation);
}

/* A second name for the file that is about to be replaced; published once its successor stands. */
static int link_previous(const char *path, const char *previous)
{
    if (!file_exists(path)) return 0;
    const char *temp = file_temp(previous);
    unlink(temp);
    if (link(path, temp) == 0) return 1;
    file_discard(previous);
    if (rename(path, previous)) warn("%s: cannot be kept as %s: %s", path, previous, strerror(errno));   /* no hard links here */
    return 0;
}

void checkpoint_write(const char *path, const checkpoint *k, checkpoint_kind kind, const params *p, const optim *o)
{
    const int64_t schema = SCHEMA, state = kind == CHECKPOINT_STATE;
    const real *x = o && !state ? optim_weights(o) : p->x;
    writer w = { .path = path };
    create(&w);
    put_number(&w, w.file, "schema", SIGNED, &schema);
    put_number(&w, w.file, "state", SIGNED, &state);
    for (int i = 0; i < FIELDS; i++) put_number(&w, w.file, fields[i].name, fields[i].type, (const char *)k + fields[i].at);
    if (state && o) put_counters(&w, o);
    put_texts(&w, k, x == p->x ? "raw" : "ema");
    put_sets(&w, p, state ? o : NULL, x);
    done(&w, H5Fclose(w.file));
    H5FDunregister(w.driver);
    if (w.out.error || !seal_write(w.out.fd)) failed(&w, w.out.error ? w.out.error : errno);
    if (close(w.out.fd)) w.out.fd = -1, failed(&w, errno);
    char *previous = checkpoint_previous(path);
    int keep = state && link_previous(path, previous);
    file_publish(path);
    if (keep) file_publish(previous);
    free(previous);
}

/* ---- reading ---- */

static _Noreturn void bad(const checkpoint *k, const char *what)
{
    H5Fclose((hid_t)k->file);
    die("%s: %s: not as darkspine writes it", k->path, what);
}

static hid_t got(const checkpoint *k, hid_t result, const char *what)
{
    if (result < 0) bad(k, what);
    return result;
}

/* Whole numbers must be stored as whole numbers: HDF5 would round silently. */
static void get_number(const checkpoint *k, hid_t at, const char *name, int type, void *value)
{
    hid_t a = got(k, H5Aopen(at, name, H5P_DEFAULT), name), t = got(k, H5Aget_type(a), name), s = got(k, H5Aget_space(a), name);
    if (!H5Tequal(t, stored_type(type)) || H5Sget_simple_extent_type(s) != H5S_SCALAR) bad(k, name);
    got(k, H5Aread(a, number_type(type), value), name);
    H5Aclose(a), H5Tclose(t), H5Sclose(s);
}

static int has(hid_t group, const char *name)                    /* a link that stays inside this file */
{
    H5L_info_t info;
    return H5Lexists(group, name, H5P_DEFAULT) > 0 && H5Lget_info(group, name, &info, H5P_DEFAULT) >= 0 && info.type == H5L_TYPE_HARD;
}

/* Contiguous, in this file, and of the size its shape needs: bytes that were written, not declared. */
static hid_t open_group(const checkpoint *k, const char *name)
{
    if (!has((hid_t)k->file, name)) bad(k, name);
    return got(k, H5Gopen2((hid_t)k->file, name, H5P_DEFAULT), name);
}

static hid_t open_data(const checkpoint *k, hid_t group, const char *name)
{
    if (!has(group, name)) bad(k, name);
    hid_t d = got(k, H5Dopen2(group, name, H5P_DEFAULT), name), list = got(k, H5Dget_create_plist(d), name);
    if (H5Pget_layout(list) != H5D_CONTIGUOUS || H5Pget_external_count(list) != 0) bad(k, name);
    H5Pclose(list);
    return d;
}

static char *get_text(const checkpoint *k, hid_t group, const char *name)
{
    hid_t d = open_data(k, group, name), type = got(k, H5Dget_type(d), name), space = got(k, H5Dget_space(d), name);
    size_t size = H5Tget_size(type);
    if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) || H5Sget_simple_extent_type(space) != H5S_SCALAR || size < 1
        || size > MAX_TEXT || H5Dget_storage_size(d) != size) bad(k, name);
    char *text = xalloc(size + 1);
    got(k, H5Dread(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text), name);
    H5Dclose(d), H5Tclose(type), H5Sclose(space);
    return text;
}

static void get_extras(checkpoint *k)
{
    hid_t g = open_group(k, "extra");
    H5G_info_t info;
    char name[64];
    got(k, H5Gget_info(g, &info), "extra");
    int numbers = H5Aget_num_attrs(g);
    if (info.nlinks > CHECKPOINT_EXTRAS || numbers < 0 || numbers > CHECKPOINT_EXTRAS) bad(k, "extra");
    for (hsize_t i = 0; i < info.nlinks; i++) {
        ssize_t n = H5Lget_name_by_idx(g, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
        if (n < 1 || (size_t)n >= sizeof name) bad(k, "extra");
        char *text = get_text(k, g, name);
        checkpoint_put_text(k, name, text);
        free(text);
    }
    for (int i = 0; i < numbers; i++) {
        double number;
        ssize_t n = H5Aget_name_by_idx(g, ".", H5_INDEX_NAME, H5_ITER_INC, (hsize_t)i, name, sizeof name, H5P_DEFAULT);
        if (n < 1 || (size_t)n >= sizeof name) bad(k, "extra");
        get_number(k, g, name, DOUBLE, &number);
        checkpoint_put_number(k, name, number);
    }
    H5Gclose(g);
}

/* The path itself where it is whole, else its predecessor; dies where neither is. */
static char *find_whole(const char *path)
{
    char why[160], other[160], *previous = checkpoint_previous(path);
    if (seal_check(path, why)) { free(previous); return xdup(path); }
    if (!seal_check(previous, other)) { free(previous); die("%s %s", path, why); }
    warn("%s %s; going on from %s", path, why, previous);
    return previous;
}

checkpoint *checkpoint_open(const char *path)
{
    checkpoint *k = xalloc(sizeof *k);
    int64_t schema;
    k->path = find_whole(path);
    hid_t how = access_list();
    k->file = H5Fopen(k->path, H5F_ACC_RDONLY, how);
    H5Pclose(how);
    if (k->file < 0) die("%s: cannot be opened as HDF5", k->path);
    get_number(k, (hid_t)k->file, "schema", SIGNED, &schema);
    if (schema != SCHEMA) {
        H5Fclose((hid_t)k->file);
        die("%s: got schema %lld, wanted %d: it was written by another version of darkspine", k->path, (long long)schema, SCHEMA);
    }
    for (int i = 0; i < FIELDS; i++) get_number(k, (hid_t)k->file, fields[i].name, fields[i].type, (char *)k + fields[i].at);
    hid_t g = open_group(k, "texts");
    for (int i = 0; i < TEXTS; i++) if (has(g, texts[i].name)) *(char **)((char *)k + texts[i].at) = get_text(k, g, texts[i].name);
    H5Gclose(g);
    get_extras(k);
    return k;
}

/* Names in a group, as many as are of use in a message or needed to find one too many. */
static char **names_in(const checkpoint *k, hid_t group, int *n)
{
    H5G_info_t info;
    got(k, H5Gget_info(group, &info), "a group");
    *n = info.nlinks < MAX_NAMES ? (int)info.nlinks : MAX_NAMES;
    char **names = xalloc_n((size_t)*n + 1, sizeof *names);
    for (int i = 0; i < *n; i++) {
        names[i] = xalloc(sizeof ((param *)0)->name);
        if (H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, (hsize_t)i, names[i], sizeof ((param *)0)->name, H5P_DEFAULT) < 0)
            bad(k, "a group");
    }
    return names;
}

static _Noreturn void missing(const checkpoint *k, hid_t group, const set *s, const param *q)
{
    int n;
    char text[64], **names = names_in(k, group, &n);
    const char *near = die_nearest(q->name, (const char *const *)names, n);
    H5Fclose((hid_t)k->file);
    die("%s: %s/%s: got none, wanted %s%s", k->path, s->group, q->name, shape_text(&q->s, text), near);
}

static void check_no_others(const checkpoint *k, hid_t group, const set *s, const params *p)
{
    int n, wanted = 0;
    char **names = names_in(k, group, &n);
    const char **known = xalloc_n((size_t)p->n + 1, sizeof *known);
    for (int i = 0; i < p->n; i++) if (in_set(s, &p->p[i])) known[wanted++] = p->p[i].name;
    for (int i = 0; i < n && (n != wanted || s->without); i++) {
        const param *q = params_find(p, names[i]);
        if ((q && (in_set(s, q) || q->frozen)) || params_fits(s->without, names[i])) continue;
        H5Fclose((hid_t)k->file);
        die("%s: %s: the file has %s, which the network has not (%d tensors in the file, %d in the network)%s", k->path, s->group, names[i], n,
            wanted, die_nearest(names[i], known, wanted));
    }
    for (int i = 0; i < n; i++) free(names[i]);
    free(names), free(known);
}

static void get_tensor(const checkpoint *k, hid_t group, const set *s, const params *p, const param *q)
{
    char a[64], b[64];
    hsize_t dim[H5S_MAX_RANK];
    hid_t d = open_data(k, group, q->name), space = got(k, H5Dget_space(d), q->name), type = got(k, H5Dget_type(d), q->name);
    int nd = H5Sget_simple_extent_ndims(space);
    if (nd < 0 || nd > 4 || H5Sget_simple_extent_dims(space, dim, NULL) != nd) bad(k, q->name);
    shape have = { .nd = nd };
    for (int i = 0; i < nd; i++) have.d[i] = (int64_t)dim[i];
    size_t size = H5Tget_size(type);
    if (H5Tget_class(type) != H5T_FLOAT || !(H5Tequal(type, H5T_IEEE_F32LE) || H5Tequal(type, H5T_IEEE_F64LE))) bad(k, q->name);
    if (!shape_same(&have, &q->s) || size > sizeof(real)) {
        H5Fclose((hid_t)k->file);
        if (size > sizeof(real)) die("%s: %s/%s: got float64, wanted float32", k->path, s->group, q->name);
        die("%s: %s/%s: got %s, wanted %s", k->path, s->group, q->name, shape_text(&have, a), shape_text(&q->s, b));
    }
    if (H5Dget_storage_size(d) != q->count * size) bad(k, q->name);
    real *host = xalloc_n(q->count, sizeof *host);
    got(k, H5Dread(d, real_type(), H5S_ALL, H5S_ALL, H5P_DEFAULT, host), q->name);
    p->dev->put(p->dev, s->base + q->at, host, q->count * sizeof *host);
    free(host);
    H5Dclose(d), H5Sclose(space), H5Tclose(type);
}

static void get_set(const checkpoint *k, const set *s, const params *p)
{
    hid_t g = open_group(k, s->group);
    for (int i = 0; i < p->n; i++) if (in_set(s, &p->p[i]) && H5Lexists(g, p->p[i].name, H5P_DEFAULT) <= 0) missing(k, g, s, &p->p[i]);
    check_no_others(k, g, s, p);
    for (int i = 0; i < p->n; i++) if (in_set(s, &p->p[i])) get_tensor(k, g, s, p, &p->p[i]);
    H5Gclose(g);
}

static void get_counters(const checkpoint *k, optim *o)
{
    const hid_t f = (hid_t)k->file;
    int64_t kind;
    if (H5Aexists(f, "optimiser_kind") <= 0) {
        H5Fclose(f);
        die("%s: holds weights only, wanted the state of a run (last.h5)", k->path);
    }
    get_number(k, f, "optimiser_kind", SIGNED, &kind);
    get_number(k, f, "optimiser_step", SIGNED, &o->step);
    get_number(k, f, "ema_updates", SIGNED, &o->ema_updates);
    const key *words = key_find(optim_keys, "optimiser");
    if (kind < 0 || kind > OPTIM_RMSPROP || o->step < 0 || o->ema_updates < 0) bad(k, "optimiser_kind");
    if (kind != o->conf.optimiser) {
        char *mine = key_text(words, &o->conf), *theirs = key_text(words, &(optim_conf){ .optimiser = (int)kind });
        H5Fclose(f);
        die("%s: solver.optimiser: got %s, wanted %s, which the run began with", k->path, mine, theirs);
    }
    if (has(f, "ema") != (o->ema != NULL)) {
        H5Fclose(f);
        die("%s: solver.ema: got %g, but the run began %s an average", k->path, o->conf.ema, o->ema ? "without" : "with");
    }
    if (has(f, "swa") != (o->swa != NULL)) {
        H5Fclose(f);
        die("%s: solver.swa: got %lld, but the run began %s it", k->path, (long long)o->conf.swa, o->swa ? "without" : "with");
    }
    if (o->swa) get_number(k, f, "swa_updates", SIGNED, &o->swa_updates);
    if (o->swa_updates < 0) bad(k, "swa_updates");
}

static void load(checkpoint *k, params *p, optim *o, const char *without)
{
    const hid_t f = (hid_t)k->file;
    set s[5];
    int64_t updates = 0;
    if (o) get_counters(k, o);
    else if (has(f, "ema")) get_number(k, f, "ema_updates", SIGNED, &updates);
    int n = sets_of(s, p->x, o);
    if (updates > 0) s[0].group = "ema";
    s[0].without = without;
    for (int i = 0; i < n; i++) get_set(k, &s[i], p);
}

void checkpoint_load(checkpoint *k, params *p, optim *o) { load(k, p, o, NULL); }
void checkpoint_load_some(checkpoint *k, params *p, const char *without) { load(k, p, NULL, without); }

void checkpoint_close(checkpoint *k)
{
    if (!k) return;
    if (k->file > 0) H5Fclose((hid_t)k->file);
    checkpoint_clear(k);
    free(k);
}
