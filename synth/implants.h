/* implants.h - screws, rods, cages, cement, plates and hip prostheses, into maps of their own: the picture is made once without and once
 * with them. They draw from their own stage, so that nothing else of a film knows whether there are any. */
#ifndef SYNTH_IMPLANTS_H
#define SYNTH_IMPLANTS_H
#include "synth/scene.h"

enum { IMPLANT_WORDS = 64 };
typedef struct implants { char words[IMPLANT_WORDS]; int screws[LEVEL_SLOTS]; } implants;      /* "": none; pedicle screws by level */
/* into: empty maps of the film's size. Returns whether there are implants on this film, and which. */
int implants_draw(const scene *s, maps *into, double probability, implants *which);

/* The kinds, each for one film; d runs on from one to the next. */
/* pedicle screws, tulips, rods, sometimes a cage */
void implant_construct(const scene *s, maps *m, draws *d, implants *which);
/* plate, screws and cages before the cervical bodies */
void implant_neck(const scene *s, maps *m, draws *d, char words[IMPLANT_WORDS]);
void implant_cement(const scene *s, maps *m, draws *d, char words[IMPLANT_WORDS]);         /* vertebroplasty */
void implant_hip(const scene *s, maps *m, draws *d, char words[IMPLANT_WORDS]);
void implant_cage(const scene *s, maps *m, draws *d, int above);                           /* in the disc below this index of the chain */
#endif
