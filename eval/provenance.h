/* provenance.h - what a result was made from, by SHA-256: the program, the data, the films that were chosen, the weights and their run
 * file. */
#ifndef EVAL_PROVENANCE_H
#define EVAL_PROVENANCE_H
#include <jansson.h>
#include <stdint.h>

typedef struct provenance {
    const char *prediction, *truth, *second;     /* paths as given; second: the other reader, or NULL */
    const char *settings;                        /* what was given to the evaluation (flags_given) */
    const char *split;                           /* name of the part, or NULL: all */
    int64_t cases;                               /* films that were evaluated */
    const char *const *id;                       /* (cases) their names, in order */
} provenance;

/* {program:{version, commit, sha256}, settings, prediction:{path, sha256, settings}, truth:{...}, [second_reader], split:{name, cases, sha256 of the names, a
 * line each}, weights:{path, sha256}, cfg:{path, sha256}}; a fresh object. A folder's hash is over the names and hashes of its files. What
 * is not there is null with its reason. */
json_t *provenance_json(const provenance *p);

/* SHA-256 of a file's bytes as 64 hex digits; 0 where it cannot be read. */
int provenance_hash(const char *path, char hex[65]);
#endif
