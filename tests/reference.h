/* reference.h - a whole network with the parameters, input and labels of a reference run, ready to run; and its gradients against the
 * reference's projections. Shared by the fixture tests and by the tool that hands every gradient to PyTorch. */
#ifndef TESTS_REFERENCE_H
#define TESTS_REFERENCE_H
#include "nn/net.h"
#include "nn/weights.h"

enum { EXACT, WINOGRAD, HALVES };        /* how convolutions compute; HALVES: net.precision=bf16, maps in bf16 */

typedef struct reference_case {
    const char *cfg, *keys, *prefix;     /* file; the reference's key map; what its parameters' names are hashed with ("unet/") */
    const char *x, *y;                   /* names of input and labels, after the prefix */
    int64_t n, h, w;
    const char *dice, *weights;          /* type of the Dice loss; weights of cross-entropy and Dice: "1,1" */
    int how;
} reference_case;

typedef struct reference {
    net *t; params *p; schedule plan; context c;
    tensor *truth, *ce, *dice, *loss;
    int forward;                         /* steps before it are the forward pass */
    const key_map *keys; const char *prefix;
    int group; const char *strip;        /* of which parameters this speaks (param.group); how their keys begin before what is hashed, or NULL */
} reference;

/* Every buffer has a place of its own, so that features can be looked at after the run. Dropout is off, as in the reference runs. */
reference reference_new(const reference_case *k);
void  reference_free(reference *m);
/* The parameters of the reference run, regenerated: m->p, keys and prefix must be set. */
void  reference_fill(const reference *m);
double *reference_nchw(const tensor *t);                         /* a map's values in the reference's order, free() them */

void  reference_key(const reference *m, const param *q, char key[160]);          /* the reference's state_dict key; dies where there is none */
shape reference_shape(const param *q);                       /* O,I,H,W or I,O,H,W; as is for the rest */
int64_t reference_at(const param *q, const shape *r, int64_t i);         /* where element i of the reference's layout stands in ours */

/* The parameters of m's group, from their keys. Biases and norms by name; `embedding` (codes) from -1 to 1. */
void  reference_fill(const reference *m);
double reference_gradient_norm(const reference *m);
/* Every trainable parameter of m's group has one line in the table (lines that begin with tag + ".grad."), and norm and projections agree:
 * |proj - proj'| <= bound norm + 1e-6 whole, |norm - norm'| <= bound / 3 norm + 1e-6 whole. cmocka assertions. */
void reference_check_gradients(const reference *m, const char *table, const char *tag, double whole, double bound);
#endif
