/* test.h - what every test program shares, on top of cmocka.
 *
 * A program lists its tests in a CMUnitTest table and returns run(tests). tests/run adds up the closing lines of all of them. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>
#include "base/die.h"

#define RUN_TESTS(table) _cmocka_run_group_tests(__FILE__, table, sizeof(table) / sizeof *(table), NULL, NULL)

/* |got - want| <= tol, written so that NaN fails. */
#define near(got, want, tol) do { double g_ = (double)(got), w_ = (double)(want), t_ = (double)(tol); \
    if (!(fabs(g_ - w_) <= t_)) fail_msg("%s = %.10g, wanted %.10g +- %.3g", #got, g_, w_, t_); } while (0)

/* The statement must die with this status and a text that contains the words. */
#define dies(status_, words, statement) do { die_trap trap_; die_trap_push(&trap_); \
    if (!setjmp(trap_.jump)) { statement; die_trap_pop(&trap_); fail_msg("%s: did not die", #statement); } \
    else { if (!strstr(trap_.text, words)) fail_msg("died with '%s', wanted '%s'", trap_.text, words); \
           assert_int_equal(trap_.status, status_); } } while (0)

/* A fresh scratch folder under $TMPDIR or /tmp, removed by test_scratch_remove. */
static inline char *test_scratch(void)
{
    const char *base = getenv("TMPDIR");
    char *p = xprintf("%s/darkspine-test-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(p));
    return p;
}
static inline void test_scratch_remove(char *p)
{
    char *cmd = xprintf("rm -rf '%s'", p);
    assert_int_equal(system(cmd), 0);
    free(cmd), free(p);
}
#endif
