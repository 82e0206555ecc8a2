/* flags.h - one way for every verb to read its command line.
 *
 * A verb declares a const table of its own flags and a `usage`; the flags that mean the same everywhere (--json, --threads, ...)
 * come from one shared table and are switched on by bits. Parsing sorts the words into inputs, flags and key=value settings;
 * whatever is unknown, doubled, missing or too many is one line on stderr, exit 2, with the nearest name.
 *     static const flag own[] = { { "--parts", "NAME=SHARE,...", "shares of the parts" }, { 0 } };
 *     static const usage how = { "split", "STORE.h5", "Assign every patient to a part.", own, FLAG_JSON | FLAG_SEED, 1, 1, 0 };
 *     flags *f = flags_parse(&how, argc, argv);  if (!f) return 0;       // --help was asked for and printed
 * Values are given as `--flag VALUE` or `--flag=VALUE`; `--` ends the flags. */
#ifndef VERBS_FLAGS_H
#define VERBS_FLAGS_H
#include <stdint.h>

typedef struct flag { const char *name, *value, *help; } flag;          /* value: placeholder in the help; NULL for a switch */

enum {                                                                   /* which of the shared flags a verb takes */
    FLAG_JSON = 1, FLAG_QUIET = 2, FLAG_FORCE = 4, FLAG_OUT = 8, FLAG_DEVICE = 16, FLAG_THREADS = 32, FLAG_SEED = 64, FLAG_PRECISION = 128,
    FLAG_COMPUTE = FLAG_DEVICE | FLAG_THREADS | FLAG_SEED | FLAG_PRECISION,
    FLAG_NO_NET = 256                                                    /* no flag: --precision is taken like everywhere, and changes nothing */
};

typedef struct usage {
    const char *verb, *inputs, *summary;      /* "import", "KIND SRC OUT.h5", one sentence or more lines */
    const flag *own;                          /* ends with a zero entry; NULL: none */
    unsigned shared;                          /* FLAG_ bits; --help is always there */
    int least, most;                          /* number of inputs; most -1: any */
    int settings;                             /* accepts section.key=value and key=value words */
} usage;

typedef struct flags {
    const usage *how;
    int n;  char **input;                     /* what is neither a flag nor a setting; all strings belong to argv */
    int nset; char **set;                     /* "section.key=value", in order; --precision stands last, as net.precision=WORD */
    char *precision;
    const char **value;                       /* per flag (shared first, then own): NULL absent, "" a switch that is given */
} flags;

/* argv[0] is the verb. NULL after --help was printed to stdout. Dies 2 on anything wrong. */
flags *flags_parse(const usage *how, int argc, char **argv);
void   flags_free(flags *f);
void   flags_help(const usage *how);                                      /* the text of --help, to stdout */

/* Asking for a flag that the verb did not declare is a mistake in the program (assert). */
int         flags_has(const flags *f, const char *name);
const char *flags_text(const flags *f, const char *name, const char *otherwise);
int64_t     flags_int(const flags *f, const char *name, int64_t otherwise, int64_t least, int64_t most);   /* dies 2 outside [least, most] */
double      flags_real(const flags *f, const char *name, double otherwise, double least, double most);
int         flags_word(const flags *f, const char *name, const char *const *words, int n, int otherwise);  /* index into words */
/* --spacing SX,SY: mm per pixel that a film may have (geo_spacing_sound); returns 0 when the flag is absent. */
int         flags_spacing(const flags *f, double out[2]);
/* The flags and settings that were given ("--tta detector.score=0.3"), words in quotes where a shell wants them, without inputs and the
 * shared flags that change no result (--json, --quiet, --force, --out, --threads): what a result says it was made with. Fresh; to be asked
 * before a verb takes words out of f->set. */
char       *flags_given(const flags *f);
/* Dies 2 when path is a folder, or exists and --force was not given: results are not overwritten by accident. */
void        flags_may_write(const flags *f, const char *path);
void        flags_may_replace(const flags *f, const char *path);         /* the same for what may also be a folder */
#endif
