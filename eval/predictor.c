/* predictor.c - one film through one network or several; see predict.h. Scores are averaged before the softmax: over mirrored passes, over windows
 * and over the members of an ensemble alike, which is the geometric mean of their probabilities. */
#include "eval/predict.h"
#include "base/die.h"
#include "eval/drawn.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* p->sizes is known. */
static void add_member(predictor *p, checkpoint *k, const char *const *words, int nwords, const device *dev)
{
    struct member *e = &p->of[p->n++];
    const int n = nwords + 3;
    const char **all = xalloc_n((size_t)n, sizeof *all);
    for (int i = 0; i < nwords; i++) all[i + 3] = words[i];
    for (int i = 0; i < p->sizes.n; i++) {
        size_words w;
        fit_sizes_words(&p->sizes, i, &w);
        all[0] = "net.batch=1", all[1] = w.word[0], all[2] = w.word[1];
        if (!i) {
            net *t = net_parse(k->net, k->path, all, n);
            e->p = params_new(t->g, dev, 0);
            checkpoint_load(k, e->p, NULL);
            net_free(t);
        }
        e->program[i] = net_program_new(k->net, k->path, all, n, e->p, dev);
    }
    free(all);
}

/* As the checkpoint has it. */
static net_conf conf_in(const checkpoint *k)
{
    if (!k->net) die("%s: holds no network: wanted a checkpoint that `train` or `convert` wrote", k->path);
    net *t = net_parse(k->net, k->path, NULL, 0);
    const net_conf c = t->conf;
    net_free(t);
    return c;
}

static const net_conf *conf_of(const predictor *p) { return &p->of[0].program[0]->t->conf; }

predictor *predictor_new(checkpoint *k, const fit_conf *conf, const meaning *m, const predict_how *how, const char *const *words, int n,
                         const device *dev)
{
    const net_conf c = conf_in(k);
    if (m->n != (c.classes == 1 ? 2 : (int)c.classes))
        die("%s: its run names %d classes, its network has %lld", k->path, m->n, (long long)c.classes);
    predictor *p = xalloc(sizeof *p);
    *p = (predictor){ .fit = *conf, .classes = *m, .how = *how, .sizes = fit_sizes_of(conf, c.height, c.width) };
    if (how->tile) p->sizes.n = 1;
    add_member(p, k, words, n, dev);
    const size_t pixels = (size_t)fit_sizes_area(&p->sizes);
    if (predictor_detects(p) && (how->mirror || how->tile != 0))
        die("%s: a detector sees a film once and whole: wanted no --tta and no --tile", k->path);
    if (how->chain && (predictor_detects(p) || !chain_of(m->name, m->n, &p->chain)))
        die("%s: --chain wants a network with a class for each of several vertebral levels, named T1, L5 ...", k->path);
    p->in = xalloc_n(pixels * (size_t)c.channels, sizeof *p->in), p->out = xalloc_n(pixels * (size_t)c.classes, sizeof *p->out);
    return p;
}

void predictor_join(predictor *p, checkpoint *k, const fit_conf *fit, const meaning *m, const char *const *words, int n)
{
    if (predictor_detects(p)) die("%s: a detector cannot be averaged with others: wanted no --ensemble", k->path);
    if (p->n == PREDICT_MOST) die("%s: an ensemble has at most %d members", k->path, PREDICT_MOST);
    const net_conf *a = conf_of(p), own = conf_in(k), *b = &own;
    if (a->height != b->height || a->width != b->width || a->channels != b->channels || a->classes != b->classes)
        die("%s: its network takes %lldx%lldx%lld and gives %lld classes, wanted %lldx%lldx%lld and %lld as the first of the ensemble", k->path,
            (long long)b->height, (long long)b->width, (long long)b->channels, (long long)b->classes, (long long)a->height, (long long)a->width,
            (long long)a->channels, (long long)a->classes);
    if (m->n != p->classes.n || memcmp(m->value, p->classes.value, sizeof m->value))
        die("%s: data.labels gives its classes other values than those of the first of the ensemble", k->path);
    const fit_conf *f = &p->fit;
    if (fit->mode != f->mode || fit->normalise != f->normalise || fit->low != f->low || fit->high != f->high || fit->clahe != f->clahe
        || fit->clahe_tiles != f->clahe_tiles || strcmp(fit->sizes ? fit->sizes : "", f->sizes ? f->sizes : ""))
        die("%s: its run fits films in another way (data.mode, normalise, low, high, clahe, sizes) than the first of the ensemble", k->path);
    add_member(p, k, words, n, p->of[0].p->dev);
}

void predictor_free(predictor *p)
{
    if (!p) return;
    for (int i = 0; i < p->n; i++) {
        for (int k = 0; k < p->sizes.n; k++) net_program_free(p->of[i].program[k]);
        params_free(p->of[i].p);
    }
    buckets_free(p);
    free(p->in), free(p->out), free(p);
}

/* The one whose classes come out. */
static const predictor *speaker(const predictor *p) { return p->namer ? p->namer : p; }

int predictor_channels(const predictor *p) { return (int)conf_of(speaker(p))->classes; }
const meaning *predictor_meaning(const predictor *p) { return &speaker(p)->classes; }

void predictor_name_by(predictor *p, predictor *namer, const char *path, const char *namer_path)
{
    if (predictor_detects(p) || p->classes.n != 2)
        die("%s: --levels wants a network of one class, which draws the bodies, beside the one that names them", path);
    if (predictor_detects(namer) || !chain_of(namer->classes.name, namer->classes.n, &p->chain))
        die("%s: --levels wants a network with a class for each of several vertebral levels, named T1, L5 ...", namer_path);
    p->namer = namer;
}

/* What the net sees at once: its input's place on the canvas, and what its scores count there, by row and by column. */
typedef struct window { int64_t y, x, canvas_w; const float *row, *column; } window;

/* One network on one window of the canvas image; its scores times weight are added to scores (canvas). mirrored: the window goes in, and
 * the scores come out, turned left to right, and paired classes change places. */
static void pass(predictor *p, net_program *program, const window *at, const float *image, int mirrored, float weight, float *scores)
{
    const net_conf *c = &program->t->conf;
    const int64_t w = c->width, ch = c->channels, k = c->classes;
    for (int64_t y = 0; y < c->height; y++)
        for (int64_t x = 0; x < w; x++) {
            const float *from = image + ((at->y + y) * at->canvas_w + at->x + (mirrored ? w - 1 - x : x)) * ch;
            for (int64_t i = 0; i < ch; i++) p->in[(y * w + x) * ch + i] = (real)from[i];
        }
    net_program_run(program, p->in, p->out);
    for (int64_t y = 0; y < c->height; y++)
        for (int64_t x = 0; x < w; x++) {
            const float share = weight * at->row[y] * at->column[x];
            float *to = scores + ((at->y + y) * at->canvas_w + at->x + x) * k;
            for (int64_t i = 0; i < k; i++) {
                const int64_t from = mirrored && k > 1 ? p->classes.swap[i] : i;
                to[i] += share * (float)p->out[(y * w + (mirrored ? w - 1 - x : x)) * k + from];
            }
        }
}

/* Windows of `size` along an axis of n pixels, evenly spread, neighbours sharing at least `overlap` of theirs; the last ends at n. */
static int64_t count_windows(int64_t n, int64_t size, double overlap)
{
    const double step = fmax(1, (double)size * (1 - overlap));
    return n <= size ? 1 : 1 + (int64_t)ceil((double)(n - size) / step - 1e-9);
}

static int64_t window_at(int64_t i, int64_t count, int64_t n, int64_t size)
{
    return count > 1 ? (i * (n - size) + (count - 1) / 2) / (count - 1) : 0;
}

/* share (count, size): what each window counts at each of its pixels, rising from its borders to its middle; at every pixel of the axis
 * the shares of all windows add up to 1. */
static float *shares(int64_t n, int64_t size, int64_t count)
{
    float *share = xalloc_n((size_t)(count * size), sizeof *share), *sum = xalloc_n((size_t)n, sizeof *sum);
    for (int pass = 0; pass < 2; pass++)
        for (int64_t i = 0; i < count; i++)
            for (int64_t x = 0; x < size; x++) {
                const int64_t to = window_at(i, count, n, size) + x;
                const float ramp = (float)(x < size - 1 - x ? x : size - 1 - x) + 0.5f;
                if (!pass) sum[to] += ramp;
                else share[i * size + x] = ramp / sum[to];
            }
    free(sum);
    return share;
}

static void all_windows(predictor *p, int size, int64_t h, int64_t w, const float *image, float *scores)
{
    const net_conf *c = &p->of[0].program[size]->t->conf;
    const int64_t rows = count_windows(h, c->height, p->how.overlap), columns = count_windows(w, c->width, p->how.overlap);
    const float weight = 1.f / (float)(p->n * (p->how.mirror ? 2 : 1));
    float *row = shares(h, c->height, rows), *column = shares(w, c->width, columns);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) {
            const window at = { window_at(i, rows, h, c->height), window_at(j, columns, w, c->width), w, row + i * c->height, column + j * c->width };
            for (int k = 0; k < p->n; k++)
                for (int m = 0; m <= (p->how.mirror != 0); m++) pass(p, p->of[k].program[size], &at, image, m, weight, scores);
        }
    free(row), free(column);
}

/* The canvas along one side: of the film's n pixels, the net's. */
static int64_t canvas_side(const predictor *p, int64_t film, int64_t net)
{
    const double tile = p->how.tile;
    if (tile == PREDICT_FULL) return film > net ? film : net;
    return tile > 1 ? (int64_t)((double)net * tile + 0.5) : net;
}

int predictor_detects(const predictor *p) { return p->of[0].program[0]->t->detector != NULL; }

static instances detect_fitted(predictor *p, const image *film)
{
    net_program *r = p->of[0].program[fit_sizes_choose(&p->sizes, film->h, film->w)];
    const net_conf *c = &r->t->conf;
    const size_t n = (size_t)(c->height * c->width * c->channels);
    const fit f = fit_make(&p->fit, film->h, film->w, c->height, c->width);
    float *image = xalloc_n(n, sizeof *image);
    fit_film(&f, film->p, film->bits, c->channels, image);
    for (size_t i = 0; i < n; i++) p->in[i] = (real)image[i];
    net_program_run(r, p->in, p->out);
    free(image);
    return instances_of(r, &f);
}

instances predictor_detect(predictor *p, const image *film, uint8_t *labels)
{
    const int rule = p->of[0].program[0]->t->detector->conf.input == INPUT_RULE;
    instances o = rule ? buckets_detect(p, film) : detect_fitted(p, film);
    for (int i = 0; i < o.n; i++) o.class[i] = p->classes.value[o.class[i]];
    for (int64_t i = 0; i < film->h * film->w; i++) labels[i] = (uint8_t)(o.number[i] ? o.class[o.number[i] - 1] : p->classes.value[0]);
    return o;
}

/* What p's networks say of a film: the scores of the canvas that f is fitted to, fresh. */
static float *scores_of(predictor *p, const image *film, fit *f)
{
    const int size = fit_sizes_choose(&p->sizes, film->h, film->w);
    const net_conf *c = &p->of[0].program[size]->t->conf;
    const int64_t h = canvas_side(p, film->h, c->height), w = canvas_side(p, film->w, c->width);
    const size_t pixels = (size_t)(h * w);
    float *image = xalloc_n(pixels, (size_t)c->channels * sizeof *image), *scores = xalloc_n(pixels, (size_t)c->classes * sizeof *scores);
    *f = fit_make(&p->fit, film->h, film->w, h, w);
    fit_film(f, film->p, film->bits, c->channels, image);
    all_windows(p, size, h, w, image, scores);
    free(image);
    return scores;
}

/* Probabilities of n's classes at the pixels of the canvas of f, which the film is fitted to. */
static float *probabilities_at(const predictor *n, const float *scores, const fit *own, const fit *f)
{
    fit at = *own;
    const affine film_to_canvas = affine_inverse(&f->to_film);
    at.to_film = affine_then(&own->to_film, &film_to_canvas), at.h = f->net_h, at.w = f->net_w;
    const size_t pixels = (size_t)(at.h * at.w), k = (size_t)conf_of(n)->classes;
    uint8_t *labels = xalloc(pixels);
    float *p = xalloc_n(pixels, k * sizeof *p);
    fit_back(&at, scores, (int64_t)k, labels, p);
    free(labels);
    return p;
}

/* Bodies and their names on the canvas of f. scores: what p says there; taken over. */
static drawn draw(predictor *p, const image *film, const fit *f, float *scores)
{
    const int64_t pixels = f->net_h * f->net_w, k = conf_of(p)->classes;
    const chain_canvas canvas = { f->net_h, f->net_w, f->to_film.m[0], f->to_film.m[4] };
    drawn d = { .f = *f, .scores = scores, .k = k, .class = xalloc((size_t)pixels) };
    float *bone = NULL, *levels = NULL;
    if (p->namer) {
        fit own;
        float *by_namer = scores_of(p->namer, film, &own), *both = probabilities_at(p, scores, f, f);
        levels = probabilities_at(p->namer, by_namer, &own, f), bone = xalloc_n((size_t)pixels, sizeof *bone);
        for (int64_t i = 0; i < pixels; i++) bone[i] = both[i * k + k - 1];
        free(by_namer), free(both);
    } else {
        levels = probabilities_at(p, scores, f, f);
        drawn_join(&d, &p->chain, scores);
        free(scores);
    }
    chain_decide(&p->chain, &canvas, bone, levels, d.class);
    free(bone), free(levels);
    return d;
}

void predictor_run(predictor *p, const image *film, uint8_t *labels, float *probabilities)
{
    fit f;
    float *scores = scores_of(p, film, &f);
    if (p->namer || p->how.chain) {
        drawn d = draw(p, film, &f, scores);
        drawn_film(&d, predictor_channels(p), labels, probabilities);
        drawn_free(&d);
    } else {
        fit_back(&f, scores, conf_of(p)->classes, labels, probabilities);
        free(scores);
    }
    for (int64_t i = 0; i < film->h * film->w; i++) labels[i] = (uint8_t)predictor_meaning(p)->value[labels[i]];
}
