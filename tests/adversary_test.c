/* adversary_test.c - two objectives that take turns: what each leaves alone, when the critic begins to count, and that a training stays finite,
 * gets somewhere and gives the same bits again. The numbers of one step stand in vqgan_test.c. */
#include "tests/test.h"
#include "tests/golden.h"
#include "base/file.h"
#include "datasets/erase.h"
#include "tests/adversary.h"
#include <math.h>
#include <omp.h>

enum { SIZE = 32, BATCH = 2 };
static char *folder, *net_path, *critic_path;

static const char net_cfg[] =
    "[net]\nbatch=2\nheight=32\nwidth=32\nchannels=1\nclasses=1\n"
    "[convolutional]\nname=in\nfilters=16\nsize=3\nstride=2\npadding=0,1,0,1\nnormalize=group\nnorm_groups=4\nactivation=swish\n"
    "[convolutional]\nname=low\nfilters=16\nsize=3\nstride=2\npadding=0,1,0,1\n"
    "[quantize]\nname=codes\ncodes=32\ntype=corrected\nrestart=20\n"
    "[convolutional]\nname=up0\nfilters=16\nsize=3\npad=1\nnormalize=group\nnorm_groups=4\nactivation=swish\n[upsample]\n"
    "[convolutional]\nname=up1\nfilters=16\nsize=3\npad=1\nnormalize=group\nnorm_groups=4\nactivation=swish\n[upsample]\n"
    "[convolutional]\nname=out\nsize=3\npad=1\n";
static const char critic_cfg[] =
    "[net]\nclasses=1\n"
    "[convolutional]\nname=main.0\nfilters=8\nsize=4\nstride=2\npadding=1\ninit=dcgan\nactivation=leaky\nslope=0.2\n"
    "[convolutional]\nname=main.2\nfilters=16\nsize=4\nstride=2\npadding=1\ninit=dcgan\nbatch_normalize=1\nactivation=leaky\nslope=0.2\n"
    "[convolutional]\nname=main.5\nsize=4\npadding=1\ninit=dcgan\n";

static int set_up(void **state)
{
    (void)state;
    omp_set_num_threads(1);
    folder = test_scratch(), net_path = path_join(folder, "net.cfg"), critic_path = path_join(folder, "critic.cfg");
    file_write(net_path, net_cfg, sizeof net_cfg - 1), file_write(critic_path, critic_cfg, sizeof critic_cfg - 1);
    return 0;
}
static int tear_down(void **state)
{
    (void)state;
    free(net_path), free(critic_path), test_scratch_remove(folder);
    return 0;
}

/* Bright discs at places drawn by the step */
static void draw(int64_t step, real *image)
{
    for (int n = 0; n < BATCH; n++) {
        char key[32];
        snprintf(key, sizeof key, "disc %lld.%d", (long long)(step % 16), n);
        const double cx = 8 + 16 * golden_u01(key, 0), cy = 8 + 16 * golden_u01(key, 1), r = 4 + 4 * golden_u01(key, 2);
        for (int i = 0; i < SIZE * SIZE; i++)
            image[n * SIZE * SIZE + i] = (real)(hypot(i % SIZE - cx, i / SIZE - cy) < r ? 0.6 : -0.6 + 0.2 * golden_u01(key, 8 + i));
    }
}

static adversary *begin(int64_t start, int vanilla)
{
    const adversary_conf f = { .critic = critic_path, .perceptual = 1, .weight = 0.8, .codebook = 1, .start = start, .vanilla = vanilla };
    return adversary_new(&f, net_path, NULL, 0, 7, 1);
}

/* To fill holes, with the critic's maps as features */
static adversary *begin_filling(double matching, double erase)
{
    const adversary_conf f = { .critic = critic_path, .perceptual = 1, .weight = 0.8, .codebook = 1, .start = 2, .matching = matching, .erase = erase };
    return adversary_new(&f, net_path, NULL, 0, 7, 1);
}

static real *parameters(const adversary *a)
{
    real *x = xalloc_n(a->p->total, sizeof *x);
    memcpy(x, a->p->x, a->p->total * sizeof *x);
    return x;
}
/* How far the parameters of a group are from these: the largest difference. Statistics: group -1 */
static double moved(const adversary *a, const real *before, int group)
{
    double most = 0;
    for (int i = 0; i < a->p->n; i++) {
        const param *q = &a->p->p[i];
        if (group < 0 ? q->role != STATE || strstr(q->name, "discriminator") == NULL : q->role != PARAM || q->group != group) continue;
        for (size_t j = 0; j < q->count; j++) most = fmax(most, fabs((double)a->p->x[q->at + j] - (double)before[q->at + j]));
    }
    return most;
}

/* Before its start the critic's loss is 0 and its parameters stay, although its statistics move; the generator's loss is nll and codebook. */
static void the_critic_waits(void **state)
{
    (void)state;
    real image[BATCH * SIZE * SIZE];
    adversary *a = begin(2, 0);
    for (int64_t step = 0; step < 4; step++) {
        adversary_losses l;
        real *before = parameters(a);
        draw(step, image);
        adversary_step(a, step, 1e-3, image, &l);
        assert_true(moved(a, before, 0) > 1e-5);
        assert_true(moved(a, before, -1) > 1e-5);
        if (step < 2) {
            near(l.critic, 0, 0); near(l.critic_norm, 0, 0); near(l.balance, 0, 0);
            near(moved(a, before, 1), 0, 0);
            near(l.loss, l.l1 + l.perceptual + l.codebook, 1e-6);
        } else {
            assert_true(l.critic > 0.5 && l.critic_norm > 0 && l.balance > 0);
            assert_true(moved(a, before, 1) > 1e-5);
            near(l.loss, l.l1 + l.perceptual + l.codebook + l.balance * l.fooled, 1e-5);
        }
        free(before);
    }
    adversary_free(a);
}

/* w = 0.8 |dnll/dW| / (|dg/dW| + 1e-4), from the lengths that the list has measured */
static void the_weight_is_the_ratio(void **state)
{
    (void)state;
    real image[BATCH * SIZE * SIZE];
    adversary_losses l;
    adversary *a = begin(0, 0);
    draw(0, image);
    adversary_step(a, 0, 1e-3, image, &l);
    const double nll = *(const real *)graph_find(a->t->g, "length.nll")->x.p, fooled = *(const real *)graph_find(a->t->g, "length.fooled")->x.p;
    assert_true(nll > 0 && fooled > 0);
    near(l.balance, 0.8 * sqrt(nll) / (sqrt(fooled) + 1e-4), 1e-5 * l.balance);
    adversary_free(a);
}

/* The networks see films with strokes erased, and are compared with the whole ones. */
static void strokes_are_erased_from_what_is_seen(void **state)
{
    (void)state;
    real image[BATCH * SIZE * SIZE];
    adversary *a = begin_filling(0, 1);
    adversary_losses l;
    draw(0, image);
    adversary_step(a, 0, 0, image, &l);
    const real *seen = a->t->input->x.p, *other = a->u->input->x.p;
    uint8_t mask[SIZE * SIZE];
    int changed = 0;
    for (uint32_t n = 0; n < BATCH; n++) {
        erase_strokes(7, 0, n, SIZE, SIZE, mask);
        for (int i = 0; i < SIZE * SIZE; i++) {
            const int at = (int)n * SIZE * SIZE + i;
            assert_true(mask[i] || seen[at] == image[at]);
            assert_true(seen[at] == other[at]);
            changed += seen[at] != image[at];
        }
    }
    assert_true(changed > 5);
    assert_memory_equal(a->truth[0]->x.p, image, sizeof image), assert_memory_equal(a->truth[1]->x.p, image, sizeof image);
    const double l1_whole = l.l1;
    memcpy(a->truth[0]->x.p, seen, sizeof image);                  /* were it compared with what it sees, it would be another number */
    schedule_run_part(&a->build, &a->c, 0, a->forward);
    assert_true(fabs(l1_whole - (double)*(const real *)a->l1->x.p) > 1e-4);
    assert_true(isfinite(l.loss) && isfinite(l.critic) && l.matching == 0);
    adversary_free(a);
    adversary *b = begin_filling(0, 0);                            /* without, the input is the truth */
    assert_true(b->truth[0] == b->t->input && b->truth[1] == b->u->input);
    adversary_free(b);
}

/* The critic's maps count by their weight, and a critic in the generator's step is not trained by them. */
static void matching_is_a_term_of_its_own(void **state)
{
    (void)state;
    real image[BATCH * SIZE * SIZE];
    adversary_losses with, without;
    adversary *a = begin_filling(3, 0), *b = begin_filling(0, 0);
    draw(0, image);
    real *before = parameters(a);
    adversary_step(a, 0, 1e-3, image, &with), adversary_step(b, 0, 1e-3, image, &without);
    near(moved(a, before, 1), 0, 0);                               /* batch 0: the critic waits */
    assert_true(with.matching > 0 && without.matching == 0);
    near(with.l1, without.l1, 0);
    near(with.loss, with.l1 + with.perceptual + 3 * with.matching + with.codebook, 1e-5);
    adversary_free(a), adversary_free(b), free(before);
}

/* A map of the critic that a concat joins to others, too: its gradient comes from both. */
static void matching_of_a_critic_that_skips(void **state)
{
    (void)state;
    static const char skips[] =
        "[net]\nclasses=1\n[convolutional]\nname=a\nfilters=8\nsize=3\npad=1\n[convolutional]\nname=b\nfilters=8\nsize=3\npad=1\n"
        "[route]\nlayers=b,a\n[convolutional]\nname=c\nsize=3\npad=1\n";
    real image[BATCH * SIZE * SIZE];
    adversary_losses l;
    char *path = path_join(folder, "skips.cfg");
    file_write(path, skips, sizeof skips - 1);
    const adversary_conf f = { .critic = path, .perceptual = 1, .weight = 0.8, .codebook = 1, .start = 2, .matching = 1 };
    adversary *a = adversary_new(&f, net_path, NULL, 0, 7, 1);
    draw(0, image);
    adversary_step(a, 0, 1e-3, image, &l);
    assert_true(l.matching > 0 && isfinite(l.loss));
    adversary_free(a), free(path);
}

static double course(int64_t steps, int vanilla, real **x)
{
    real image[BATCH * SIZE * SIZE];
    adversary *a = begin(steps / 4, vanilla);
    double first = 0, last = 0;
    for (int64_t step = 0; step < steps; step++) {
        adversary_losses l;
        draw(step, image);
        adversary_step(a, step, 2e-3, image, &l);
        if (!isfinite(l.loss) || !isfinite(l.norm) || !isfinite(l.critic) || !isfinite(l.critic_norm) || !isfinite(l.balance))
            fail_msg("step %lld: loss %g, norm %g, critic %g, its norm %g, weight %g", (long long)step, l.loss, l.norm, l.critic, l.critic_norm, l.balance);
        assert_true(l.perplexity >= 1 && l.perplexity <= 32.001);
        *(step < 8 ? &first : &last) += step < 8 || step >= steps - 8 ? l.l1 / 8 : 0;
    }
    if (x) *x = parameters(a);
    adversary_free(a);
    return last / first;
}

static void training_stays_finite(void **state)
{
    (void)state;
    real *one, *two;
    assert_true(course(120, 0, &one) < 0.7);
    course(120, 0, &two);
    adversary *a = begin(0, 0);
    assert_memory_equal(one, two, a->p->total * sizeof *one);
    adversary_free(a), free(one), free(two);
    assert_true(course(120, 1, NULL) < 0.7);
}

/* Gradients spent one by one and maps made again change no bit of either half. */
static void memory_is_saved_for_nothing(void **state)
{
    (void)state;
    real image[BATCH * SIZE * SIZE];
    adversary *a[2];
    for (int i = 0; i < 2; i++) {
        const adversary_conf f = { .critic = critic_path, .perceptual = 1, .weight = 0.8, .codebook = 1, .start = 1, .matching = 1, .spend = i,
                                   .recompute = i ? RECOMPUTE_ALWAYS : RECOMPUTE_NEVER };
        a[i] = adversary_new(&f, net_path, NULL, 0, 7, 1);
    }
    assert_true(a[0]->p->g && !a[1]->p->g);
    for (int64_t step = 0; step < 4; step++) {
        adversary_losses l[2];
        draw(step, image);
        for (int i = 0; i < 2; i++) adversary_step(a[i], step, 1e-3, image, &l[i]);
        near(l[0].loss, l[1].loss, 0); near(l[0].critic, l[1].critic, 0); near(l[0].perplexity, l[1].perplexity, 0);
        near(l[0].norm, l[1].norm, 1e-12 * l[0].norm); near(l[0].critic_norm, l[1].critic_norm, 1e-12 * l[0].critic_norm);
        assert_memory_equal(a[0]->p->x, a[1]->p->x, a[0]->p->total * sizeof(real));
    }
    image[77] = NAN;                                               /* seen in the loss, before any gradient */
    adversary_losses l;
    real *before = parameters(a[1]);
    adversary_step(a[1], 4, 1e-3, image, &l);
    assert_false(isfinite(l.norm) || isfinite(l.critic));
    near(moved(a[1], before, 0), 0, 0);
    for (int i = 0; i < 2; i++) adversary_free(a[i]);
    free(before);
}

/* The longer tier: `adversary_test 2000` */
static int64_t many;
static void many_steps(void **state)
{
    (void)state;
    const double hinge = course(many, 0, NULL), vanilla = course(many, 1, NULL);
    printf("mean |x - xr| after %lld steps: %.3f of the first (hinge), %.3f (logistic)\n", (long long)many, hinge, vanilla);
    assert_true(hinge < 0.5 && vanilla < 0.5);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_critic_waits), cmocka_unit_test(the_weight_is_the_ratio),
        cmocka_unit_test(strokes_are_erased_from_what_is_seen), cmocka_unit_test(matching_is_a_term_of_its_own), cmocka_unit_test(matching_of_a_critic_that_skips), cmocka_unit_test(training_stays_finite),
        cmocka_unit_test(memory_is_saved_for_nothing),
        cmocka_unit_test(many_steps),
    };
    many = argc > 1 ? strtoll(argv[1], NULL, 10) : 0;
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests - (many < 1), set_up, tear_down);
}
