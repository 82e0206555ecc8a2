/* tensor.h - shapes and tensors. A tensor owns no memory: the planner gives its buffers addresses, or the parameter arena does. */
#ifndef NN_TENSOR_H
#define NN_TENSOR_H
#include <stddef.h>
#include <stdint.h>
#include "kernels/kernel.h"

typedef struct { int nd; int64_t d[4]; } shape;          /* outermost first: n h w c, or n t c; parameters as their layout says */
typedef enum { F32, BF16, F64, I32, I64, U8 } dtype;

#define SHAPE1(a)          ((shape){ 1, { a } })
#define SHAPE4(a, b, c, d) ((shape){ 4, { a, b, c, d } })
#define REAL_TYPE          (sizeof(real) == 8 ? F64 : F32)

int64_t shape_volume(const shape *s);                    /* product of the sizes */
int     shape_same(const shape *a, const shape *b);
char   *shape_text(const shape *s, char text[64]);       /* "2x256x256x64", into text, which is returned */
size_t  dtype_size(dtype t);                             /* bytes */
const char *dtype_name(dtype t);                         /* "float32" */

typedef struct buffer {                                  /* bytes the planner places */
    size_t size, at;                                     /* at: offset in the arena */
    int first, last;                                     /* first step that writes it, last that reads it; first < 0: unused */
    int rests, returns;                                  /* between these two steps it holds nothing that is read; both 0: no such gap */
    void *p;
} buffer;

typedef enum { VALUE, INPUT, PARAM, STATE } role;        /* STATE: running means and the like, saved but not trained */

/* How a parameter lies in memory, so that reference checkpoints can be read: theirs -> ours. */
typedef enum {
    LAYOUT_PLAIN,       /* as is */
    LAYOUT_CONV,        /* O,I,H,W -> H,W,I,O */
    LAYOUT_DECONV,      /* I,O,H,W -> I,H,W,O */
    LAYOUT_FLAT         /* O,(C,H,W) -> O,(H,W,C): a connected layer over maps of `pixels` = H W pixels */
} layout;

typedef enum { INIT_CONSTANT, INIT_UNIFORM, INIT_NORMAL, INIT_ABOUT_1 } init_kind;
typedef struct { init_kind kind; double value; } init;   /* the constant, half width of the uniform, or standard deviation, about 0 or 1 */

typedef struct tensor {
    char   name[96];                     /* "enc2.conv.weight": the same in logs, plans, checkpoints, errors */
    shape  s;
    dtype  type;
    role   role;
    int    decay;                        /* PARAM: 1 a weight, 0 a bias or norm parameter (solver: decay_norm) */
    layout layout;
    int64_t pixels;                      /* LAYOUT_FLAT */
    init   init;
    buffer x, g;                         /* value, gradient */
    struct node *from;                   /* NULL for a leaf */
    struct tensor *count;                /* whole numbers, one an image: how many of its samples count, from the first on; the others mean
                                          * nothing (nn/ops/counted.h). NULL: all do */
    struct tensor *of; int64_t offset;   /* a view: channels offset.. of a wider map (an input of a concat, written in place) */
    int    spent;                        /* PARAM: its gradient is a buffer of the plan, there until a step spends it (schedule_spend) */
    int    keep;                         /* alive to the end of the schedule: outputs, losses */
    int    need, live, written;          /* marks of the schedule builder, meaningless outside it */
} tensor;

tensor *tensor_new(const char *name, shape s, dtype type, role r);
void    tensor_free(tensor *t);
void    tensor_retype(tensor *t, dtype type);            /* value and gradient, which has the value's type, and their sizes */
double  tensor_number(const tensor *t, const void *at, int64_t i);     /* element i of memory that holds its type, real or bf16 */
int     tensor_planned_gradient(const tensor *t);   /* has the planner to find a place for its gradient, where it has one? */
int     tensor_differentiable(const tensor *t);          /* of real or bf16 numbers: labels and indices have no gradient */
tensor *tensor_root(tensor *t);          /* the tensor whose memory it lies in: itself unless it is a view */
int64_t tensor_stride(const tensor *t);  /* elements from one pixel to the next: channels of the root */
int64_t tensor_channels(const tensor *t);   /* the last size */
int64_t tensor_pixels(const tensor *t);     /* all other sizes multiplied */
#endif
