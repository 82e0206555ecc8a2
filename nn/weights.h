/* weights.h - parameters to and from safetensors files, under our names or those of a reference implementation.
 *
 * A safetensors file is 8 bytes of header length, a JSON header { name: { dtype, shape, data_offsets } } and the data. Reading is
 * strict both ways: the header must describe every byte once, every tensor of the file is used and every parameter is filled.
 * A key map renames: "up1.conv2.norm.weight" is "up1.conv.double_conv.4.weight" in Milesial's U-Net. Shapes in the file are
 * always the reference's (O,I,H,W), with or without a map; the layout of a parameter says how it is turned. */
#ifndef NN_WEIGHTS_H
#define NN_WEIGHTS_H
#include "nn/params.h"

typedef struct key_rule { const char *theirs, *ours; } key_rule;       /* name prefixes; # stands for a number, the same on both sides */

typedef struct key_map {
    const char *name, *about;
    const key_rule *rule;                /* ends with a NULL; the longest prefix that fits is taken; the rest of the name is kept */
    const char *counter;                 /* last part of the name of an int64 scalar that stands beside each running_var, or NULL:
                                            written as 0, checked and ignored on reading */
    const char *ignored;                 /* name of an entry that may stand in the file and is ignored; with a dot at its
                                            end, how the names of such entries begin; or NULL */
    const struct key_map *older;         /* names that the same implementation used before, taken where they fit better; or NULL */
    int no_statistics;                   /* files may lack the statistics of all norms, which are then 0 and 1 */
} key_map;

extern const key_map key_maps[];                         /* ends with a NULL name */
const key_map *key_map_find(const char *name);           /* dies 2 with the nearest name: at --keys */
/* The other side's name of a parameter, into text, which is returned; NULL: no rule fits. map NULL: the name itself. */
char *key_map_theirs(const key_map *map, const char *ours, char text[160]);
char *key_map_ours(const key_map *map, const char *theirs, char text[160]);

/* All of p->x as F32 (F64 in the double build). Returns the number of tensors in the file. */
int  weights_write(const char *path, const params *p, const key_map *map);
/* Fills all of p->x from F32, F64, F16 or BF16 (rounded to `real` where they are wider). Dies 2 naming the first tensor that is
 * missing, left over, or of another shape, and how many there are. Returns the number of tensors in the file. */
int  weights_read(const char *path, params *p, const key_map *map);
#endif
