/* rle.h - COCO's run-length masks: runs of background, object, background, ... DOWN the columns, from the left one to the right one.
 *
 * The runs come as a list of numbers or as a text of printable characters (pycocotools' "compressed" form). The trap is the order: a
 * store's instances run along the rows. Everything is from files of others: lengths are checked before anything is painted. */
#ifndef DATASETS_RLE_H
#define DATASETS_RLE_H
#include <stddef.h>
#include <stdint.h>

/* The compressed text: five bits a character (its code less 48), the lowest first, 32 = more follow, the last one's bit 16 is the sign;
 * from the fourth run on, what is written is the difference to the run before the last. Fresh array of *n runs, or NULL with *why set. */
uint32_t   *rle_parse(const char *text, int64_t *n, const char **why);
/* Of the pixels of mask (h, w) that are not 0: fresh array of *n runs; and runs as compressed text, fresh. */
uint32_t   *rle_runs(const uint8_t *mask, int64_t h, int64_t w, int64_t *n);
char       *rle_text(const uint32_t *runs, int64_t n);
/* Sets the object's pixels of out (h, w) to 1. NULL, or the reason why nothing was painted: runs that do not add up to h * w. */
const char *rle_paint(const uint32_t *runs, int64_t n, uint8_t *out, int64_t h, int64_t w);
#endif
