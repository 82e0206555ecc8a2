/* implant.h - where implants are on a film: what is brighter than all round it, narrow, and not what a network makes of the film.
 *
 * Two maps meet. The prior says what could be metal: the film minus its opening by a square that is wider than any implant, above
 * `contrast`, where the film is bright at all. The difference says what should not be there: the film minus what a network that never saw metal
 * makes of it (without a network: the prior's own height), above a threshold that follows the film's own spread. Pieces of the prior are kept by
 * their size, their shape, a score of grey, edges and size, and how much of them the difference supports, and grow a little, since metal has
 * blurred borders. The score is a logistic regression on the pieces of 708 phantom films with and without implants, lumbar, thoracic and whole, 256 x 192 to
 * 1024 x 768 (444 pieces of metal, 2,816 of none); a network rebuilds much of the metal that it never saw, so its difference decides little. */
#ifndef EVAL_IMPLANT_H
#define EVAL_IMPLANT_H
#include <stdint.h>

enum { METAL_AUTO, METAL_BRIGHT, METAL_DARK };
enum { RULE_ROBUST, RULE_OTSU, RULE_PERCENTILE };

typedef struct implant_conf {
    int metal, rule;
    double threshold, percentile, least_difference;      /* of the difference */
    double width, contrast, bright;                      /* of the prior */
    double core, score, support, least, most, slender;   /* of pieces */
    int64_t open, grow;
} implant_conf;

/* at: offset of the implant_conf in the struct that the table fills. Greys are shares of the film's own range, from its percentile 0.5 to 99.5. */
#define IMPLANT_KEYS(at) \
    { "metal", K_WORD, (at) + offsetof(implant_conf, metal), "auto", \
      "implants are brighter or darker than the rest; auto: dark where the air at the film's sides is bright", 0, 0, "auto|bright|dark" }, \
    { "rule", K_WORD, (at) + offsetof(implant_conf, rule), "robust", \
      "threshold of the difference: median and so many robust SD, Otsu's, or a percentile of it", 0, 0, "robust|otsu|percentile" }, \
    { "threshold", K_REAL, (at) + offsetof(implant_conf, threshold), "6", "rule=robust: SD (1.4826 times the median deviation) above the median", \
      0, 1000, NULL }, \
    { "percentile", K_REAL, (at) + offsetof(implant_conf, percentile), "98", "rule=percentile: this one", 0, 100, NULL }, \
    { "least_difference", K_REAL, (at) + offsetof(implant_conf, least_difference), "0.1", "whatever the rule says, no less than this", 0, 1, NULL }, \
    { "width", K_REAL, (at) + offsetof(implant_conf, width), "0.07", "what is wider than this share of the film's shorter side is no implant", \
      0.001, 1, NULL }, \
    { "contrast", K_REAL, (at) + offsetof(implant_conf, contrast), "0.15", "metal rises by this above what it lies in", 0, 1, NULL }, \
    { "bright", K_REAL, (at) + offsetof(implant_conf, bright), "60", "metal is brighter than this percentile of what is not black", 0, 100, NULL }, \
    { "open", K_INT, (at) + offsetof(implant_conf, open), "1", "opening by squares of 2 open + 1 pixels: thinner pieces go", 0, 64, NULL }, \
    { "core", K_REAL, (at) + offsetof(implant_conf, core), "0.3", \
      "what rises by less than this share of the highest of its piece is no part of it", 0, 1, NULL }, \
    { "score", K_REAL, (at) + offsetof(implant_conf, score), "0.93", \
      "a piece's mean grey, 2.15 times the mean rise per pixel at its rim and 0.024 times the logarithm of its share of the film, at least: " \
      "metal is brightest, has sharp edges and is no speck", -10, 10, NULL }, \
    { "support", K_REAL, (at) + offsetof(implant_conf, support), "0.05", "share of a piece that must lie above the threshold", 0, 1, NULL }, \
    { "least", K_REAL, (at) + offsetof(implant_conf, least), "0.0008", "area of the smallest piece, as a share of the film", 0, 1, NULL }, \
    { "most", K_REAL, (at) + offsetof(implant_conf, most), "0.2", "area of the largest piece, as a share of the film", 0, 1, NULL }, \
    { "slender", K_REAL, (at) + offsetof(implant_conf, slender), "2", \
      "area of a piece over that of the largest disc in it, at least: 1 is a disc; screws have 3 and more", 0, 1000, NULL }, \
    { "grow", K_INT, (at) + offsetof(implant_conf, grow), "3", "pixels that the mask goes beyond what was found", 0, 64, NULL }

typedef struct implant_found { int dark; double threshold; int64_t pieces, pixels; } implant_found;

/* film, rebuilt (h, w) in the same greys; rebuilt NULL: no network. mask (h, w) of 0 / 1. */
implant_found implant_find(const implant_conf *c, const float *film, const float *rebuilt, int64_t h, int64_t w, uint8_t *mask);
#endif
