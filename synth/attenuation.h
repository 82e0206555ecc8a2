/* attenuation.h - linear attenuation coefficients of what a phantom is made of, and the spectrum it is lit with.
 * Source: NIST XCOM / X-ray mass attenuation coefficients (Hubbell and Seltzer 1995) times the densities of ICRU 44 and of the makers. */
#ifndef SYNTH_ATTENUATION_H
#define SYNTH_ATTENUATION_H
#include "synth/solid.h"

enum { BINS = 3 };                       /* of the spectrum: 85 to 100 kVp, filtered, weighted with what the detector absorbs */
extern const double spectrum_kev[BINS], spectrum_share[BINS];

/* 1/cm at 30..120 keV; between the tabulated energies linear in the logarithms of both. */
double attenuation(enum material what, double kev);
const char *material_name(enum material what);
#endif
