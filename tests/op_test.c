/* op_test.c - every op in every case of tests/cases/ is held to the same laws, dense and as channels of wider maps, in training and
 * in evaluation:
 *   1 the shapes inferred, all of the outputs written and nothing else;    2 the values of tests/naive.h;
 *   4 the gradient is the central difference of sum(r * y), element by element (double build; a float difference proves nothing);
 *   5 a gradient that is added to comes out as before + gradient;          6 what backward does not declare to read can be anything;
 *   7 the same bits again, and with 1, 2 and 3 threads;                    8 evaluation has no side effect.
 * Law 3, the other device computes the same, joins where law 2 stands once there is another device.
 * Then the table itself is walked: help, a case, and a gradient or a reason for each op; declared reads that matter. */
#include "tests/naive.h"
#include "base/file.h"
#include "kernels/math.h"
#include <omp.h>

enum { LARGE = 2500 };                   /* inputs with more elements are tried along a direction rather than one by one */

/* below: the limit of an input of whole numbers */
typedef struct { char *text, *op, *words, *out; int n; shape s[MAX_IN]; dtype t[MAX_IN]; int64_t below[MAX_IN]; } op_case;
typedef struct { op_case *k; int n; } case_list;

/* A rig and the inputs and output gradients it starts from */
typedef struct { rig *r; unsigned char *x[MAX_IN], *gy[MAX_OUT]; } bench;

static unsigned mattered_x[64], mattered_y[64];                /* by op: inputs, outputs whose poisoning changed a gradient in some case */

static int op_index(const char *name)
{
    int i = 0;
    while (strcmp(ops[i]->name, name)) i++;
    return i;
}

static shape parse_shape(const char *p)
{
    shape s = { 0 };
    char *end;
    for (;; p = end + 1) {
        s.d[s.nd++] = strtoll(p, &end, 10);
        if (*end != 'x' || s.nd == 4) break;
    }
    if (*end || s.d[0] < 1) die("tests/cases: cannot read the shape '%s'", p);
    return s;
}

static op_case parse_case(const char *line)
{
    op_case k = { .text = xdup(line), .op = xdup(line) };
    char *bar = strchr(k.op, '|'), *arrow = strstr(k.op, "->"), *save, *space;
    if (!bar) die("tests/cases: no | in '%s'", line);
    if (arrow) *arrow = 0, k.out = arrow + 2 + strspn(arrow + 2, " ");
    *bar = 0;
    k.words = (space = strchr(k.op, ' ')) ? (*space = 0, space + 1) : k.op + strlen(k.op);
    for (char *w = strtok_r(bar + 1, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        char *colon = strchr(w, ':'), *less = strchr(w, '<');
        k.t[k.n] = !colon ? REAL_TYPE : *w == 'u' ? U8 : I32;
        if (less) *less = 0, k.below[k.n] = strtoll(less + 1, NULL, 10);
        k.s[k.n++] = parse_shape(colon ? colon + 1 : w);
    }
    return k;
}

static case_list read_cases(void)
{
    case_list l = { 0 };
    int files;
    char **name = file_list("tests/cases", "|.txt|", &files);
    for (int i = 0; i < files; i++) {
        char *path = path_join("tests/cases", name[i]), *text = file_read(path, 1 << 20, NULL), *save;
        for (char *p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save)) {
            if (*p == '#') continue;
            l.k = xgrow(l.k, (size_t)(l.n + 1) * sizeof *l.k);
            l.k[l.n++] = parse_case(p);
        }
        free(path), free(text);
    }
    return l;
}

/* Distinct values of size 0.25 to 1 with alternating signs: no two alike (maxpool), none at 0, not even after a norm (relu). */
static void fill_spread(const slot *s, uint32_t which)
{
    int64_t *rank = xalloc_n((size_t)s->n, sizeof *rank);
    for (int64_t i = 0; i < s->n; i++) {
        int64_t j = (int64_t)rng_below(rng_draw(7, RNG_TEST, which, 1, (uint64_t)i).v[0], (uint32_t)i + 1);
        rank[i] = rank[j], rank[j] = i;
    }
    for (int64_t i = 0; i < s->n; i++) {
        const double v = 0.25 + 0.75 * ((double)rank[i] + 0.5) / (double)s->n;
        slot_put(s, i, (real)((i / s->channels + i % s->channels) % 2 ? -v : v));
    }
    free(rank);
}

static void fill_labels(const rig *r)
{
    const int64_t c = tensor_channels(r->n->in[0]), classes = c > 1 ? c : 2;
    const int ignore = (int)setting(r, "ignore");
    for (int64_t i = 0; i < r->x[1].n; i++) {
        const rng4 d = rng_draw(5, RNG_TEST, 1, 2, (uint64_t)i);
        *(uint8_t *)slot_at(&r->x[1], i) = (uint8_t)(ignore >= 0 && d.v[1] % 4 == 0 ? ignore : d.v[0] % classes);
    }
}

/* Numbers below `below`, repeats among them, and a few -1, which name nothing */
static void fill_index(const slot *s, int64_t below)
{
    for (int64_t i = 0; i < s->n; i++) {
        const rng4 d = rng_draw(6, RNG_TEST, 1, 3, (uint64_t)i);
        *(int32_t *)slot_at(s, i) = d.v[1] % 8 ? (int32_t)(d.v[0] % below) : -1;
    }
}

static void fill_first(const rig *r, const op_case *at)
{
    static const double norm[5][2] = { { 0, 0 }, { 1, 0.25 }, { 0, 0.05 }, { 0, 0.05 }, { 1, 0.4 } };   /* gamma beta mean variance: offset, scale */
    const int is_norm = strstr(r->n->op->name, "_norm") != NULL;
    for (int i = 0; i < r->n->nin; i++) {
        if (r->n->in[i]->type == U8) { fill_labels(r); continue; }
        if (r->n->in[i]->type == I32) { fill_index(&r->x[i], at->below[i]); continue; }
        if (!(is_norm && i > 0) && r->x[i].n > 1) { fill_spread(&r->x[i], (uint32_t)i); continue; }
        for (int64_t k = 0; k < r->x[i].n; k++)
            slot_put(&r->x[i], k, (real)(is_norm ? norm[i][0] + norm[i][1] * rig_u((uint32_t)i, k) : rig_u((uint32_t)i, k)));
    }
    for (int o = 0; o < r->n->nout; o++) for (int64_t k = 0; k < r->gy[o].n; k++) slot_put(&r->gy[o], k, (real)rig_u(100 + (uint32_t)o, k));
}

static bench bench_new(const op_case *k, int strided, int training)
{
    bench b = { .r = rig_new(k->op, *k->words ? k->words : " ", k->n, k->s, k->t, strided) };
    b.r->c.training = training;
    fill_first(b.r, k);
    for (int i = 0; i < k->n; i++) b.x[i] = slot_copy(&b.r->x[i]);
    for (int i = 0; i < b.r->n->nout; i++) b.gy[i] = slot_copy(&b.r->gy[i]);
    return b;
}
static void bench_free(bench *b)
{
    for (int i = 0; i < MAX_IN; i++) free(b->x[i]);
    for (int i = 0; i < MAX_OUT; i++) free(b->gy[i]);
    rig_free(b->r);
}

static void fill(const bench *b)
{
    for (int i = 0; i < b->r->n->nin; i++) slot_restore(&b->r->x[i], b->x[i]);
    for (int i = 0; i < b->r->n->nout; i++) slot_restore(&b->r->gy[i], b->gy[i]);
}

static void run(const bench *b)
{
    fill(b);
    rig_forward(b->r);
    rig_backward(b->r);
}

/* ---- everything a run leaves, to compare bits ---- */
typedef struct { unsigned char *x[MAX_IN], *g[MAX_IN], *y[MAX_OUT], *saved[MAX_SAVED]; } shot;

static shot shot_take(const rig *r)
{
    shot s = { 0 };
    for (int i = 0; i < r->n->nin; i++) s.x[i] = slot_copy(&r->x[i]), s.g[i] = slot_copy(&r->gx[i]);
    for (int i = 0; i < r->n->nout; i++) s.y[i] = slot_copy(&r->y[i]);
    for (int i = 0; i < r->n->nsaved; i++) s.saved[i] = slot_copy(&r->saved[i]);
    return s;
}
static void shot_free(shot *s)
{
    for (int i = 0; i < MAX_IN; i++) free(s->x[i]), free(s->g[i]);
    for (int i = 0; i < MAX_OUT; i++) free(s->y[i]);
    for (int i = 0; i < MAX_SAVED; i++) free(s->saved[i]);
}
static int same_gradients(const rig *r, const shot *s)
{
    int same = 1;
    for (int i = 0; i < r->n->nin; i++) same &= slot_same(&r->gx[i], s->g[i]);
    return same;
}
static int same_all(const rig *r, const shot *s)
{
    int same = same_gradients(r, s);
    for (int i = 0; i < r->n->nin; i++) same &= slot_same(&r->x[i], s->x[i]);
    for (int i = 0; i < r->n->nout; i++) same &= slot_same(&r->y[i], s->y[i]);
    for (int i = 0; i < r->n->nsaved; i++) same &= slot_same(&r->saved[i], s->saved[i]);
    return same;
}

/* ---- the laws ---- */
static void law1_written(rig *r, const op_case *k)
{
    char got[64];
    if (k->out && strcmp(shape_text(&r->n->out[0]->s, got), k->out)) fail_msg("law 1: the output is %s, wanted %s", got, k->out);
    rig_forward(r);
    for (int o = 0; o < r->n->nout; o++)
        for (int64_t i = 0; i < r->y[o].n && r->n->out[o]->type == REAL_TYPE; i++)     /* whole numbers: law 2 */
            if (isnan((double)slot_get(&r->y[o], i))) fail_msg("law 1: element %lld of the output was not written", (long long)i);
    rig_backward(r);
    for (int j = 0; j < r->n->nin; j++)
        for (int64_t i = 0; i < r->gx[j].n && r->gx[j].base; i++)
            if (isnan((double)slot_get(&r->gx[j], i))) fail_msg("law 1: element %lld of gradient %d was not written", (long long)i, j);
    rig_intact(r);
}

/* the running statistics follow from the ones before and the moments of x */
static void check_running(const rig *r, const shot *before)
{
    const place4 s = size4(r->n->in[0]);
    const double count = (double)(s.n * s.h * s.w), m = setting(r, "momentum"), tol = sizeof(real) == 8 ? 1e-12 : 1e-6;
    for (int64_t c = 0; c < s.c; c++) {
        double mean, var;
        moments(r, 0, s.n, c, c + 1, &mean, &var);
        near(slot_get(&r->x[3], c), (1 - m) * (double)((real *)before->x[3])[c] + m * mean, tol);
        near(slot_get(&r->x[4], c), (1 - m) * (double)((real *)before->x[4])[c] + m * var * count / (count - 1), tol);
    }
}

static void law2_values(const bench *b)
{
    rig *r = b->r;
    size_t i = 0;
    while (i < sizeof naive / sizeof *naive && strcmp(naive[i].op, r->n->op->name)) i++;
    if (i == sizeof naive / sizeof *naive) fail_msg("law 2: tests/naive.h has no %s", r->n->op->name);
    double *want = xalloc_n((size_t)r->y[0].n, sizeof *want), largest = 1;
    fill(b);
    shot before = shot_take(r);
    rig_forward(r);
    if (!strcmp(r->n->op->name, "batch_norm") && r->c.training) {
        check_running(r, &before);
        fill(b);                                               /* the values were computed with what stood there before */
    }
    naive[i].f(r, want);
    for (int64_t k = 0; k < r->y[0].n; k++) if (fabs(want[k]) > largest) largest = fabs(want[k]);
    const double tol = (sizeof(real) == 8 ? 1e-12 : 1e-5) * largest;
    for (int64_t k = 0; k < r->y[0].n; k++)
        if (!(fabs(y_at(r, k) - want[k]) <= tol))
            fail_msg("law 2: element %lld is %.9g, wanted %.9g +- %.2g", (long long)k, y_at(r, k), want[k], tol);
    free(want), shot_free(&before);
}

static double objective(rig *r)
{
    double sum = 0;
    rig_forward(r);
    for (int o = 0; o < r->n->nout; o++)
        for (int64_t i = 0; i < r->gy[o].n; i++) sum += (double)slot_get(&r->gy[o], i) * (double)slot_get(&r->y[o], i);
    return sum;
}

static void one_by_one(rig *r, int j, const real *analytic)
{
    const double h = 1e-5;
    for (int64_t i = 0; i < r->x[j].n; i++) {
        const real keep = slot_get(&r->x[j], i);
        slot_put(&r->x[j], i, (real)((double)keep + h));
        const double up = objective(r);
        slot_put(&r->x[j], i, (real)((double)keep - h));
        const double slope = (up - objective(r)) / (2 * h), err = fabs(slope - (double)analytic[i]);
        slot_put(&r->x[j], i, keep);
        if (!(err <= 1e-8 * (1 + fabs(slope))))
            fail_msg("law 4: gradient %d, element %lld is %.10g, the difference says %.10g", j, (long long)i, (double)analytic[i], slope);
    }
}

static void along_direction(rig *r, int j, const real *analytic)
{
    const double h = 1e-7;
    double want = 0, size = 1, value[2];
    for (int side = 0; side < 2; side++) {
        for (int64_t i = 0; i < r->x[j].n; i++) {
            const double d = rig_u(50, i) > 0 ? 1 : -1;
            slot_put(&r->x[j], i, (real)((double)slot_get(&r->x[j], i) + (side ? -2 * h : h) * d));
            if (!side) want += d * (double)analytic[i], size += fabs((double)analytic[i]);
        }
        value[side] = objective(r);
    }
    if (!(fabs((value[0] - value[1]) / (2 * h) - want) <= 1e-6 * size))
        fail_msg("law 4: gradient %d along a direction is %.10g, the difference says %.10g", j, want, (value[0] - value[1]) / (2 * h));
}

static void law4_gradient(const bench *b)
{
    rig *r = b->r;
    if (sizeof(real) != 8) return;
    run(b);
    shot clean = shot_take(r);
    for (int j = 0; j < r->n->nin; j++) {
        if (!r->gx[j].base) continue;
        fill(b);
        if (r->x[j].n > LARGE) along_direction(r, j, (real *)clean.g[j]);
        else if (r->x[0].n <= LARGE || j == 0) one_by_one(r, j, (real *)clean.g[j]);
    }
    shot_free(&clean);
}

static void check_added(const rig *r, const shot *clean, unsigned added)
{
    for (int j = 0; j < r->n->nin; j++)
        for (int64_t i = 0; i < r->gx[j].n && r->gx[j].base; i++) {
            const double g = (double)((real *)clean->g[j])[i], want = (added >> j & 1 ? 3 : 0) + g;
            const double tol = (sizeof(real) == 8 ? 1e-13 : 2e-6) * (3 + fabs(g));
            if (!(fabs((double)slot_get(&r->gx[j], i) - want) <= tol))
                fail_msg("law 5: gradient %d, element %lld is %.9g, wanted %.9g", j, (long long)i, (double)slot_get(&r->gx[j], i), want);
        }
}

static void law5_add(const bench *b)
{
    rig *r = b->r;
    run(b);
    shot clean = shot_take(r);
    for (int way = 0; way <= r->n->nin; way++) {               /* each alone by the step; the parameters by the micro-batch */
        r->s.add = way < r->n->nin ? r->s.want & 1u << way : 0, r->c.accumulate = way == r->n->nin;
        for (int j = 0; j < r->n->nin; j++) for (int64_t i = 0; i < r->gx[j].n && r->gx[j].base; i++) slot_put(&r->gx[j], i, 3);
        rig_backward(r);
        check_added(r, &clean, r->c.accumulate ? r->s.params : r->s.add);
    }
    r->s.add = 0, r->c.accumulate = 0;
    const unsigned want = r->s.want;
    for (int j = 0; j < r->n->nin; j++) {                      /* one gradient alone: its bits, and no other touched */
        if (!(want >> j & 1)) continue;
        for (int i = 0; i < r->n->nin; i++) if (r->gx[i].base) slot_fill(&r->gx[i], 0x11);
        r->s.want = 1u << j;
        rig_gradients(r);
        for (int i = 0; i < r->n->nin; i++) {
            if (!r->gx[i].base) continue;
            unsigned char *v = slot_copy(&r->gx[i]);
            if (i == j && !slot_same(&r->gx[i], clean.g[i])) fail_msg("law 5: gradient %d alone differs from that with the others", i);
            for (size_t q = 0; i != j && q < (size_t)r->gx[i].n * r->gx[i].each; q++)
                if (v[q] != 0x11) fail_msg("law 5: gradient %d was written unasked", i);
            free(v);
        }
    }
    r->s.want = want;
    shot_free(&clean);
}

/* Bytes of NaN, then of an ordinary number: a NaN can hide behind a comparison. */
static void law6_reads(const bench *b)
{
    rig *r = b->r;
    static const int poison[] = { 0xff, 0x3d };
    const op *o = r->n->op;
    run(b);
    shot clean = shot_take(r);
    for (int i = 0; i < r->n->nin + r->n->nout; i++)
        for (int p = 0; p < 2; p++) {
            const int out = i >= r->n->nin, at = out ? i - r->n->nin : i, declared = (int)((out ? o->reads_y : o->reads_x) >> at & 1);
            fill(b);
            rig_forward(r);
            slot_fill(out ? &r->y[at] : &r->x[at], r->n->in[out ? 0 : at]->type == U8 ? p : poison[p]);
            rig_backward(r);
            const int same = same_gradients(r, &clean);
            if (!declared && !same) fail_msg("law 6: backward reads %s %d and does not say so", out ? "output" : "input", at);
            if (!same) (out ? mattered_y : mattered_x)[op_index(o->name)] |= 1u << at;
        }
    shot_free(&clean);
}

static void law7_bits(const bench *b)
{
    rig *r = b->r;
    run(b);
    shot first = shot_take(r);
    run(b);
    if (!same_all(r, &first)) fail_msg("law 7: a second run gives other bits");
    for (int threads = 2; threads <= 3 && !rig_weighted(r->n->op); threads++) {     /* convolutions are partly a library's */
        omp_set_num_threads(threads);
        run(b);
        omp_set_num_threads(1);
        if (!same_all(r, &first)) fail_msg("law 7: %d threads give other bits", threads);
    }
    shot_free(&first);
}

static void law8_side_effects(const bench *b)
{
    rig *r = b->r;
    fill(b);
    shot before = shot_take(r);
    rig_forward(r);
    for (int i = 0; i < r->n->nin; i++)
        if (!(r->c.training && r->n->in[i]->role == STATE) && !slot_same(&r->x[i], before.x[i])) fail_msg("law 8: forward changed input %d", i);
    shot after = shot_take(r);
    rig_forward(r);
    if (!r->c.training && !same_all(r, &after)) fail_msg("law 8: a second evaluation differs");
    rig_backward(r);
    for (int i = 0; i < r->n->nout; i++) if (!r->c.training && !slot_same(&r->y[i], after.y[i])) fail_msg("law 8: backward changed output %d", i);
    shot_free(&before), shot_free(&after);
}

static void all_laws(void **state)
{
    const op_case *k = *state;
    omp_set_num_threads(1);                                    /* thousands of tiny runs; law 7 takes more */
    for (int way = 0; way < 4; way++) {
        bench b = bench_new(k, way & 1, way < 2);
        law1_written(b.r, k);
        law2_values(&b);
        law4_gradient(&b);
        law5_add(&b);
        law6_reads(&b);
        law7_bits(&b);
        law8_side_effects(&b);
        rig_intact(b.r);
        bench_free(&b);
    }
}

/* ---- the table ---- */
static case_list cases;

static void table_is_whole(void **state)
{
    (void)state;
    for (int i = 0; ops[i]; i++) {
        const op *o = ops[i];
        int seen = 0;
        for (int j = 0; j < cases.n; j++) seen += !strcmp(cases.k[j].op, o->name);
        if (seen < 3) fail_msg("%s has %d cases, wanted three or more", o->name, seen);
        if (!o->help || !*o->help) fail_msg("%s has no help", o->name);
        if (!o->backward == !(o->why && *o->why)) fail_msg("%s needs a gradient or a reason, and not both", o->name);
        assert_ptr_equal(op_find(o->name), o);
        for (const key *k = o->keys; k && k->name; k++) if (!k->help || !*k->help) fail_msg("%s.%s has no help", o->name, k->name);
    }
    assert_null(op_find("no_such_op"));
}

/* after all cases: what an op declares to read keeps memory alive, so it must have mattered somewhere */
static void reads_matter(void **state)
{
    (void)state;
    for (int i = 0; ops[i]; i++) {
        if (mattered_x[i] != ops[i]->reads_x) fail_msg("%s declares to read inputs %x, but reads %x", ops[i]->name, ops[i]->reads_x, mattered_x[i]);
        if (mattered_y[i] != ops[i]->reads_y) fail_msg("%s declares to read outputs %x, but reads %x", ops[i]->name, ops[i]->reads_y, mattered_y[i]);
    }
}

int main(void)
{
    cases = read_cases();
    struct CMUnitTest *t = xalloc_n((size_t)cases.n + 2, sizeof *t);
    for (int i = 0; i < cases.n; i++) t[i] = (struct CMUnitTest){ cases.k[i].text, all_laws, NULL, NULL, &cases.k[i] };
    t[cases.n] = (struct CMUnitTest)cmocka_unit_test(table_is_whole);
    t[cases.n + 1] = (struct CMUnitTest)cmocka_unit_test(reads_matter);
    return _cmocka_run_group_tests(__FILE__, t, (size_t)cases.n + 2, NULL, NULL);
}
