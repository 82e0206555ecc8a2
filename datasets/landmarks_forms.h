/* landmarks_forms.h - building a landmark_case, for the readers of its forms only. */
#ifndef DATASETS_LANDMARKS_FORMS_H
#define DATASETS_LANDMARKS_FORMS_H
#include "datasets/landmarks.h"

landmark_case landmark_case_new(const char *id);
/* A point or femoral head (r: its radius) by name; 0: no such name, or a third head. */
int  landmark_case_point(landmark_case *c, const char *name, double x, double y, double r);
/* Bodies by level, or from top to bottom where levels are not known. */
void landmark_case_sort(landmark_case *c);
/* Last: what stands in body[] are the corners of a frontal film, or get their names on a lateral one. */
void landmark_case_finish(landmark_case *c, int frontal);
#endif
