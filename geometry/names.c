/* names.c - names of levels, of points, of choices and of error codes: the only place where they are spelled. See geometry.h. */
#include "geometry/film.h"
#include <string.h>

static const char *const levels[GEO_LEVELS] = { "", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "T1", "T2", "T3", "T4", "T5", "T6", "T7",
    "T8", "T9", "T10", "T11", "T12", "L1", "L2", "L3", "L4", "L5", "S1" };

static const char *const points[GEO_POINTS] = {
    [GEO_HARD_PALATE] = "hard_palate", [GEO_OCCIPUT_LOW] = "occiput_low", [GEO_OPISTHION] = "opisthion", [GEO_BASION] = "basion",
    [GEO_DENS_TIP] = "dens_tip", [GEO_DENS_ANT_SUP] = "dens_ant_sup", [GEO_DENS_ANT_INF] = "dens_ant_inf",
    [GEO_DENS_POST_SUP] = "dens_post_sup", [GEO_DENS_POST_INF] = "dens_post_inf", [GEO_C1_ANT_ARCH_POST] = "C1_ant_arch_post",
    [GEO_C1_POST_ARCH_ANT] = "C1_post_arch_ant", [GEO_C2_POST_SUP] = "C2_post_sup", [GEO_C2_POST_INF] = "C2_post_inf",
    [GEO_C2_PEDICLE] = "C2_pedicle", [GEO_STERNUM_TOP] = "sternum_top", [GEO_SACRUM_CENTROID] = "sacrum_centroid" };

static const struct { const char *what, *word[4]; } choices[CHOICES] = {
    [CHOICE_TK] = { "TK", { "T4-T12", "T5-T12", "T2-T12" } }, [CHOICE_LL] = { "LL", { "L1-S1", "T12-S1" } },
    [CHOICE_SVA] = { "SVA", { "centroid", "corner" } },       [CHOICE_GT] = { "GT", { "middle", "corner" } },
    [CHOICE_T1S] = { "T1S", { "T1", "C7" } } };

static const char *const codes[GEO_E_CODES] = { "", "E_FACING_AMBIGUOUS", "E_MISSING", "E_LEVEL_AMBIGUOUS", "E_DEGENERATE", "E_UNDEFINED",
    "E_NO_SPACING", "E_NO_AGE", "E_NEIGHBOUR" };

const char *geo_level_name(int level) { return level > 0 && level < GEO_LEVELS ? levels[level] : ""; }

int geo_level_parse(const char *name)
{
    for (int i = 1; i < GEO_LEVELS; i++) if (name && !strcmp(name, levels[i])) return i;
    return 0;
}

const char *geo_point_name(int point) { return point >= 0 && point < GEO_POINTS ? points[point] : ""; }

int choice_parse(const char *what, const char *choice, int *value)
{
    for (int i = 0; i < CHOICES; i++)
        for (int k = 0; k < 4 && choices[i].word[k]; k++)
            if (!strcmp(what, choices[i].what) && !strcmp(choice, choices[i].word[k])) return *value = k, i;
    return -1;
}

const char *geo_choice_name(int i) { return i >= 0 && i < CHOICES ? choices[i].what : ""; }
const char *choice_word(int i, int value) { return choices[i].word[value]; }

int code_write(int code, const char *detail, char out[64])
{
    size_t n = strlen(codes[code]), room = 63 - n;
    memcpy(out, codes[code], n + 1);
    if (!detail) return code;
    out[n++] = ':', room--;
    size_t m = strlen(detail);
    if (m > room) m = room;
    memcpy(out + n, detail, m), out[n + m] = 0;
    return code;
}
