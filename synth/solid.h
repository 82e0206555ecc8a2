/* solid.h - what a phantom is made of: solids, each an outline on the film plane swept sideways along the beam.
 *
 * Frame: millimetres in the mid-sagittal plane (so already free of magnification), x towards anterior (in frontal films: towards the right
 * of
 * the image), y DOWN, z along the beam, + towards the source; origin at the posterior end of the S1 plate. The patient always looks
 * to +x here; a film that faces left is mirrored as a whole at the very end, picture and truth alike.
 * The outline is the solid's cut at its own lateral centre z. A slice at lateral offset t from that centre is the outline moved by
 * t * shear, where the projector adds the beam's own: t * (p - focus) / source_distance at film point p (struct film in anatomy.h). So
 * plates
 * that are tilted against the local ray show both rims, and the outline, which is the label, is midway between them.
 * Thickness follows the relative position in the solid's frame: q along the superior plate's direction, 0 anterior .. 1 posterior, v from
 * the superior plate 0 to the inferior plate 1 (inverse bilinear map of the four corners). */
#ifndef SYNTH_SOLID_H
#define SYNTH_SOLID_H

/* In the order of the attenuation table. */
enum material { MATERIAL_WATER, MATERIAL_SOFT, MATERIAL_MUSCLE, MATERIAL_FAT, MATERIAL_LUNG, MATERIAL_CORTICAL, MATERIAL_SPONGIOSA,
    MATERIAL_TITANIUM,
    MATERIAL_COBALT, MATERIAL_STEEL, MATERIAL_TANTALUM, MATERIAL_PEEK, MATERIAL_PMMA, MATERIAL_CEMENT_BARIUM, MATERIAL_CEMENT_ZIRCONIUM,
        MATERIALS };

enum part { PART_BODY = 1, PART_DENS, PART_ARCH, PART_PEDICLE, PART_FACET, PART_LAMINA, PART_SPINOUS, PART_TRANSVERSE, PART_SACRUM,
    PART_HEAD,
    PART_FEMUR, PART_SKULL, PART_PALATE, PART_OSTEOPHYTE, PART_DISC, PART_SCLEROSIS, PART_CLEFT, PART_OTHER };

/* corners: superior / inferior x anterior / posterior (frontal films: right / left of the image) */
enum { SA, SP, IA, IP };

typedef struct solid {
    enum part part;
    int       level;                     /* GEO_C1 .. GEO_S1, LEVEL_L6, or 0 */
    enum material core, shell;           /* inside, and the layer around it; the same: of one piece */
    const double (*outline)[2]; int n;   /* closed, clockwise on the screen, mm; lives in the list's pool */
    double    corner[4][2];              /* SA SP IA IP: the frame that q and v are relative to */
    /* Half the width along the beam at (q, v) is half(v) * waist(v) * sqrt(max(0, 1 - |2q-1|^e0 - |2v-1|^e1)), half(v) linear from half[0]
     * at v = 0 to half[1] at v = 1, waist(v) = 1 - (1 - waist) * (1 - (2v-1)^2); a power e of 0 stands for no dependence. Bodies: 2.6, 0;
     * a ball: 2, 2; a slab: 0, 0. Points of the outline beyond the frame are taken at the nearest q, v inside it (0.02 .. 0.98). */
    double    half[2], power[2], waist;
    double    shell_mm;                  /* thickness of the shell, all around; 0: none */
    double    plate_mm[2];               /* thickness of the bony plates seen edge-on, superior and inferior; 0: none. They run along the
                                          * outline between the corners, are of the shell's material and as wide as the solid there */
    double    wall;                      /* the posterior wall's shell is this much thicker (1.2), 1: no difference */
    double    shear[2];                  /* own tilt: dx/dz, dy/dz; axial rotation gives the first, lateral bending the second */
    double    z;                         /* lateral centre */
    double    density;                   /* multiplies the attenuation; negative: taken away (a cleft, a hole) */
    double    filled;                    /* share of the core's shadow that is left: 1 sound, below it the bone is thinned, above it dense */
    double    texture;                   /* SD of the logarithm of the core's trabecular texture; 0: none */
} solid;

/* A list that owns its outlines. Pool and list have fixed room, so that pointers stay; too little room is a mistake of the caller
 * (assert). */
typedef struct solids { int n, room, used, points; solid *s; double (*pool)[2]; } solids;
solids  solids_new(int room, int points);
void    solids_free(solids *l);
/* Copies the outline (n, 2) into the pool. The returned solid may be changed until the next call; frame: bounding box, slab, density 1. */
solid  *solids_add(solids *l, enum part part, int level, const double (*outline)[2], int n);
#endif
