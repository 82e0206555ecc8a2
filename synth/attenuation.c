/* attenuation.c - the table behind attenuation.h. */
#include "synth/attenuation.h"
#include <assert.h>
#include <math.h>

enum { ENERGIES = 8 };
const double spectrum_kev[BINS] = { 40, 55, 70 }, spectrum_share[BINS] = { 0.30, 0.45, 0.25 };
static const double kev[ENERGIES] = { 30, 40, 50, 60, 70, 80, 100, 120 };
static const struct { const char *name; double mu[ENERGIES]; } table[MATERIALS] = {              /* 1/cm */
    [MATERIAL_WATER]            = { "water",                   { 0.3756, 0.2683, 0.2269, 0.2059, 0.1937, 0.1837, 0.1707, 0.1613 } },
    [MATERIAL_SOFT]             = { "soft tissue",             { 0.4017, 0.2849, 0.24, 0.2171, 0.204, 0.1932, 0.1795, 0.1695 } },
    [MATERIAL_MUSCLE]           = { "muscle",                  { 0.3972, 0.2819, 0.2375, 0.215, 0.202, 0.1914, 0.1778, 0.1679 } },
    [MATERIAL_FAT]              = { "fat",                     { 0.291, 0.2276, 0.2017, 0.1875, 0.1785, 0.171, 0.1604, 0.1521 } },
    [MATERIAL_LUNG]             = { "inflated lung",           { 0.09919, 0.07017, 0.05902, 0.05338, 0.05013, 0.04748, 0.04407, 0.04163 } },
    [MATERIAL_CORTICAL]         = { "cortical bone",           { 2.556, 1.278, 0.8145, 0.6044, 0.5023, 0.428, 0.3562, 0.3218 } },
    [MATERIAL_SPONGIOSA]        = { "spongiosa",               { 0.7825, 0.4575, 0.3374, 0.281, 0.2511, 0.2299, 0.2059, 0.1917 } },
    [MATERIAL_TITANIUM]         = { "Ti6Al4V",                 { 21.11, 9.416, 5.173, 3.278, 2.339, 1.747, 1.181, 0.9473 } },
    [MATERIAL_COBALT]           = { "CoCrMo",                  { 77.86, 34.81, 18.81, 11.54, 7.848, 5.62, 3.439, 2.522 } },
    [MATERIAL_STEEL]            = { "SS316L",                  { 69.06, 30.76, 16.61, 10.21, 6.98, 5.02, 3.112, 2.315 } },
    [MATERIAL_TANTALUM]         = { "tantalum",                { 364.1, 170.7, 95.19, 59.42, 178.3, 126.3, 71.63, 45.01 } },
    [MATERIAL_PEEK]             = { "PEEK",                    { 0.3649, 0.2884, 0.257, 0.2394, 0.2282, 0.2189, 0.2054, 0.1948 } },
    [MATERIAL_PMMA]             = { "PMMA",                    { 0.3608, 0.2796, 0.2468, 0.229, 0.2177, 0.2084, 0.1953, 0.1851 } },
    [MATERIAL_CEMENT_BARIUM]    = { "cement with 30 % BaSO4",  { 3.222, 7.074, 4.063, 2.588, 1.788, 1.312, 0.8116, 0.5765 } },
    [MATERIAL_CEMENT_ZIRCONIUM] = { "cement with 30 % ZrO2",   { 9.102, 4.289, 2.422, 1.55, 1.09, 0.8182, 0.5395, 0.4125 } },
};

double attenuation(enum material what, double e)
{
    int i = 0;
    assert(e >= kev[0] && e <= kev[ENERGIES - 1]);
    while (i < ENERGIES - 2 && e > kev[i + 1]) i++;
    const double *mu = table[what].mu, t = log(e / kev[i]) / log(kev[i + 1] / kev[i]);
    return mu[i] * pow(mu[i + 1] / mu[i], t);
}

const char *material_name(enum material what) { return table[what].name; }
