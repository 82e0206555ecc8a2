/* die.h - how darkspine reports what went wrong, and memory that never comes back NULL.
 *
 * What a user can cause is ONE line on stderr, `darkspine: WHERE: got X, wanted Y`, and exit status 2. What the machine causes
 * (disk full, no memory) is one line and status 4; numbers that went wrong are status 3. What only the code can cause is an assert.
 * No call here returns after an error, so callers need no error paths; a caller that must go on (an importer that lists bad
 * files, a fuzzer, a test) sets a die_trap first. */
#ifndef BASE_DIE_H
#define BASE_DIE_H
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define _Noreturn [[noreturn]]
#endif

enum { EXIT_OK = 0, EXIT_OTHER = 1, EXIT_INPUT = 2, EXIT_NUMBERS = 3, EXIT_MACHINE = 4, EXIT_STOPPED = 75 };

#define PRINTF(a, b) __attribute__((format(printf, a, b)))

_Noreturn void die(const char *fmt, ...) PRINTF(1, 2);                            /* "darkspine: ..."; exit 2 */
_Noreturn void die_at(const char *at, const char *fmt, ...) PRINTF(2, 3);         /* at = "unet.cfg:42" or "--flag"; exit 2 */
_Noreturn void die_numbers(const char *fmt, ...) PRINTF(1, 2);                    /* a non-finite value; exit 3 */
_Noreturn void die_machine(const char *fmt, ...) PRINTF(1, 2);                    /* disk, memory, device; exit 4 */
void warn_never(void);                                                            /* --quiet: from here on warn says nothing */
int  warn_silent(void);                                                           /* is it so? */
void warn(const char *fmt, ...) PRINTF(1, 2);                                     /* one line on stderr, then go on; the same line again is not said twice */

/* Catching, per thread and nestable:
 *     die_trap t; die_trap_push(&t);
 *     if (!setjmp(t.jump)) { ... may die ...; die_trap_pop(&t); } else { t.text and t.status say why; already popped }
 * Memory taken between push and the error is not given back: for tools that end soon, tests and fuzzers. */
typedef struct die_trap { jmp_buf jump; char text[1024]; int status; struct die_trap *outer; } die_trap;
void die_trap_push(die_trap *t);
void die_trap_pop(die_trap *t);
_Noreturn void die_again(const die_trap *t);         /* raises what was caught once more: the same text, the same status */

/* The name in names[0..n) (NULL entries skipped) closest to got by edit distance, or NULL when none is close enough to
 * suggest. die_nearest gives the ready text " (did you mean Z?)" or "", in a buffer of its own per thread. */
const char *nearest(const char *got, const char *const *names, int n);
const char *die_nearest(const char *got, const char *const *names, int n);

void *xalloc(size_t bytes);                  /* zeroed; dies with status 4. 0 bytes give a valid pointer. free() it */
void *xalloc_n(size_t n, size_t each);       /* the same for n * each, overflow checked */
void *xgrow(void *p, size_t bytes);          /* realloc; the new part is not cleared */
char *xdup(const char *s);
char *xprintf(const char *fmt, ...) PRINTF(1, 2);   /* a fresh string; free() it */

/* Decimal text -> number, the whole text or 0 (false): no trailing characters, no overflow, no NaN or infinity. */
int text_int(const char *s, int64_t *out);
int text_real(const char *s, double *out);
#ifdef __cplusplus
}
#undef _Noreturn
#endif
#endif
