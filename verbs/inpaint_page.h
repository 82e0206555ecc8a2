/* inpaint_page.h - films before and after, side by side, for the report of `inpaint`. */
#ifndef VERBS_INPAINT_PAGE_H
#define VERBS_INPAINT_PAGE_H
#include "eval/inpaint.h"
#include <stdio.h>

/* Original, reconstruction (where there is one), original with the mask, restored film: one picture, whose caption says what was done. */
void inpaint_page_film(FILE *f, const char *name, const image *film, const inpainted *o);
#endif
