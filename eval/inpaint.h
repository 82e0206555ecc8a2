/* inpaint.h - implants out of a film: find them, erase them, fill the holes, and leave everything else as it was, bit for bit.
 *
 *     inpaint_conf c;  key_defaults(inpaint_keys, &c);
 *     inpainted o = inpaint_film(&c, rebuilder_or_null, &film, NULL);
 *     inpainted_free(&o);
 *
 * Filling is by the codes of a network (method=codes: the hole is filled with means of what lies round it, rebuilt, put back into the film
 * and rebuilt again) or by Telea's march (method=telea), which needs no network. What comes out is a guess of what films without implants
 * look like, not of what lies behind the metal: no diagnosis may rest on it. */
#ifndef EVAL_INPAINT_H
#define EVAL_INPAINT_H
#include "datasets/image.h"
#include "eval/implant.h"
#include "eval/rebuild.h"
#include "nn/key.h"

enum { INPAINT_AUTO, INPAINT_CODES, INPAINT_TELEA };
extern const char *const inpaint_methods[];              /* "auto", "codes", "telea" */

typedef struct inpaint_conf {
    implant_conf find;
    int method, level;
    int64_t passes, radius, feather;
} inpaint_conf;
extern const key inpaint_keys[];                         /* every setting, with its default and meaning */

typedef struct inpainted {
    int method;                                          /* which it was: never auto */
    image restored;
    float *rebuilt;                                      /* (h, w) 0..1: the network's view of the film; NULL: there is no network */
    uint8_t *mask;                                       /* (h, w): 1 where the film was changed; all 0: restored is the film */
    implant_found found;                                 /* of a mask that was found; zero for a given one */
    int64_t pixels, changed_outside;                     /* of the mask; outside it, by comparison: 0 */
} inpainted;

/* r NULL: no network, and then method=codes is the caller's mistake. given (h, w): the mask, 0 / 1, instead of what would be found; or NULL. */
inpainted inpaint_film(const inpaint_conf *c, rebuilder *r, const image *film, const uint8_t *given);
void inpainted_free(inpainted *o);

/* Where the truth is known: film and clean are the two of a pair, implant (h, w) 0 / 1 where the implant is. Inside it PSNR in dB and the
 * mean structural similarity to the clean film, before and after; dice of o->mask and implant (NAN where both are empty). NAN: no implant. */
typedef struct inpaint_gain { double dice, psnr_before, psnr, ssim_before, ssim; } inpaint_gain;
inpaint_gain inpaint_measure(const inpainted *o, const image *film, const image *clean, const uint8_t *implant);
#endif
