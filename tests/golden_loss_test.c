/* golden_loss_test.c - losses against maps of targets, held to the numbers in tests/golden/ops_loss: the box losses, and those of the
 * losses on labels that are a loss against a map of zeros and ones too. */
#include "tests/golden.h"
#include "tests/rig.h"

typedef struct { const char *tag, *x, *t, *op, *words; } loss_case;
static const loss_case losses[] = {
    { "smooth_l1_beta_1_9_sum", "sl1.pred", "sl1.target", "element_loss", "type=smooth_l1 beta=0.1111111111111111 norm=sum" },
    { "l1_sum", "sl1.pred", "sl1.target", "element_loss", "type=l1 norm=sum" },
    { "l1_sum", "sl1.pred", "sl1.target", "element_loss", "type=smooth_l1 beta=0 norm=sum" },
    { "smooth_l1_beta1_sum", "sl1.pred", "sl1.target", "element_loss", "type=smooth_l1 norm=sum" },
    { "bce_logits_mean", "binary_logits", "binary_target", "element_loss", "type=bce" },
    { "peci_sigmoid_dice_one_channel", "binary_logits", "binary_target", "soft_dice", " " },
    { "peci_sigmoid_dice_one_channel", "binary_logits", "binary_target", "soft_dice", "weights=1" },
};
static golden *numbers;

/* Theirs as a map: rows of 4, or n h w of one channel */
static shape map_of(const shape *s) { return s->nd == 2 ? SHAPE4(s->d[0], 1, 1, s->d[1]) : SHAPE4(s->d[0], s->d[1], s->d[2], 1); }

static void put(const slot *to, const char *name)
{
    double *v = golden_tensor(numbers, name, NULL);
    for (int64_t i = 0; i < to->n; i++) slot_put(to, i, (real)v[i]);
    free(v);
}

static void one_loss(void **state)
{
    const loss_case *k = *state;
    const dtype t[] = { REAL_TYPE, REAL_TYPE };
    char *slope = xprintf("%s.dlogits", k->tag);
    shape s;
    double *want = golden_tensor(numbers, slope, &s), largest = 0;
    const shape map = map_of(&s);
    for (int64_t i = 0; i < shape_volume(&s); i++) largest = fmax(largest, fabs(want[i]));
    for (int strided = 0; strided < 2; strided++) {
        rig *r = rig_new(k->op, k->words, 2, (shape[]){ map, map }, t, strided);
        put(&r->x[0], k->x), put(&r->x[1], k->t);
        slot_put(&r->gy[0], 0, 1);
        rig_forward(r), rig_backward(r);
        near(slot_get(&r->y[0], 0), golden_scalar(numbers, k->tag), sizeof(real) == 8 ? 1e-12 : 2e-6);
        for (int64_t i = 0; i < r->gx[0].n; i++)
            near(slot_get(&r->gx[0], i), want[i], sizeof(real) == 8 ? 6e-8 * fabs(want[i]) + 1e-9 * largest : 3e-6 * largest);
        rig_intact(r);
        rig_free(r);
    }
    free(want), free(slope);
}

int main(void)
{
    enum { LOSSES = sizeof losses / sizeof *losses };
    struct CMUnitTest t[LOSSES];
    numbers = golden_open("tests/golden/ops_loss");
    for (int i = 0; i < LOSSES; i++) t[i] = (struct CMUnitTest){ losses[i].tag, one_loss, NULL, NULL, (void *)&losses[i] };
    return RUN_TESTS(t);
}
