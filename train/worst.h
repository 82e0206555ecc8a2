/* worst.h - the films a validation did worst on: kept while it runs, then drawn with prediction and truth, in DIR/worst, and listed with all
 * others in DIR/worst.csv. */
#ifndef TRAIN_WORST_H
#define TRAIN_WORST_H
#include "train/samples.h"

typedef struct worst_film { int64_t i; double dice; uint8_t *pred, *truth; } worst_film;
typedef struct worst { const samples *set; int64_t most, n; worst_film *e; } worst;         /* e: lowest DSC first */

worst worst_new(const samples *set, int64_t most);
void  worst_free(worst *w);
/* pred, truth (h, w) of case i are copied where it is among the worst so far. A film without a DSC is not. */
void  worst_take(worst *w, int64_t i, double dice, const uint8_t *pred, const uint8_t *truth);
/* folder/worst/01_ID.png, ...: the prediction as colour, the truth as an outline; what an earlier validation drew goes. folder/worst.csv:
 * every case with its DSC, case_dice (set->n), worst first. */
void  worst_write(const worst *w, const double *case_dice, int64_t epoch, const char *folder);
/* Removes what worst_write left in folder/worst; or only what it was writing when it was killed. */
void  worst_clear(const char *folder, int only_temporaries);
#endif
