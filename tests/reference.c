/* reference.c - see reference.h. Parameters are regenerated from their reference names by golden_fill, never stored. */
#include "tests/reference.h"
#include "tests/golden.h"
#include "tests/test.h"
#include "base/file.h"

void reference_key(const reference *m, const param *q, char key[160])
{
    if (!key_map_theirs(m->keys, q->name, key)) die("no %s name for the parameter %s", m->keys->name, q->name);
    const size_t n = m->strip ? strlen(m->strip) : 0;
    if (n && !strncmp(key, m->strip, n)) memmove(key, key + n, strlen(key + n) + 1);
}

static void scale_of(const param *q, const shape *ref, double *scale, double *offset)
{
    const char *end = strrchr(q->name, '.') + 1;
    const int norm = strstr(q->name, ".norm.") != NULL;
    *scale = 0.1, *offset = 0;
    if (norm && !strcmp(end, "weight")) *scale = 0.25, *offset = 1;
    else if (!strcmp(end, "running_var")) *scale = 0.5, *offset = 1;
    else if (!strcmp(end, "table")) *scale = 0.02;
    else if (strstr(q->name, "embedding.weight")) *scale = 1;
    else if (!norm && !strcmp(end, "weight")) {
        const int outputs = q->layout == LAYOUT_DECONV;      /* the axis that is not summed over: O,I,H,W or I,O,H,W */
        const int64_t fan = shape_volume(ref) / ref->d[outputs];
        *scale = sqrt(3.0 / (double)fan);
    }
}

/* The shape in the reference's layout: O,I,H,W or I,O,H,W. */
shape reference_shape(const param *q)
{
    const int64_t *d = q->s.d;
    if (q->layout == LAYOUT_CONV) return SHAPE4(d[3], d[2], d[0], d[1]);
    if (q->layout == LAYOUT_DECONV) return SHAPE4(d[0], d[3], d[1], d[2]);
    return q->s;
}

/* Where element i of the reference's layout stands in ours. */
int64_t reference_at(const param *q, const shape *r, int64_t i)
{
    if (q->layout == LAYOUT_PLAIN) return i;
    if (q->layout == LAYOUT_FLAT) {                          /* O,(C,P) -> O,(P,C) */
        const int64_t in = q->s.d[1], c = in / q->pixels, o = i / in, k = i % in;
        return o * in + k % q->pixels * c + k / q->pixels;
    }
    int64_t w = i % r->d[3], h = i / r->d[3] % r->d[2], b = i / (r->d[3] * r->d[2]) % r->d[1], a = i / (r->d[3] * r->d[2] * r->d[1]);
    if (q->layout == LAYOUT_CONV) return ((h * r->d[3] + w) * r->d[1] + b) * r->d[0] + a;
    return ((a * r->d[2] + h) * r->d[3] + w) * r->d[1] + b;
}

void reference_fill(const reference *m)
{
    for (int i = 0; i < m->p->n; i++) {
        const param *q = &m->p->p[i];
        shape r = reference_shape(q);
        char key[160], full[200];
        double scale, offset;
        if (q->group != m->group || q->frozen) continue;
        reference_key(m, q, key);
        snprintf(full, sizeof full, "%s%s", m->prefix, key);
        scale_of(q, &r, &scale, &offset);
        real *flat = xalloc_n(q->count, sizeof *flat);
        golden_fill(full, scale, offset, (int64_t)q->count, flat);
        for (int64_t j = 0; j < (int64_t)q->count; j++) m->p->x[q->at + (size_t)reference_at(q, &r, j)] = flat[j];
        free(flat);
    }
}

static net *load(const reference_case *k)
{
    char size[3][40], *text = text_read(k->cfg, 1 << 20);
    for (char *p = text; (p = strstr(p, "probability=0.1")); ) memcpy(p, "probability=0.0", 15);
    snprintf(size[0], 40, "net.batch=%lld", (long long)k->n);
    snprintf(size[1], 40, "net.height=%lld", (long long)k->h);
    snprintf(size[2], 40, "net.width=%lld", (long long)k->w);
    net *t = net_parse(text, k->cfg, (const char *[]){ size[0], size[1], size[2] }, 3);
    free(text);
    return t;
}

static tensor *loss_node(graph *g, const char *name, const char *words, tensor *a, tensor *b)
{
    return graph_words(g, name, name, "test", 2, (tensor *[]){ a, b }, words);
}

static void add_loss(reference *m, const reference_case *k)
{
    char words[80];
    graph *g = m->t->g;
    m->truth = graph_leaf(g, "truth", SHAPE4(k->n, k->h, k->w, 1), U8, INPUT);
    m->ce = loss_node(g, "cross_entropy", " ", m->t->output, m->truth);
    snprintf(words, sizeof words, "type=%s", k->dice);
    m->dice = loss_node(g, "dice", words, m->t->output, m->truth);
    snprintf(words, sizeof words, "weights=%s", k->weights);
    m->loss = loss_node(g, "total", words, m->ce, m->dice);
}

reference reference_new(const reference_case *k)
{
    reference m = { .c = { .dev = &device_cpu, .winograd = k->how == WINOGRAD, .bf16 = k->how == HALVES, .loss_scale = 1 },
                .keys = key_map_find(k->keys), .prefix = k->prefix };
    char key[120];
    m.t = load(k);
    add_loss(&m, k);
    graph *g = m.t->g;
    m.p = params_new(g, &device_cpu, 1);
    reference_fill(&m);
    params_bind(m.p, g);
    tensor **wrt = xalloc_n((size_t)g->nt, sizeof *wrt);
    int n = 0;
    for (int i = 0; i < g->nt; i++) if (g->tensor[i]->role == PARAM) wrt[n++] = g->tensor[i];
    schedule_forward(&m.plan, g, (tensor *[]){ m.loss, m.t->output }, 2);
    m.forward = m.plan.n;
    schedule_backward(&m.plan, g, m.loss, wrt, n);
    plan_make(&m.plan, &m.c, 0);
    m.t->input->x.p = xalloc(m.t->input->x.size), m.truth->x.p = xalloc(m.truth->x.size);
    plan_place(&m.plan, &device_cpu);
    const int64_t classes = tensor_channels(m.t->output);
    for (int64_t i = 0; i < k->n * k->h * k->w; i++) {
        snprintf(key, sizeof key, "%s%s", k->prefix, k->x);
        ((real *)m.t->input->x.p)[i] = (real)golden_u01(key, i);
        snprintf(key, sizeof key, "%s%s", k->prefix, k->y);
        ((uint8_t *)m.truth->x.p)[i] = (uint8_t)((double)classes * golden_u01(key, i));
    }
    free(wrt);
    return m;
}

void reference_free(reference *m)
{
    free(m->t->input->x.p), free(m->truth->x.p);
    schedule_free(&m->plan), params_free(m->p), net_free(m->t);
}

double *reference_nchw(const tensor *t)
{
    shape s = t->s, nchw = SHAPE4(s.d[0], s.d[3], s.d[1], s.d[2]);
    double *v = xalloc_n((size_t)shape_volume(&s), sizeof *v);
    real *dense = xalloc_n((size_t)shape_volume(&s), sizeof *dense);
    for (int64_t p = 0; p < tensor_pixels(t); p++)
        memcpy(dense + p * s.d[3], (const real *)t->x.p + p * tensor_stride(t), (size_t)s.d[3] * sizeof *dense);
    golden_nchw(&nchw, dense, v);
    free(dense);
    return v;
}

static int is_ours(const reference *m, const param *q) { return q->role == PARAM && q->group == m->group && !q->frozen; }

double reference_gradient_norm(const reference *m)
{
    double s = 0;
    for (int i = 0; i < m->p->n; i++)
        for (size_t j = 0; is_ours(m, &m->p->p[i]) && j < m->p->p[i].count; j++)
            s += (double)m->p->g[m->p->p[i].at + j] * (double)m->p->g[m->p->p[i].at + j];
    return sqrt(s);
}

static void check_projection(const reference *m, const param *q, const char *key, double norm, const double want[6], double whole, double bound)
{
    char full[200];
    double got = 0, proj[6] = { 0 };
    shape r = reference_shape(q);
    const real *grad = m->p->g + q->at;
    real *sign = xalloc_n(q->count, sizeof *sign);
    for (size_t j = 0; j < q->count; j++) got += (double)grad[j] * (double)grad[j];
    for (int k = 0; k < 6; k++) {
        snprintf(full, sizeof full, "proj%d/%s%s", k, m->prefix, key);
        golden_fill(full, 1, 0, (int64_t)q->count, sign);      /* 2u - 1 >= 0 where u >= 0.5 */
        for (int64_t j = 0; j < (int64_t)q->count; j++) {
            double v = (double)grad[reference_at(q, &r, j)];
            proj[k] += sign[j] >= 0 ? v : -v;
        }
    }
    free(sign);
    near(sqrt(got), norm, bound / 3 * norm + 1e-6 * whole);
    for (int k = 0; k < 6; k++) near(proj[k], want[k], bound * norm + 1e-6 * whole);
}

/* One line of the projections table: name shape norm proj0..proj5. Returns whether it is one of this run. */
static int check_line(const reference *m, const char *line, const char *tag, double whole, double bound)
{
    char name[160], size[64], key[160];
    double norm, want[6];
    if (sscanf(line, "%159s %63s %lf %lf %lf %lf %lf %lf %lf", name, size, &norm,
               want, want + 1, want + 2, want + 3, want + 4, want + 5) != 9) return 0;
    size_t head = strlen(tag) + strlen(".grad.");
    if (strncmp(name, tag, strlen(tag)) || name[strlen(tag)] != '.') return 0;
    for (int i = 0; i < m->p->n; i++) {
        const param *q = &m->p->p[i];
        if (!is_ours(m, q)) continue;
        reference_key(m, q, key);
        if (strcmp(key, name + head)) continue;
        check_projection(m, q, key, norm, want, whole, bound);
        return 1;
    }
    fail_msg("no parameter for %s", name);
    return 0;
}

void reference_check_gradients(const reference *m, const char *table, const char *tag, double whole, double bound)
{
    char line[1024];
    FILE *f = fopen(table, "r");
    assert_non_null(f);
    int n = 0, trainable = 0;
    while (fgets(line, sizeof line, f)) n += check_line(m, line, tag, whole, bound);
    fclose(f);
    for (int i = 0; i < m->p->n; i++) trainable += is_ours(m, &m->p->p[i]);
    assert_int_equal(n, trainable);
}
