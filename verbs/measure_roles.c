/* measure_roles.c - what the values of a label map are of a spine; see measure.h.
 *
 * A label map says nothing of what its values mean. Tables that are given come first, then those a store or predictions carry, then the
 * levels C1 to L5; where these cannot be on a film of the region, the region's own table, then levels if they look like it, and last the
 * values are taken as instances. */
#include "verbs/measure.h"
#include "base/die.h"
#include <ctype.h>
#include <string.h>

/* Names that mean a structure, and kinds that do where the name does not. */
static const struct { const char *name; int role; } names[] = { { "sacrum", GEO_ROLE_SACRUM }, { "S1", GEO_ROLE_SACRUM },
    { "femoral_head", GEO_ROLE_HEAD }, { "hard_palate", GEO_ROLE_PALATE }, { "basion", GEO_ROLE_BASION },
    { "opisthion", GEO_ROLE_OPISTHION },
    { "vertebra", GEO_ROLE_BODY } },
    kinds[] = { { "sacrum", GEO_ROLE_SACRUM }, { "femoral_head", GEO_ROLE_HEAD }, { "vertebra", GEO_ROLE_BODY } };
enum { NAMES = sizeof names / sizeof *names, KINDS = sizeof kinds / sizeof *kinds };

/* The name by itself, then the kind, then what the name begins with where no kind says otherwise: "femoral_head_1" is a head, but
 * "sacrum_screw" of kind implant is none of it. */
int role_of_class(const class *c)
{
    int level = geo_level_parse(c->name);
    if (level && level != GEO_S1) return level;
    for (int i = 0; i < NAMES; i++) if (!strcmp(c->name, names[i].name)) return names[i].role;
    for (int i = 0; i < KINDS; i++) if (!strcmp(c->kind, kinds[i].name)) return kinds[i].role;
    for (int i = 0; i < NAMES && (!*c->kind || !strcmp(c->kind, "skull")); i++) {
        const size_t n = strlen(names[i].name);
        if (names[i].role == GEO_ROLE_BODY || strncmp(c->name, names[i].name, n)) continue;
        const int next = (unsigned char)c->name[n], number = isdigit(next) && !isdigit((unsigned char)c->name[n - 1]);
        if (!isalnum(next) || number) return names[i].role;
    }
    return GEO_ROLE_NONE;
}

int roles_of(const classes *t, int role[256])
{
    int any = 0;
    memset(role, 0, 256 * sizeof *role);
    for (int i = 0; i < t->n; i++) any |= (role[t->c[i].value] = role_of_class(&t->c[i])) != GEO_ROLE_NONE;
    return any;
}

static void roles_levels(int role[256])
{
    memset(role, 0, 256 * sizeof *role);
    for (int v = GEO_C1; v <= GEO_ROLE_OPISTHION; v++) role[v] = v == 27 ? GEO_ROLE_HEAD : v;
}

/* The levels that a film of a region may show. */
static int may_show(int region, int role)
{
    static const int shows[GEO_REGIONS][2] = { [GEO_REGION_WHOLE] = { GEO_C1, GEO_L5 }, [GEO_REGION_CERVICAL] = { GEO_C1, GEO_T5 },
        [GEO_REGION_THORACIC] = { GEO_C5, GEO_L3 }, [GEO_REGION_LUMBAR] = { GEO_T8, GEO_L5 }, [GEO_REGION_AP] = { GEO_C5, GEO_L5 } };
    return role >= GEO_C1 && role <= GEO_L5 && role >= shows[region][0] && role <= shows[region][1];
}

void roles_present(const uint8_t *labels, int64_t n, int seen[256])
{
    memset(seen, 0, 256 * sizeof *seen);
    for (int64_t i = 0; i < n; i++) seen[labels[i]] = 1;
}

/* Every vertebra of the map can be on a film of this region under these roles. */
static int suits(int region, const int role[256], const int seen[256])
{
    for (int v = 1; v < 256; v++)
        if (seen[v] && (!role[v] || (role[v] <= GEO_L5 && !may_show(region, role[v])))) return 0;
    return 1;
}

/* Levels all the same, though some do not belong on a film of the region: sacrum, heads or skull stand there, or a vertebra of the region
 * and no C1. Instances are numbered from 1. */
static int level_like(int region, const int role[256], const int seen[256])
{
    int some = 0;
    for (int v = 1; v < 256; v++) {
        if (seen[v] && !role[v]) return 0;
        some |= seen[v] && ((v > GEO_L5 && v <= GEO_ROLE_OPISTHION) || (!seen[GEO_C1] && may_show(region, v)));
    }
    return some;
}

void roles_guess(int region, const int seen[256], int role[256])
{
    roles_levels(role);
    role[31] = GEO_ROLE_HEAD;                    /* an implant suits every region */
    int whole = region < 0 || region == GEO_REGION_WHOLE, others = 0;
    for (int v = 2; v < 256; v++) others |= seen[v];
    int binary = seen[1] && !others, fits = !binary && (whole || suits(region, role, seen)), levels = !binary && !whole && level_like(region, role, seen);
    role[31] = GEO_ROLE_NONE;
    if (fits) return;
    if (binary) { role[1] = GEO_ROLE_BODY; return; }            /* 0 and 1, or 0 and 255: vertebrae without names */
    classes t = classes_named(geo_region_name(region));
    roles_of(&t, role);
    const int own = t.n && suits(region, role, seen);
    if (!own && levels) roles_levels(role);
    else if (!own) for (int v = 1; v < 256; v++) role[v] = GEO_ROLE_INSTANCE;
    warn("the values are not levels of a%s %s film: read as %s; --classes says what they mean", region == GEO_REGION_AP ? "n" : "",
         geo_region_name(region), own ? "the classes of that region" : levels ? "levels all the same" : "instances of vertebrae");
    classes_free(&t);
}

void roles_refuse_strangers(const char *path, const int role[256], const int seen[256], const classes *t)
{
    for (int v = 1; v < 256; v++)
        if (seen[v] && !role[v] && !classes_find(t, v) && !(v == 31 && !t->n))
            die("%s: got the value %d, wanted values of %s; --classes FILE.csv says what they mean", path, v,
                t->n ? "the class table" : "the levels: 1-24 C1 to L5, 25 sacrum, 26 and 27 femoral heads, 28-30 skull, 31 implant");
}
