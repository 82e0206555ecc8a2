/* film.h - what a geo_case holds, and the same film in the canonical frame; internal to geometry/. */
#ifndef GEOMETRY_FILM_H
#define GEOMETRY_FILM_H
#include "geometry/geometry.h"

enum { CHOICE_TK, CHOICE_LL, CHOICE_SVA, CHOICE_GT, CHOICE_T1S, CHOICES };
enum { GIVEN_CORNERS = 1, GIVEN_CENTRE = 2, GIVEN_MIDDLE = 4, GIVEN_MIDDLE_LOWER = 8 };
enum { SA, SP, IA, IP };
enum { WARNINGS = 16, WARNING_SIZE = 48 };

typedef struct level_given {
    unsigned given, marks;                      /* GIVEN_*, GEO_MARK_* */
    geo_point corner[4], centre, middle[2];     /* corners SA SP IA IP; S1 has SA, SP only */
} level_given;

struct geo_case {
    double sx, sy, age;                         /* spacing 0: none; age NAN: none */
    int uncalibrated, facing, orientation, heads, choice[CHOICES], chosen, warnings;      /* chosen: bits of the choices that were made */
    int voted, voted_conflict;                  /* which way the outlines' votes went when they were read, 0: they were not asked */
    double voted_score;
    level_given level[GEO_LEVELS];
    geo_circle head[2];
    geo_point point[GEO_POINTS];
    unsigned char has_point[GEO_POINTS];
    char warning[WARNINGS][WARNING_SIZE];
};

typedef struct plate { geo_point a, p; double slope; } plate;              /* anterior, posterior; degrees, + where anterior is lower */
typedef struct level_frame {
    unsigned given, marks, bad;                 /* bad: BAD_* */
    geo_point corner[4], centre, middle[2];
    plate sup, inf;
} level_frame;
enum { BAD_SUP = 1, BAD_INF = 2, BAD_ORDER = 4 };

/* The film in (a, u): anterior and up positive, mm, or pixels where spaced is 0. */
typedef struct film {
    int facing, spaced, heads;
    double score, age;
    const int *choice;
    level_frame level[GEO_LEVELS];
    geo_point m, hips, head[2], point[GEO_POINTS];      /* m: middle of the S1 plate */
    double radius[2];
    const unsigned char *has_point;
    int t1_from_c7;
} film;

/* Sum of the votes for facing right, and what they lead to: +1, -1, or 0 where it is below 3. *conflict: the anatomy says otherwise. */
int  facing_vote(const geo_case *c, double *score, int *conflict);

/* facing +1 or -1. */
void film_build(const geo_case *c, int facing, film *out);

/* choices.c */
int choice_parse(const char *what, const char *choice, int *value);        /* index of the choice, or -1 */
const char *choice_word(int i, int value);

/* codes.c: writes "CODE:detail" (or the code alone, for detail NULL) of at most 63 characters; returns the code. */
int code_write(int code, const char *detail, char out[64]);
#endif
