/* params_table.c - every parameter: name, unit, title, formula, needs. Rows of one name stand together; the first is the default, the
 * others count where a choice of the case says so. See params.h and geometry.h. */
#include "geometry/params.h"

#define SUP(level)    { NEED_SUP, GEO_##level }
#define INF(level)    { NEED_INF, GEO_##level }
#define CENTRE(level) { NEED_CENTRE, GEO_##level }
#define AT(point)     { NEED_POINT, GEO_##point }
#define HIPS          { NEED_HIPS, 0 }
#define PELVIS        SUP(S1), HIPS, { NEED_APART, 0 }
#define WHEN(what, of) CHOICE_##what + 1, of

const parameter parameter_rows[] = {
    { "SS",    "deg", "sacral slope", value_slope, { SUP(S1) }, 0, 0 },
    { "PT",    "deg", "pelvic tilt", value_pt, { PELVIS }, 0, 0 },
    { "PI",    "deg", "pelvic incidence", value_pi, { PELVIS }, 0, 0 },
    { "LL",    "deg", "lumbar lordosis L1-S1", value_lordosis, { SUP(L1), SUP(S1) }, WHEN(LL, 0) },
    { "LL",    "deg", "lumbar lordosis T12-S1", value_lordosis, { INF(T12), SUP(S1) }, WHEN(LL, 1) },
    { "L4S1",  "deg", "lordosis L4-S1", value_lordosis, { SUP(L4), SUP(S1) }, 0, 0 },
    { "LDI",   "percent", "lordosis distribution index", value_ldi, { SUP(L1), SUP(S1), SUP(L4) }, 0, 0 },
    { "PILL",  "deg", "pelvic incidence minus lumbar lordosis", value_pi_ll, { SUP(L1), PELVIS }, WHEN(LL, 0) },
    { "PILL",  "deg", "pelvic incidence minus lumbar lordosis", value_pi_ll, { INF(T12), PELVIS }, WHEN(LL, 1) },
    { "TK",    "deg", "thoracic kyphosis T4-T12", value_kyphosis, { SUP(T4), INF(T12) }, WHEN(TK, 0) },
    { "TK",    "deg", "thoracic kyphosis T5-T12", value_kyphosis, { SUP(T5), INF(T12) }, WHEN(TK, 1) },
    { "TK",    "deg", "thoracic kyphosis T2-T12", value_kyphosis, { SUP(T2), INF(T12) }, WHEN(TK, 2) },
    { "TLK",   "deg", "thoracolumbar kyphosis T10-L2", value_kyphosis, { SUP(T10), INF(L2) }, 0, 0 },
    { "SVA",   "mm",  "sagittal vertical axis", value_sva, { SUP(S1), CENTRE(C7) }, WHEN(SVA, 0) },
    { "SVA",   "mm",  "sagittal vertical axis", value_sva, { SUP(S1), SUP(C7) }, WHEN(SVA, 1) },
    { "GT",    "deg", "global tilt", value_gt, { PELVIS, CENTRE(C7) }, 0, 0 },
    { "C7VT",  "deg", "C7 vertical tilt", value_c7vt, { SUP(S1), CENTRE(C7) }, 0, 0 },
    { "C7ST",  "deg", "C7 sacral tilt", value_c7st, { SUP(S1), CENTRE(C7) }, 0, 0 },
    { "SSA",   "deg", "spinosacral angle", value_ssa, { SUP(S1), CENTRE(C7) }, 0, 0 },
    { "T1SPi", "deg", "T1 spinopelvic inclination", value_spi, { CENTRE(T1), HIPS }, 0, 0 },
    { "T9SPi", "deg", "T9 spinopelvic inclination", value_spi, { CENTRE(T9), HIPS }, 0, 0 },
    { "TPA",   "deg", "T1 pelvic angle", value_tpa, { CENTRE(T1), PELVIS }, 0, 0 },
    { "L1PA",  "deg", "L1 pelvic angle", value_tpa, { CENTRE(L1), PELVIS }, 0, 0 },
    { "RPV",   "deg", "relative pelvic version", value_rpv, { PELVIS }, 0, 0 },
    { "RLL",   "deg", "relative lumbar lordosis", value_rll, { SUP(L1), PELVIS }, 0, 0 },
    { "RSA",   "deg", "relative spinopelvic alignment", value_rsa, { PELVIS, CENTRE(C7) }, 0, 0 },
    { "T1S",   "deg", "T1 slope", value_slope, { SUP(T1) }, 0, 0 },
    { "C7S",   "deg", "C7 slope", value_slope, { SUP(C7) }, 0, 0 },
    { "C2S",   "deg", "C2 slope", value_slope, { INF(C2) }, 0, 0 },
    { "CL",    "deg", "cervical lordosis C2-C7", value_lordosis, { INF(C2), INF(C7) }, 0, 0 },
    { "TSCL",  "deg", "T1 slope minus cervical lordosis", value_mismatch, { SUP(T1), INF(C2), INF(C7) }, 0, 0 },
    { "cSVA",  "mm",  "cervical sagittal vertical axis", value_csva, { CENTRE(C2), SUP(C7) }, 0, 0 },
    { "McG_dist",   "mm",  "dens tip above McGregor's line", value_above, { AT(DENS_TIP), AT(OCCIPUT_LOW), AT(HARD_PALATE) }, 0, 0 },
    { "McG_len",    "mm",  "length of McGregor's line", value_length, { AT(OCCIPUT_LOW), AT(HARD_PALATE) }, 0, 0 },
    { "McG_slope",  "deg", "slope of McGregor's line", value_line_slope, { AT(OCCIPUT_LOW), AT(HARD_PALATE) }, 0, 0 },
    { "Chamb_dist", "mm",  "dens tip above Chamberlain's line", value_above, { AT(DENS_TIP), AT(OPISTHION), AT(HARD_PALATE) }, 0, 0 },
    { "McRae_dist", "mm",  "dens tip above McRae's line", value_above, { AT(DENS_TIP), AT(OPISTHION), AT(BASION) }, 0, 0 },
    { "BDI",    "mm",    "basion-dens interval", value_length, { AT(BASION), AT(DENS_TIP) }, 0, 0 },
    { "BAI",    "mm",    "basion-axial interval", value_bai, { AT(BASION), AT(C2_POST_INF), AT(C2_POST_SUP) }, 0, 0 },
    { "Powers", "ratio", "Powers ratio", value_powers,
        { AT(BASION), AT(C1_POST_ARCH_ANT), AT(OPISTHION), AT(C1_ANT_ARCH_POST) }, 0, 0 },
    { "ADI",    "mm",    "atlantodental interval", value_to_line, { AT(C1_ANT_ARCH_POST), AT(DENS_ANT_INF), AT(DENS_ANT_SUP) }, 0, 0 },
    { "SAC",    "mm",    "space available for the cord", value_to_line, { AT(C1_POST_ARCH_ANT), AT(DENS_POST_INF), AT(DENS_POST_SUP) },
        0, 0 },
    { "C0C2",   "deg",   "occiput-C2 angle", value_c0c2, { INF(C2), AT(OCCIPUT_LOW), AT(HARD_PALATE) }, 0, 0 },
    { "ODHA",   "deg",   "odontoid-hip axis", value_odha, { AT(DENS_TIP), HIPS }, 0, 0 },
    { "NT",     "deg",   "neck tilt", value_nt, { SUP(T1), AT(STERNUM_TOP) }, 0, 0 },
    { "TIA",    "deg",   "thoracic inlet angle", value_tia, { SUP(T1), AT(STERNUM_TOP) }, 0, 0 },
    { "RJ",     "mm",    "Redlund-Johnell distance", value_to_mcgregor, { INF(C2), AT(OCCIPUT_LOW), AT(HARD_PALATE) }, 0, 0 },
    { "Ranawat", "mm",   "Ranawat distance", value_to_line, { AT(C2_PEDICLE), AT(C1_POST_ARCH_ANT), AT(C1_ANT_ARCH_POST) }, 0, 0 },
};
const int parameter_row_count = sizeof parameter_rows / sizeof *parameter_rows;
