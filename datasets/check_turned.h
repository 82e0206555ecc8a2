/* check_turned.h - films that stand otherwise than their fellows: on their side, upside down, or with bright and dark exchanged.
 *
 * Nothing is known of what the films show, so each is compared with the others of its store: small pictures correlate well with their
 * nearest
 * fellows when they stand alike. A film that finds much better fellows after a turn, or as a negative, is one that was stored wrong. A
 * store
 * whose films do not resemble each other (or have no way up) has no such fellows, and then nothing is said. */
#ifndef DATASETS_CHECK_TURNED_H
#define DATASETS_CHECK_TURNED_H
#include <stdint.h>

enum { THUMB = 24 };                         /* side of the small picture */
enum { TURNED_NOT, TURNED_SIDEWAYS, TURNED_OVER, TURNED_NEGATIVE };

typedef struct turned { int how; double here, there; } turned;
    /* mean correlation with the nearest fellows as it is, and so turned */

/* thumbs (n, THUMB * THUMB): each of mean 0 and norm 1, or all 0 (left out). out (n). Runs on all threads, the same for any number. */
void check_turned(const float *thumbs, int64_t n, turned *out);
#endif
