/* vqgan_test.c - VQ-GAN f16 at full width against the reference at 64 x 64: exact parameter counts and multiply-adds, checkpoint keys, every
 * stage, the codes, every loss, the adaptive weight, the critic's step, and every gradient of both with its random projections. The double
 * build meets the strict bounds; float32 the reference's own, because pools and ReLU of the perceptual network flip at a rounding error. */
#include "tests/test.h"
#include "tests/golden.h"
#include "tests/reference.h"
#include "tests/adversary.h"
#include "base/file.h"

static const double strict = sizeof(real) == 8;
static const adversary_conf published = { .critic = "configs/nets/patchgan.cfg", .features = "configs/nets/vgg16-features.cfg", .perceptual = 1, .weight = 0.8, .codebook = 1 };

/* Weights of the perceptual network, whose hashed names are others */
static void fill_features(const params *p)
{
    for (int i = 0; i < p->n; i++) {
        const param *q = &p->p[i];
        char key[80];
        int slice, layer;
        if (!q->frozen) continue;
        const shape r = reference_shape(q);
        const int bias = strstr(q->name, ".bias") != NULL;
        double scale = bias ? 0.1 : sqrt(2) * sqrt(3.0 * (double)r.d[0] / (double)shape_volume(&r)), offset = 0;
        if (sscanf(q->name, "perceptual.slice%d.%d.", &slice, &layer) == 2)
            snprintf(key, sizeof key, "lpips/features.%d.%s", layer, bias ? "bias" : "weight");
        else {
            assert_int_equal(sscanf(q->name, "perceptual.lin%d.weight", &layer), 1);
            snprintf(key, sizeof key, "lpips/lin%d", layer), scale = offset = 0.5;
        }
        real *flat = xalloc_n(q->count, sizeof *flat);
        golden_fill(key, scale, offset, (int64_t)q->count, flat);
        for (int64_t j = 0; j < (int64_t)q->count; j++) p->x[q->at + (size_t)reference_at(q, &r, j)] = flat[j];
        free(flat);
    }
}

/* n c h w numbers 2 u - 1 of a key, as a map */
static void fill_image(const char *key, const shape *nchw, real *to)
{
    double *v = xalloc_n((size_t)shape_volume(nchw), sizeof *v);
    for (int64_t i = 0; i < shape_volume(nchw); i++) v[i] = (double)(float)(2 * golden_u01(key, i) - 1);
    golden_nhwc(nchw, v, to);
    free(v);
}

static void check_stage(const adversary *a, const golden *g, const char *theirs, const char *ours)
{
    char name[64];
    snprintf(name, sizeof name, "feat.%s", theirs);
    const golden_stat want = golden_stats(g, name);
    const tensor *t = graph_find(a->t->g, ours);
    assert_non_null(t);
    double *v = reference_nchw(t), sum = 0, abs = 0, sq = 0, tol = strict ? 1e-8 : 1e-4;
    const int64_t n = shape_volume(&t->s);
    assert_int_equal(shape_volume(&want.s), n);
    for (int64_t i = 0; i < n; i++) sum += v[i], abs += fabs(v[i]), sq += v[i] * v[i];
    near(sum, want.sum, tol * want.abs); near(abs, want.abs, tol * want.abs); near(sq, want.sq, tol * want.sq);
    for (int i = 0; i < want.n; i++) near(v[want.at[i]], want.v[i], tol * fmax(fabs(want.min), fabs(want.max)));
    free(v);
}

static void check_stages(const adversary *a, const golden *g)
{
    static const char *const stage[][2] = {
        { "encoder.conv_in", NULL }, { "encoder.down.0.block.1", NULL }, { "encoder.down.0.downsample", "encoder.down.0.downsample.conv" },
        { "encoder.down.1.block.1", NULL }, { "encoder.down.2.block.1", NULL }, { "encoder.down.3.block.1", NULL }, { "encoder.down.4.block.1", NULL },
        { "encoder.down.4.attn.1", NULL }, { "encoder.mid.attn_1", NULL }, { "encoder.mid.block_2", NULL }, { "encoder", "encoder.conv_out" },
        { "decoder.conv_in", NULL }, { "decoder.mid.block_2", NULL }, { "decoder.up.4.block.2", NULL },
        { "decoder.up.4.upsample", "decoder.up.4.upsample.conv" }, { "decoder.up.3.block.2", NULL }, { "decoder.up.2.block.2", NULL },
        { "decoder.up.1.block.2", NULL }, { "decoder.up.0.block.2", NULL },
    };
    for (size_t i = 0; i < sizeof stage / sizeof *stage; i++) check_stage(a, g, stage[i][0], stage[i][1] ? stage[i][1] : stage[i][0]);
}

static void check_map(const golden *g, const char *name, const tensor *t, double tol)
{
    shape s;
    assert_non_null(t);
    double *want = golden_tensor(g, name, &s), *got = reference_nchw(t), worst = 0;
    assert_int_equal(shape_volume(&s), shape_volume(&t->s));
    for (int64_t i = 0; i < shape_volume(&s); i++) if (!(fabs(got[i] - want[i]) <= worst)) worst = fabs(got[i] - want[i]);
    near(worst, 0, tol);
    free(want), free(got);
}

static void check_number(const golden *g, const char *name, const tensor *t, double tol)
{
    const double want = golden_scalar(g, name);
    near(*(const real *)t->x.p, want, tol * fabs(want));
}

static void check_generator(const adversary *a, const golden *g)
{
    const double tol = strict ? 1e-9 : 2e-5;
    check_map(g, "z_prequant", graph_find(a->t->g, "quant_conv"), strict ? 2e-7 : 10 * golden_scalar(g, "z_f32err"));
    check_map(g, "recon", a->t->output, strict ? 2e-7 : 10 * golden_scalar(g, "recon_f32err"));
    double *index = golden_tensor(g, "indices", NULL);
    const int32_t *got = graph_find(a->t->g, "quantize")->from->out[1]->x.p;
    for (int i = 0; i < 16; i++) assert_int_equal(got[i], (int)index[i]);
    check_number(g, "qloss", a->codebook, tol), check_number(g, "gen.l1", a->l1, tol), check_number(g, "gen.lpips", a->perceptual, tol);
    check_number(g, "gen.nll", a->nll, tol), check_number(g, "gen.g_loss", a->fooled, tol);
    check_map(g, "gen.logits_fake", graph_find(a->t->g, "discriminator.main.11"), strict ? 2e-7 : 1e-4);
    const double lengths[] = { golden_scalar(g, "gen.norm_dnll_dW"), golden_scalar(g, "gen.norm_dg_dW") };
    near(sqrt((double)*(const real *)graph_find(a->t->g, "length.nll")->x.p), lengths[0], (strict ? 1e-9 : 2e-4) * lengths[0]);
    near(sqrt((double)*(const real *)graph_find(a->t->g, "length.fooled")->x.p), lengths[1], (strict ? 1e-9 : 2e-4) * lengths[1]);
    check_number(g, "gen.d_weight", a->balance, strict ? 1e-8 : 5e-4), check_number(g, "gen.total", a->loss, strict ? 1e-8 : 2e-4);
    free(index);
}

static void check_statistics(const adversary *a, const golden *g)
{
    static const struct { const char *theirs, *ours; } at[] = { { "main.3", "main.2" }, { "main.6", "main.5" }, { "main.9", "main.8" } };
    for (int i = 0; i < 6; i++) {
        char name[80];
        snprintf(name, sizeof name, "disc.after.%s.running_%s", at[i / 2].theirs, i % 2 ? "var" : "mean");
        const golden_stat want = golden_stats(g, name);
        snprintf(name, sizeof name, "discriminator.%s.norm.running_%s", at[i / 2].ours, i % 2 ? "var" : "mean");
        const param *q = params_find(a->p, name);
        double sum = 0, abs = 0;
        for (size_t j = 0; j < q->count; j++) sum += (double)a->p->x[q->at + j], abs += fabs((double)a->p->x[q->at + j]);
        near(sum, want.sum, (strict ? 1e-8 : 1e-4) * want.abs); near(abs, want.abs, (strict ? 1e-8 : 1e-4) * want.abs);
        for (int k = 0; k < want.n; k++) near(a->p->x[q->at + (size_t)want.at[k]], want.v[k], strict ? 1e-8 : 1e-5);
    }
}

/* The steps up to the one that measures the gradient at the last weights, which stands there until the next one is taken; returns that step */
static int run_to(const adversary *a, int from, const char *length, const golden *g, const char *name)
{
    const tensor *t = graph_find(a->t->g, length);
    const param *q = params_find(a->p, "decoder.conv_out.weight");
    const shape r = reference_shape(q);
    int to = from;
    while (a->build.s[to].n != t->from) to++;
    context c = a->c;
    schedule_run_part(&a->build, &c, from, to);
    double *want = golden_tensor(g, name, NULL), largest = 0;
    for (int64_t i = 0; i < (int64_t)q->count; i++) largest = fmax(largest, fabs(want[i]));
    for (int64_t i = 0; i < (int64_t)q->count; i++)
        near(a->p->g[q->at + (size_t)reference_at(q, &r, i)], want[i], (strict ? 1e-7 : 2e-3) * largest);
    free(want);
    return to;
}

static void the_reference_run(void **state)
{
    (void)state;
    golden *g = golden_open("tests/golden/vqgan");
    const char *const words[] = { "net.height=64", "net.width=64", "net.winograd=0" };
    adversary *a = adversary_new(&published, "configs/nets/vqgan-f16.cfg", words, 3, 1, 0);
    reference m[2] = { { .t = a->t, .p = a->p, .keys = key_map_find("taming"), .prefix = "vqgan/" },
                       { .t = a->u, .p = a->p, .keys = key_map_find("taming"), .prefix = "disc/", .group = 1, .strip = "loss.discriminator." } };
    const shape nchw = SHAPE4(1, 3, 64, 64);
    real *image = xalloc_n((size_t)shape_volume(&nchw), sizeof *image);
    const double bound = strict ? 3e-6 : 0.02;
    reference_fill(&m[0]), reference_fill(&m[1]), fill_features(a->p);
    fill_image("vqgan/x", &nchw, image);
    adversary_put(a, image);
    const int first = run_to(a, 0, "length.nll", g, "gen.dnll_dW"), second = run_to(a, first, "length.fooled", g, "gen.dg_dW");
    schedule_run_part(&a->build, &a->c, second, a->build.n);
    check_stages(a, g);
    check_generator(a, g);
    double whole = 27.38411015;
    near(reference_gradient_norm(&m[0]), whole, bound / 3 * whole);
    reference_check_gradients(&m[0], "tests/golden/vqgan_projections.tsv", "gen", whole, bound);
    schedule_run(&a->judge, &a->c);
    check_number(g, "disc.loss", a->critic_loss, strict ? 1e-9 : 2e-5);
    check_map(g, "disc.logits_real", graph_find(a->u->g, "discriminator.main.11"), strict ? 2e-7 : 1e-4);
    check_map(g, "disc.logits_fake", graph_find(a->u->g, "fake.discriminator.main.11"), strict ? 2e-7 : 1e-4);
    check_statistics(a, g);
    whole = 6.756835702;
    reference_check_gradients(&m[1], "tests/golden/vqgan_projections.tsv", "disc", whole, bound);
    free(image), adversary_free(a), golden_free(g);
}

/* ---- the perceptual distance alone ---- */

/* Two pictures: the distance of each, its taps, and the gradient to the second, which stands among the parameters for that. */
static void distance(void **state)
{
    const int channels = (int)(intptr_t)*state, n = channels == 3 ? 2 : 1;
    const char *tag = channels == 3 ? "rgb" : "gray";
    char name[40];
    golden *g = golden_open("tests/golden/ops_lpips");
    net t = { .g = graph_new(), .n = 1 };
    const shape s = SHAPE4(n, 32, 32, channels), nchw = SHAPE4(n, channels, 32, 32);
    tensor *a = graph_leaf(t.g, "a", s, REAL_TYPE, INPUT), *b = graph_leaf(t.g, "b", s, REAL_TYPE, PARAM), *taps[ADVERSARY_TAPS];
    tensor *each = adversary_distance(&t, "configs/nets/vgg16-features.cfg", 0, b, a, taps);
    tensor *loss = graph_words(t.g, "reduce", "sum", "test", 1, &each, "over=all kind=sum");
    params *p = params_new(t.g, &device_cpu, 1);
    for (int i = 0; i < p->n; i++) p->p[i].frozen = strcmp(p->p[i].name, "b") != 0;
    fill_features(p), params_bind(p, t.g);
    schedule plan = { 0 };
    context c = { .dev = &device_cpu, .loss_scale = 1, .training = 1 };
    for (int i = 0; i < ADVERSARY_TAPS; i++) taps[i]->keep = 1;
    each->keep = 1;
    schedule_forward(&plan, t.g, &loss, 1), schedule_backward(&plan, t.g, loss, &b, 1);
    plan_make(&plan, &c, 1);
    a->x.p = xalloc(a->x.size);
    plan_place(&plan, &device_cpu);
    snprintf(name, sizeof name, "lpips/a/%s", tag), fill_image(name, &nchw, a->x.p);
    snprintf(name, sizeof name, "lpips/b/%s", tag), fill_image(name, &nchw, b->x.p);
    schedule_run(&plan, &c);
    snprintf(name, sizeof name, "%s.val", tag);
    double *value = golden_tensor(g, name, NULL), *part;
    snprintf(name, sizeof name, "%s.per_layer", tag), part = golden_tensor(g, name, NULL);
    for (int i = 0; i < n; i++) {
        near(((const real *)each->x.p)[i], value[i], strict ? 1e-12 : 1e-6);
        for (int k = 0; k < ADVERSARY_TAPS; k++) near(((const real *)taps[k]->x.p)[i], part[i * ADVERSARY_TAPS + k], strict ? 1e-12 : 1e-6);
    }
    snprintf(name, sizeof name, "%s.dsum_db", tag);
    double *want = golden_tensor(g, name, NULL), largest = 0, worst = 0;
    real *mine = xalloc_n((size_t)shape_volume(&s), sizeof *mine);
    golden_nhwc(&nchw, want, mine);
    for (int64_t i = 0; i < shape_volume(&s); i++) {
        const double got = (double)((const real *)b->g.p)[i];
        largest = fmax(largest, fabs(want[i])), worst = fmax(worst, fabs((double)mine[i] - got));
    }
    near(worst, 0, (strict ? 1e-7 : 2e-3) * largest);
    free(value), free(part), free(want), free(mine), free(a->x.p);
    schedule_free(&plan), params_free(p), graph_free(t.g), golden_free(g);
}

/* ---- counts, keys, sizes ---- */

static int64_t numbers(const net *t, const char *prefix)
{
    int64_t n = 0;
    for (int k = 0; k < t->g->nt; k++) {
        const tensor *q = t->g->tensor[k];
        if (q->role == PARAM && !strncmp(q->name, prefix, strlen(prefix))) n += shape_volume(&q->s);
    }
    return n;
}

static void counts(void **state)
{
    (void)state;
    static const struct { const char *channels, *classes, *codes; int64_t all, encoder, decoder; double giga; } want[] = {
        { "net.channels=3", "net.classes=3", "quantize.codes=1024", 72141699, 29298176, 42449795, 195.085 + 0.034 + 0.470 },
        { "net.channels=1", "net.classes=1", "quantize.codes=1024", 72137089, 29295872, 42447489, 0 },
        { "net.channels=3", "net.classes=3", "quantize.codes=16384", 76073859, 29298176, 42449795, 0 },
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        net *t = net_load("configs/nets/vqgan-f16.cfg", (const char *const[]){ want[i].channels, want[i].classes, want[i].codes }, 3);
        assert_int_equal(numbers(t, ""), want[i].all);
        assert_int_equal(numbers(t, "encoder."), want[i].encoder), assert_int_equal(numbers(t, "decoder."), want[i].decoder);
        if (want[i].giga > 0) near(1e-9 * (double)net_macs(t), want[i].giga, 0.002);
        net_extend(t, "configs/nets/patchgan.cfg", "discriminator.", NULL, t->output);
        assert_int_equal(numbers(t, "discriminator."), i == 1 ? 2763585 : 2765633);
        if (i != 1) {
            net_extend(t, "configs/nets/vgg16-features.cfg", "perceptual.", NULL, t->output);
            assert_int_equal(numbers(t, "perceptual."), 14714688);
        }
        net_free(t);
    }
    net *small = net_load("configs/nets/vqgan-f8-small.cfg", NULL, 0);
    assert_int_equal(numbers(small, ""), 2942433);
    net_free(small);
}

/* Every entry of the reference's checkpoint is one of our parameters with that shape, or a counter; and none is missing. */
static void checkpoint_keys(void **state)
{
    (void)state;
    net *t = net_load("configs/nets/vqgan-f16.cfg", NULL, 0);
    net_extend(t, "configs/nets/patchgan.cfg", "discriminator.", NULL, t->output);
    params *p = params_new(t->g, &device_cpu, 0);
    const key_map *map = key_map_find("taming");
    char line[256], key[160], size[64], name[160], text[64];
    int found = 0;
    FILE *f = fopen("tests/golden/vqgan_keys.tsv", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (*line == '#') continue;
        assert_int_equal(sscanf(line, "%159s %63s", key, size), 2);
        if (strstr(key, "num_batches_tracked")) continue;
        if (!key_map_ours(map, key, name)) fail_msg("no name for %s", key);
        const param *q = params_find(p, name);
        if (!q) fail_msg("%s: no parameter %s", key, name);
        const shape s = reference_shape(q);
        assert_string_equal(shape_text(&s, text), size);
        assert_string_equal(key_map_theirs(map, name, key), strtok(line, "\t"));
        found++;
    }
    fclose(f);
    assert_int_equal(found, p->n);
    params_free(p), net_free(t);
}

/* The small network and its critic out under the reference's names and in again, to the bit */
static void names_round_trip(void **state)
{
    (void)state;
    char *folder = test_scratch(), *path = path_join(folder, "small.safetensors");
    net *t = net_load("configs/nets/vqgan-f8-small.cfg", NULL, 0);
    net_extend(t, "configs/nets/patchgan-small.cfg", "discriminator.", NULL, t->output);
    params *a = params_new(t->g, &device_cpu, 0), *b = params_new(t->g, &device_cpu, 0);
    params_init(a, 3), params_init(b, 4);
    assert_true(memcmp(a->x, b->x, a->total * sizeof(real)) != 0);
    weights_write(path, a, key_map_find("taming")), weights_read(path, b, key_map_find("taming"));
    assert_memory_equal(a->x, b->x, a->total * sizeof(real));
    params_free(a), params_free(b), net_free(t), free(path), test_scratch_remove(folder);
}

/* Any size goes through: 37 x 45 is seen as 40 x 48, and comes out as 37 x 45. */
static void any_size(void **state)
{
    (void)state;
    net *t = net_load("configs/nets/vqgan-f8-small.cfg", (const char *const[]){ "net.height=37", "net.width=45" }, 2);
    const tensor *framed = graph_find(t->g, "framed");
    assert_non_null(framed);
    assert_int_equal(framed->s.d[1], 40), assert_int_equal(framed->s.d[2], 48);
    assert_string_equal(framed->from->op->name, "reflect");
    assert_int_equal(t->output->s.d[1], 37), assert_int_equal(t->output->s.d[2], 45);
    net_free(t);
    t = net_load("configs/nets/vqgan-f8-small.cfg", NULL, 0);
    assert_null(graph_find(t->g, "framed"));
    net_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts), cmocka_unit_test(checkpoint_keys), cmocka_unit_test(any_size), cmocka_unit_test(names_round_trip),
        { "colour", distance, NULL, NULL, (void *)(intptr_t)3 }, { "grey", distance, NULL, NULL, (void *)(intptr_t)1 },
        cmocka_unit_test(the_reference_run),
    };
    return RUN_TESTS(tests);
}
