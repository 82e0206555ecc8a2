/* words.c - see words.h. */
#include "base/words.h"
#include <stdio.h>

const char *bytes_text(double bytes, char out[BYTES_ROOM])
{
    static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    int k = 0;
    while (k < 4 && bytes >= 1024) bytes /= 1024, k++;
    snprintf(out, BYTES_ROOM, k ? "%.1f %s" : "%.0f %s", bytes, unit[k]);
    return out;
}
