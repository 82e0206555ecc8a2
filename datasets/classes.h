/* classes.h - what the values of a label map mean: a table of (value, name, kind), from a CSV file or made of plain numbers.
 *
 * The file is `value,name,kind`, one class a line; kind groups classes (vertebra, sacrum, femoral_head, skull, implant).
 * Fields may stand in quotes. 0 is background: a row 0,background is passed over, and it never stands in the table. A value without a row is called by its number. */
#ifndef DATASETS_CLASSES_H
#define DATASETS_CLASSES_H
#include <stdint.h>

enum { CLASS_MAX = 255, CLASS_NAME = 64 };

typedef struct class { int value; char name[CLASS_NAME], kind[CLASS_NAME]; } class;      /* value 1..255 */
typedef struct classes { int n; class *c; } classes;                                      /* ascending by value; zero = no table */

classes classes_read(const char *path);              /* dies 2 with file:line on anything malformed, out of range or doubled */
/* A file, or the bare name of a table that the program brings along (levels, whole, cervical ...); dies 2 at `at` where it is neither. */
classes classes_given(const char *at, const char *word);
classes classes_named(const char *name);             /* a table the program brings along; n 0: no such */
classes classes_parse(const char *text, const char *path);     /* the same of text; path: what messages call it. May hold no class */
classes classes_copy(const classes *t);
void    classes_add(classes *t, int value, const char *name, const char *kind);           /* dies 2 where the value or name stands already */
void    classes_free(classes *t);
const class *classes_find(const classes *t, int value);                                   /* NULL: not in the table */
/* The class's name, or its number as text in buf when the table has no row for it. */
const char *classes_name(const classes *t, int value, char buf[16]);
/* The two femoral heads, where the table tells two apart by a number alone (femoral_head_1, femoral_head_2): on a lateral film which is which is
 * arbitrary. twin (256): each other's value for these two, all others their own. */
void    classes_twins(const classes *t, uint8_t twin[256]);
/* Values as a list, "8-19,20" (data.labels of a run): value[k] is that of class k = 1, 2, ... in this order, value[0] = 0. Returns how
 * many; dies 2, naming `at`, where it is no such list. */
int     classes_values(const char *labels, const char *at, int value[256]);
#endif
