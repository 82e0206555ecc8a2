/* net.h - a network: its [net] section, its layers, its graph.
 *
 * net_load reads a cfg, builds the graph for the sizes in [net] (which the caller may override first) and knows the input and
 * the output. Nothing is allocated: plan the schedule you need, then bind parameters and place the plan. */
#ifndef NN_NET_H
#define NN_NET_H
#include "nn/cfg.h"
#include "nn/detector_paint.h"
#include "nn/device.h"
#include "nn/layer.h"
#include "nn/params.h"
#include "nn/plan.h"
#include "nn/schedule.h"

typedef struct net_conf {                /* [net] */
    int64_t batch, height, width, channels, classes;
    int fold;                            /* at inference norms become part of convolutions */
    int frozen_norms;                    /* batch norms have nothing that is trained */
    int training;                        /* a detector's graph takes the truth in */
    int graph;                           /* on a GPU a training step is recorded and run as a whole */
    int winograd, precision;             /* precision: 0 float32, 1 bf16, 2 tf32 */
    int conv;                            /* enum by (kernels/kernel.h) */
    const char *output;                  /* name of the layer whose map is the result; NULL: the last */
} net_conf;

typedef struct net_layer {               /* a row of the table that loading prints */
    char name[80];
    const layer *l;
    char at[112];
    tensor *out;
    int first, count;                    /* its nodes in the graph */
    int64_t parameters;
} net_layer;

typedef struct net {
    net_conf conf;
    cfg *text;
    graph *g;
    net_layer *layer; int n;
    tensor *input;                       /* n,h,w,channels, real */
    tensor *output;                      /* n,h,w,classes: logits; of a detector the maps of its masks */
    struct detector *detector;           /* [detector]: a network that finds instances; NULL: one that labels pixels */
    const char *prefix, *share;          /* while it is built by net_extend: before its layers' names, and before those whose parameters it uses */
} net;

extern const key net_keys[], layer_keys[];      /* of [net]; of every layer besides its own */

/* What a detector has besides. Shapes: kernels/detect.h's lists, docs/detection.md. Leaves are the caller's to bind, or net_program's. */
typedef struct detector {
    detector_conf conf;
    tensor *extent;                      /* n,2 whole numbers: height and width of each image without padding */
    tensor *truth_boxes, *truth_count, *truth_class, *truth_masks;       /* net.training=1: n,G,1,4; n; n,G; n,G,h,w bytes */
    tensor *boxes, *count, *scores, *label;                              /* net.training=0: n,D,1,4; n; n,D,1,1; n*D */
    tensor *term[5]; int terms;          /* net.training=1: the losses, each one number, that add up to the loss */
} detector;

/* overrides: "net.batch=4", "NAME.key=value" words, or NULL. Dies with file:line on anything wrong. */
net    *net_load(const char *path, const char *const *overrides, int noverrides);
net    *net_parse(const char *text, const char *path, const char *const *overrides, int noverrides);
void    net_free(net *t);
/* The layers of another cfg on top of a tensor of t's graph: a critic, a network of features. Their nodes and parameters are named with `prefix`
 * before; where `share` is not NULL the parameters are those of the layers with that before, which must be there. Returns the last layer's
 * map (or net.output's), of whatever size. Of that cfg's [net] only classes and output are read. */
tensor *net_extend(net *t, const char *path, const char *prefix, const char *share, tensor *input);
int64_t net_macs(const net *t);          /* multiply-adds of one forward pass of ONE image */
int64_t net_layer_macs(const net *t, int i);
char   *net_text(const net *t);          /* the cfg as resolved, from which net_parse builds the same net; free() it */

/* Makes the net one for inference, as its conf says, and lists its forward steps, those that depend on parameters alone first. No
 * gradient goes through it afterwards. Returns the norms folded. */
int     net_inference(net *t, schedule *s);
context net_context(const net *t, const device *dev);            /* for evaluation, at the net's precision */

/* A forward-only program: the net for one input size, planned and placed, with the parameters of `p` bound. */
typedef struct net_program { net *t; schedule plan; context c; int settled; } net_program;     /* settled: fixed steps have run */
net_program *net_program_new(const char *text, const char *path, const char *const *overrides, int n, const params *p, const device *d);
/* Host arrays n,h,w,c in; n,h,w,classes out, where what a detector found is painted (nn/detector_paint.h). */
void net_program_run(net_program *r, const real *input, real *output);
/* The same for a detector whose input is normalised already, and whose films have this extent (height, width; the same for all of a batch)
 * within it; what it found is left to net_program_detected. */
void net_program_detect(net_program *r, const real *input, const int32_t extent[2]);
/* What the detector of a program found in its last run: (batch) images, on the host. */
typedef struct detected { found *image; void *memory[5]; } detected;
detected net_program_detected(const net_program *r);
void detected_free(detected *f);
void net_program_changed(net_program *r);        /* the parameters have changed: what was made of them alone is made anew */
void net_program_free(net_program *r);
#endif
