/* predict.h - label maps of films: which films, the trained network that reads them, and the files that come out.
 *
 * Films go through one by one (batch 1), each at its own size: fitted to the net's input (or seen through it in windows, eval/predictor.c),
 * computed, and the scores interpolated back
 * to every pixel of the film. While one film is computed, a second thread writes the one before and reads the one after; since that
 * thread alone touches stores and predictions.h5, HDF5 is never entered twice at once. */
#ifndef EVAL_PREDICT_H
#define EVAL_PREDICT_H
#include "datasets/classes.h"
#include "datasets/sizes.h"
#include "datasets/image.h"
#include "datasets/store.h"
#include "eval/chain.h"
#include "eval/instances.h"
#include "nn/checkpoint.h"
#include "nn/net.h"

/* Where a film lies: a file, or case `at` of a store. source: "films/a.png" or "set.h5:a". */
typedef struct film { char *stem, *source; const store *s; int64_t at; } film;
typedef struct films { film *e; int64_t n; store **s; int stores; } films;

/* inputs: film files, folders of films, stores (split: a part of them by name, datasets/split.h; NULL: all). Dies 2 on what is none of these,
 * on a folder without films, on two films of one stem. */
films films_find(char *const *inputs, int n, const char *split);
/* Reads every film once and dies 2 of the first that cannot be read, so that nothing is written before all are known to be good. */
void  films_check(const films *f);
void  films_free(films *f);

/* What a class of the network means. Channel k of n gives value[k] in the label map; a net of one channel has its one class in
 * value[1], n = 2. swap: what each class becomes in a mirror. labels: data.labels of the
 * run, by which the label maps that it learned from were read. */
typedef struct meaning { int n, value[256]; const char *labels; const char *name[256]; uint8_t swap[256]; } meaning;

/* How a film is seen. Whole (tile 0): fitted to the net's input, as in training. In windows: fitted to a canvas of tile times the net's
 * height and width, or (PREDICT_FULL) of the film's own size, over which the net's input moves; scores of windows that overlap are averaged
 * with weights that fall to the windows' borders. It suits nets that were trained on parts of films at that scale. */
enum { PREDICT_MOST = 32, PREDICT_FULL = -1 };
typedef struct predict_how {
    int mirror, chain;                       /* average with the mirrored film; one level for every body, in order (eval/chain.h) */
    double tile, overlap;                    /* overlap: share, < 1 */
} predict_how;

typedef struct predictor {
    struct member { net_program *program[FIT_SIZES]; params *p; } of[PREDICT_MOST]; int n;     /* an ensemble: their scores are averaged */
    fit_conf fit;
    fit_sizes sizes;                         /* of the nets' input; in windows size 0 alone */
    meaning classes;
    predict_how how;
    chain chain;                             /* where how.chain or a namer */
    struct predictor *namer;                 /* its levels are what comes out; NULL: none */
    real *in, *out;                          /* (h, w, channels), (h, w, classes) of the largest input */
    struct bucket *bucket; int buckets;      /* detector.input=rule: a program for each padded size that has come (eval/buckets.c) */
} predictor;

/* The network of a checkpoint with what it evaluates (the average of the weights where there is one). m->n must suit its classes.
 * words: n settings, "section.key=value", that stand in the network's text instead of its own (net.precision, detector.KEY). */
predictor *predictor_new(checkpoint *k, const fit_conf *fit, const meaning *m, const predict_how *how, const char *const *words, int n,
                         const device *dev);
/* One more network for the ensemble. Dies 2 where its input, its classes or its fit are not those of the first. */
void predictor_join(predictor *p, checkpoint *k, const fit_conf *fit, const meaning *m, const char *const *words, int n);
/* The bodies that p, of one class, draws are given the levels that the namer, a network of levels, finds best (eval/chain.h): label maps and
 * probabilities are of the namer's classes, borders and what bodies have of a pixel are p's. The namer sees the whole film at its own size,
 * stays the caller's, and must live as long. Dies 2 on other classes. */
void predictor_name_by(predictor *p, predictor *namer, const char *path, const char *namer_path);
void predictor_free(predictor *p);
int  predictor_channels(const predictor *p);         /* c of the probabilities: the net's classes */
const meaning *predictor_meaning(const predictor *p);     /* of what comes out */
/* labels (h, w) of the film; probabilities (h, w, c) or NULL. */
void predictor_run(predictor *p, const image *film, uint8_t *labels, float *probabilities);
/* Of a detector: its instances, with the values of their classes, and these as labels. The film is seen once and whole. */
int  predictor_detects(const predictor *p);
instances predictor_detect(predictor *p, const image *film, uint8_t *labels);
/* The same before values and labels, by detector.input=rule: the film at the size that the rule gives it; and what it keeps for that. */
instances buckets_detect(predictor *p, const image *film);
void buckets_free(predictor *p);

/* What a network says of one film, whatever its kind: a label map (h, w) at the film's own size, and, from a network that finds objects
 * one by one, these too, which may overlap, and their scores (ninstances, may be 0); score is NULL where the map is all that is known. */
typedef struct segmentation { const uint8_t *labels; int ninstances; const instance *instances; const double *score; } segmentation;

typedef struct predict_job {
    const films *f;
    predictor *p;
    const char *folder, *weights, *settings; /* DIR; for the record, the checkpoint's path and what else was given (flags_given) */
    int probabilities;
    double overlay;                          /* opacity of the classes in DIR/overlay; 0: no overlays */
    void (*done)(void *arg, int64_t films);  /* after each film; may be NULL */
    void *arg;
    /* What else becomes of film i, in order, while the next one is computed: on the second thread, which may die and may read the film's
     * store; may be NULL. */
    void (*each)(void *arg, int64_t i, const image *film, const segmentation *s);
} predict_job;

/* Writes DIR/masks/STEM.png, DIR/overlay/STEM.png and DIR/predictions.h5. seconds (f->n): reading, computing and writing of each film. */
void predict_all(const predict_job *job, double *seconds);
#endif
