/* augment.h - random variation of training samples, as a pure function of (seed, epoch, sample).
 *
 * What moves is ONE map from net pixel to film pixel: a smooth displacement of the net pixel (elastic), then the fit of the film to the net
 * (datasets/fit.h) with a crop, rotation, scale, shear, shift and mirror about the film's centre. Film, label map, corners, landmarks
 * and polygons
 * all go through it, the film in one resampling pass. Grey values are then changed within the film's own range: local contrast, tone,
 * blur, noise, patches cut out. A mosaic puts four samples, each varied by itself, round one point.
 * The trap is the mirror: left and right classes change places with it, so a mirror without its pairs teaches the net a falsehood. */
#ifndef TRAIN_AUGMENT_H
#define TRAIN_AUGMENT_H
#include "nn/key.h"
#include "datasets/fit.h"

typedef struct augment_conf {
    int whole_degrees;
    double flip, flip_vertical, quarters, geometry, rotate, shear, shift, intensity, brightness, noise;
    key_list scale, gamma, contrast;         /* lowest, highest; or one v: 1 - v, 1 + v */
    const char *pairs;
    double crop, elastic, elastic_size, mosaic, clahe, low_contrast, invert, blur, cutout;
        /* shares of samples; elastic_size: of a cell */
    int64_t elastic_cells, clahe_tiles, cutout_count;
    key_list crop_side, mosaic_scale, clahe_clip, low_contrast_factor, blur_sd, cutout_side;   /* lowest, highest; or one v: exactly v */
} augment_conf;

extern const key augment_keys[];
/* Classes that change places, "26:27,3:4", into swap (256), all others onto themselves. Dies at `at`, naming the key, on what is no such list. */
void augment_pairs(const char *text, const char *key, int64_t classes, const char *at, uint8_t swap[256]);
/* Dies on ranges that are none and pairs that are no classes; at = "run.cfg:12: augment". swap (256): what each class becomes in a
 * mirror. */
void augment_check(const augment_conf *c, int64_t classes, const char *at, uint8_t swap[256]);

enum { AUGMENT_CUTS = 8 };
typedef struct augment_cut { double x, y, w, h, grey; } augment_cut;
    /* centre and sides, shares of the net's input; grey: of the film's range */

typedef struct augmentation {                /* what is done to one sample */
    affine to_film;                          /* net pixel (after the elastic displacement) -> film pixel */
    int mirrored;                            /* left and right have changed places */
    double gamma, contrast, brightness, noise;
    double elastic, cell;                    /* largest displacement and side of a grid cell, net pixels; elastic 0: none */
    int inverted;                            /* bright and dark have changed places */
    double clahe, blur;                      /* clip limit, sd in net pixels; 0: none */
    int64_t clahe_tiles, ncuts;
    augment_cut cut[AUGMENT_CUTS];
    uint64_t seed; int64_t epoch, sample, turn;       /* whose it is: where its displacements and its noise come from */
} augmentation;

/* turn: how often the sample stood in this epoch before. */
augmentation augment_draw(const augment_conf *c, const fit *f, uint64_t seed, int64_t epoch, int64_t sample, int64_t turn);
augmentation augment_none(const fit *f);

/* Net pixel -> film pixel, and back: how points move. Back is exact to 1e-6 net pixels; the elastic field never folds (augment_warp.c). */
void augment_film_point(const augmentation *a, const fit *f, const double net[2], double film[2]);
void augment_net_point(const augmentation *a, const fit *f, const double film[2], double net[2]);
/* The displacement of every net pixel: dx, dy (net_h, net_w). Only where a->elastic > 0. */
void augment_shifts(const augmentation *a, const fit *f, float *dx, float *dy);

/* image (net_h, net_w) of f as fit_sample left it, changed where inside is 1; lo, hi: the film's normalised range. part: only this part
 * of the
 * net's input counts and is changed; spare (net_h * net_w) is scratch. */
void augment_grey(const augmentation *a, const fit *f, const fit_part *part, float lo, float hi, const uint8_t *inside, float *spare,
    float *image);
void augment_labels(const augmentation *a, const uint8_t swap[256], int64_t n, uint8_t *labels);

/* A mosaic: which samples of n stand round which point. Part 0 is above left of the point, 1 above right, 2 below left, 3 below right. */
typedef struct augment_mosaic { int64_t sample[4], turn[4]; fit_part part[4]; int64_t x, y; double scale[4]; } augment_mosaic;
/* 1 where this sample is a mosaic. Part 0 is the sample itself, the others are numbers below n; a set of one sample makes a mosaic of itself. */
int  augment_mosaic_draw(const augment_conf *c, const fit *f, int64_t n, uint64_t seed, int64_t epoch, int64_t sample, int64_t turn,
    augment_mosaic *m);
/* Moves what was drawn for part k so that the film's corner lies at the mosaic's point. */
void augment_mosaic_place(const augment_mosaic *m, int k, const fit *f, augmentation *a);
#endif
