/* export.h - a store as plain files, bit for bit: what import reads, export writes back, and `import exported` makes the same store of it.
 *
 *   DIR/images/ID.png      8 or 16 bits            DIR/classes.csv    value,name,kind
 *   DIR/masks/ID.png       label map               DIR/labels.csv     corners in the form that `import corners` reads (if there are any)
 *   DIR/planes/VALUE/ID.png          0 / VALUE     DIR/truth.json     {"cases": [...]}: the whole index, corners,
 *   DIR/instances/ID/NNN_LEVEL.png   0 / class (255 for class 1)      landmarks, values, which pictures there are
 *   DIR/implants/ID.png    0 / 255: classes of kind implant
 *
 * A plane is a label map of one class, of the cases where it may overlap others; a case without the class has no file. */
#ifndef DATASETS_EXPORT_H
#define DATASETS_EXPORT_H
#include "datasets/store.h"

extern const char *const export_products[];      /* what stands in DIR after an export; NULL at the end */

/* DIR/coco.json: films (with patient and spacing_x, spacing_y), objects as compressed runs with their level, and landmarks as keypoints of one
 * category of supercategory "landmarks" (radii beside them); of a film without objects each class of its label map is one. `import
 * coco` makes objects, label maps drawn from them, and landmarks of it, bit for bit; corners, values and planes are not in it. */
void export_coco(const store *s, const char *folder);

/* Makes the folders, overwrites files of the same names; truth.json comes last. Dies 2 where the store is damaged or the folder cannot be
 * made, 4 when the disk is full. */
void export_store(const store *s, const char *folder, void (*tick)(void *with, int64_t done, int64_t total), void *with);

/* What the corners TL TR BL BR of a store are called in truth.json, by 1 + which way the patient looks (-1 left, 0 not known, 1 right). */
extern const char *const export_corners[3][4];
#endif
