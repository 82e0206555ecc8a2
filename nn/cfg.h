/* cfg.h - the text of a network or run, as sections of key=value lines that remember where they stand.
 *
 * Darknet's grammar: [section], key=value, # or ; comments (anywhere; a # inside a value must not follow a space). Added: name=
 * on any section, [include] file=, [repeat] times=N ... [end] (in which %d in a value is the pass, from 1 or first=). Every value knows its
 * file and line, and whether it was used; what nobody uses, or stands twice, or is malformed, is an error. */
#ifndef NN_CFG_H
#define NN_CFG_H
#include "nn/key.h"

typedef struct cfg_entry {
    char *key, *value;
    char *at;                            /* "unet.cfg:42", or "command line" */
    int used;
} cfg_entry;

typedef struct cfg_section {
    char *name, *at;
    cfg_entry *e; int n;
    int used;
} cfg_section;

typedef struct cfg { char *path; cfg_section *s; int n; } cfg;

cfg  *cfg_read(const char *path);                         /* a file; includes are relative to it */
cfg  *cfg_parse(const char *text, const char *path);      /* a text that calls itself path in messages */
void  cfg_free(cfg *c);
/* "section.key=value" or "NAME.key=value" (the section whose name= is NAME) onto what was read; a section of `known` (NULL-ended)
 * that the text lacks is added. Dies where no section fits. */
void  cfg_override(cfg *c, const char *word, const char *const *known);
cfg_section *cfg_find(const cfg *c, const char *section); /* the first of that name, or NULL */
const char  *cfg_get(cfg_section *s, const char *key);    /* the value, marked used, or NULL */
/* Defaults, then every key of the section that the table knows. Dies on a missing required key. Keys the table does not know are
 * left unused: cfg_check_used turns them into errors, with the nearest name of the tables that were tried. */
void  cfg_fill(cfg_section *s, const key *table, void *out);
void  cfg_check_used(const cfg_section *s, const key *const *tables, int ntables);
char *cfg_text(const cfg *c);                             /* the cfg as text again (includes and repeats unrolled); free() it */
/* The text of one section with every value at what was filled in: "[solver]\nepochs=10\n...". Appends to *text (fresh or NULL). */
void  cfg_print_section(char **text, const char *section, const key *table, const void *values);
#endif
