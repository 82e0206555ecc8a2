/* metrics.h - how well a predicted label map agrees with the true one, class by class.
 *
 * Overlap (DSC, IoU, precision, recall) and distances between borders (HD95, ASSD, NSD and their relatives). The border of a class is
 * every pixel of it with a 4-neighbour of another class; outside the image is another class. The traps are the empty masks: what has
 * no value is missing with its reason, and the _penalised columns put the image diagonal where exactly one mask is empty, so that a
 * model cannot gain by predicting nothing. Label maps are h x w bytes, row by row; the value is the class, 0 is background. */
#ifndef EVAL_METRICS_H
#define EVAL_METRICS_H
#include "eval/stats.h"

/* Pixel counts of one class: of the prediction, of the truth, of both at once. Zeroed, it is ready to add to. */
typedef struct { int64_t pred, truth, both; } overlap;

/* Adds n pixels to the counts of all 256 values; pixels whose truth is `ignore` (-1: none) are left out. Image after image adds up
 * to pooled counts; a zeroed array an image gives the DSC of the image. */
void metrics_count(overlap count[256], const uint8_t *pred, const uint8_t *truth, int64_t n, int ignore);

/* Classes whose names are arbitrary, such as two femoral heads: twin[a] = b and twin[b] = a say that a and b are such a pair, twin[v] = v that v
 * is in none. Each pair of pred (n) gets the names by which the truth calls it: of the four overlaps (IoU) of a pair the largest decides, and
 * equals leave it as it is (greedy assignment). Returns how many pairs changed their names. Pixels whose truth is `ignore` do not count. */
int metrics_rename(uint8_t *pred, const uint8_t *truth, int64_t n, int ignore, const uint8_t twin[256]);

/* 2 both / (pred + truth); missing where both masks are empty (Dice 1945, Sorensen 1948). */
quantity metrics_dsc(const overlap *count);

/* The first METRICS_REPORTED are what tables show. HD95 = the larger of the two directed 95th percentiles, HD95_pooled = the 95th of
 * all distances together; ASSD = the mean of all distances together, MASD = the mean of the two directed means; NSD = the share of
 * both borders within tau of the other (Nikolov 2021). */
enum metric { METRIC_DSC, METRIC_IOU, METRIC_PRECISION, METRIC_RECALL, METRIC_HD95, METRIC_ASSD, METRIC_NSD, METRICS_REPORTED,
              METRIC_HD = METRICS_REPORTED, METRIC_HD95_POOLED, METRIC_MASD, METRIC_HD95_PENALISED, METRIC_ASSD_PENALISED, METRICS };

/* What is true of a metric: its name, whether it is a length (in px or mm; else a share 0..1), and whether more is better. */
typedef struct { const char *name; int is_length, more_is_better; } metric_info;
extern const metric_info metric_table[METRICS];

/* One class in one image. border: pixels on the two borders. */
typedef struct { int value; overlap count; int64_t pred_border, truth_border; quantity of[METRICS]; } metrics;

/* Every value of 1..255 that occurs in either map, ascending, into out[255]; returns how many. spacing: pixel size {x, y} in mm, or
 * NULL for distances in pixels; tau in the same unit, >= 0 (a distance of tau but for rounding is within). Time is linear in the
 * area of the boxes round the classes. */
int metrics_image(const uint8_t *pred, const uint8_t *truth, int64_t h, int64_t w, const double *spacing, double tau, metrics *out);

/* What metrics_image would say of a class that is in neither map. */
metrics metrics_absent(int value);
#endif
