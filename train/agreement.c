/* agreement.c - see agreement.h; the counts are those of eval/metrics.h. */
#include "train/agreement.h"
#include "eval/metrics.h"
#include <math.h>

void agreement(const uint8_t *pred, const uint8_t *truth, int64_t n, int ignore, double dice[256], double iou[256])
{
    overlap count[256] = { 0 };
    metrics_count(count, pred, truth, n, ignore);
    dice[0] = iou[0] = NAN;
    for (int v = 1; v < 256; v++) {
        int64_t sum = count[v].pred + count[v].truth;
        dice[v] = sum ? 2.0 * (double)count[v].both / (double)sum : NAN;
        iou[v] = sum ? (double)count[v].both / (double)(sum - count[v].both) : NAN;
    }
}
