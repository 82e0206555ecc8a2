/* detector_oracle detect NET.cfg WEIGHTS.safetensors FILM.f32 HEIGHT WIDTH OUT [WORDS...]
 * detector_oracle losses NET.cfg WEIGHTS.safetensors BATCH OUT [WORDS...]
 *
 * What tests/torch/maskrcnn.py compares with torchvision. Weights are read strictly by torchvision's names. detect: a film (height, width, 3) of
 * float32 in 0..1 goes through resizing, padding and the network; OUT gets float64: how many, then box, score and label of each, then the
 * mask of each on the film. losses: BATCH holds float64: images, height, width, most instances of one; extents; counts; classes; boxes;
 * input (n, h, w, 3); then masks as bytes. OUT gets the losses, then the length of each parameter's gradient in the order of OUT.tsv. Both print
 * bytes of a number, parameters, and detections or the total loss. */
#include "tests/reference.h"
#include "base/die.h"
#include "kernels/detect.h"
#include "nn/detector_input.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *opened(const char *path, const char *mode)
{
    FILE *f = fopen(path, mode);
    if (!f) die_machine("%s: cannot be opened", path);
    return f;
}

static void get(FILE *f, void *to, size_t size, int64_t n)
{
    if (fread(to, size, (size_t)n, f) != (size_t)n) die("the file is too short");
}

/* Numbers that are trained, or would be */
static int64_t count_of(const params *p)
{
    int64_t n = 0;
    for (int i = 0; i < p->n; i++) if (p->p[i].role == PARAM) n += (int64_t)p->p[i].count;
    return n;
}

static void put(FILE *f, double v) { fwrite(&v, sizeof v, 1, f); }

/* The parameters of net t, all of them from the file and nothing else in it */
static params *weights_of(const net *t, const char *path, int training)
{
    params *p = params_new(t->g, &device_cpu, training);
    weights_read(path, p, key_map_find("torchvision"));
    return p;
}

static void put_found(const char *out, const detector_conf *d, const found *o, input_size resized, input_size film)
{
    FILE *f = opened(out, "wb");
    box *b = xalloc_n((size_t)o->n + 1, sizeof *b);
    int32_t *place = xalloc_n((size_t)o->n + 1, sizeof *place);
    real *map = xalloc_n((size_t)(film.h * film.w), sizeof *map);
    memcpy(b, o->boxes, (size_t)o->n * sizeof *b);
    detections_rescale(0, o->n, b, (int64_t[]){ resized.h, resized.w }, (int64_t[]){ film.h, film.w }, place);
    put(f, (double)o->n);
    for (int64_t i = 0; i < o->n; i++) {
        const double row[6] = { b[i].x1, b[i].y1, b[i].x2, b[i].y2, o->scores[i], o->label[i] };
        for (int k = 0; k < 6; k++) put(f, row[k]);
    }
    for (int64_t i = 0; i < o->n; i++) {
        mask_paste(d->paste == PASTE_SAMPLED, o->size, o->maps + i * o->size * o->size, b[i], film.h, film.w, map);
        for (int64_t j = 0; j < film.h * film.w; j++) put(f, map[j]);
    }
    if (fclose(f)) die_machine("%s: cannot be written", out);
    free(b), free(place), free(map);
}

static void detect(char **argv, const char *const *words, int nwords)
{
    input_size film;
    if (!text_int(argv[3], &film.h) || !text_int(argv[4], &film.w)) die("HEIGHT WIDTH: got %s %s, wanted numbers", argv[3], argv[4]);
    net *t = net_load(argv[0], words, nwords);
    const detector_conf *d = &t->detector->conf;
    const input_size resized = detector_resized(d, film), padded = detector_padded(d, resized);
    params *p = weights_of(t, argv[1], 0);
    float *pixels = xalloc_n((size_t)(film.h * film.w * 3), sizeof *pixels);
    real *in = xalloc_n((size_t)(padded.h * padded.w * 3), sizeof *in);
    char *text = net_text(t), *h = xprintf("net.height=%lld", (long long)padded.h), *w = xprintf("net.width=%lld", (long long)padded.w);
    FILE *f = opened(argv[2], "rb");
    get(f, pixels, 3 * sizeof *pixels, film.h * film.w), fclose(f);
    net_program *r = net_program_new(text, argv[0], (const char *const[]){ h, w, "net.batch=1" }, 3, p, &device_cpu);
    detector_input(d, film, pixels, resized, padded, in);
    net_program_detect(r, in, (const int32_t[]){ (int32_t)resized.h, (int32_t)resized.w });
    detected all = net_program_detected(r);
    put_found(argv[5], d, all.image, resized, film);
    printf("%zu %lld %lld\n", sizeof(real), (long long)count_of(p), (long long)all.image->n);
    detected_free(&all), net_program_free(r), params_free(p), net_free(t);
    free(pixels), free(in), free(text), free(h), free(w);
}

/* ---- losses -------------------------------------------------------------------------------------------------------------------------- */

static void read_reals(FILE *f, tensor *t)
{
    real *x = t->x.p = xalloc(t->x.size);
    for (int64_t i = 0; i < shape_volume(&t->s); i++) {
        double v;
        get(f, &v, sizeof v, 1);
        x[i] = (real)v;
    }
}

static void read_whole(FILE *f, tensor *t)
{
    int32_t *x = t->x.p = xalloc(t->x.size);
    for (int64_t i = 0; i < shape_volume(&t->s); i++) {
        double v;
        get(f, &v, sizeof v, 1);
        x[i] = (int32_t)v;
    }
}

static net *net_for(const char *path, FILE *f, const char *const *words, int nwords)
{
    static const char *const name[] = { "net.batch", "net.height", "net.width", "detector.instances" };
    const char **all = xalloc_n((size_t)nwords + 5, sizeof *all);
    for (int i = 0; i < 4; i++) {
        double v;
        get(f, &v, sizeof v, 1);
        all[i] = xprintf("%s=%lld", name[i], (long long)v);
    }
    all[4] = "net.training=1";
    for (int i = 0; i < nwords; i++) all[5 + i] = words[i];
    net *t = net_load(path, all, nwords + 5);
    for (int i = 0; i < 4; i++) free((char *)all[i]);
    free(all);
    return t;
}

static schedule plan_of(net *t, const params *p, context *c, tensor **loss)
{
    schedule plan = { 0 };
    graph *g = t->g;
    tensor **wrt = xalloc_n((size_t)g->nt, sizeof *wrt);
    int n = 0;
    *loss = graph_words(g, "total", "loss", "oracle", t->detector->terms, t->detector->term, " ");
    for (int i = 0; i < g->nt; i++) if (g->tensor[i]->role == PARAM) wrt[n++] = g->tensor[i];
    for (int i = 0; i < t->detector->terms; i++) t->detector->term[i]->keep = 1;
    params_bind(p, g);
    schedule_forward(&plan, g, loss, 1);
    schedule_backward(&plan, g, *loss, wrt, n);
    plan_make(&plan, c, 1);
    free(wrt);
    return plan;
}

static void put_gradients(FILE *f, const char *out, const params *p)
{
    const key_map *map = key_map_find("torchvision");
    char *path = xprintf("%s.tsv", out), name[160];
    FILE *names = opened(path, "w");
    for (int i = 0; i < p->n; i++) {
        const param *q = &p->p[i];
        double sum = 0;
        if (q->role != PARAM) continue;
        for (size_t j = 0; j < q->count; j++) sum += (double)p->g[q->at + j] * (double)p->g[q->at + j];
        fprintf(names, "%s\n", key_map_theirs(map, q->name, name));
        put(f, sqrt(sum));
    }
    if (fclose(names)) die_machine("%s: cannot be written", path);
    free(path);
}

static void losses(char **argv, const char *const *words, int nwords)
{
    FILE *f = opened(argv[2], "rb");
    net *t = net_for(argv[0], f, words, nwords);
    const detector *d = t->detector;
    params *p = weights_of(t, argv[1], 1);
    context c = net_context(t, &device_cpu);
    tensor *loss;
    c.training = 1, c.loss_scale = 1;
    schedule plan = plan_of(t, p, &c, &loss);
    read_whole(f, d->extent), read_whole(f, d->truth_count), read_whole(f, d->truth_class), read_reals(f, d->truth_boxes), read_reals(f, t->input);
    get(f, d->truth_masks->x.p = xalloc(d->truth_masks->x.size), 1, (int64_t)d->truth_masks->x.size), fclose(f);
    plan_place(&plan, &device_cpu);
    schedule_run(&plan, &c);
    FILE *o = opened(argv[3], "wb");
    for (int i = 0; i < d->terms; i++) put(o, (double)*(real *)d->term[i]->x.p);
    put_gradients(o, argv[3], p);
    if (fclose(o)) die_machine("%s: cannot be written", argv[3]);
    printf("%zu %lld %.12f\n", sizeof(real), (long long)count_of(p), (double)*(real *)loss->x.p);
    free(d->extent->x.p), free(d->truth_count->x.p), free(d->truth_class->x.p), free(d->truth_boxes->x.p), free(d->truth_masks->x.p);
    free(t->input->x.p), schedule_free(&plan), params_free(p), net_free(t);
}

int main(int argc, char **argv)
{
    if (argc >= 8 && !strcmp(argv[1], "detect")) detect(argv + 2, (const char *const *)argv + 8, argc - 8);
    else if (argc >= 6 && !strcmp(argv[1], "losses")) losses(argv + 2, (const char *const *)argv + 6, argc - 6);
    else die("usage: detector_oracle detect NET.cfg WEIGHTS FILM HEIGHT WIDTH OUT [WORDS] | losses NET.cfg WEIGHTS BATCH OUT [WORDS]");
    return 0;
}
