/* parallel_test.c - errors in a loop on several threads: caught, and raised once with their status; and an error raised again. */
#include "tests/test.h"
#include "base/parallel.h"
#include <omp.h>

enum { N = 50 };
static void count(void *arg, int64_t i) { ((int *)arg)[i]++; }

static void fails_at_7_and_9(void *arg, int64_t i)
{
    count(arg, i);
    if (i == 7) die_numbers("step 7 is not finite");
    if (i == 9) die_machine("step 9");
}

static void note(void *with, int64_t done, int64_t total)
{
    int64_t *last = with;
    assert_int_equal(done, *last + 1);
    assert_int_equal(total, N);
    *last = done;
}

static void every_step_once(void **state)
{
    (void)state;
    int done[N] = { 0 };
    int64_t last = 0;
    omp_set_num_threads(4);
    parallel_for(N, count, done, note, &last);
    for (int i = 0; i < N; i++) assert_int_equal(done[i], 1);
    assert_int_equal(last, N);
    parallel_for(0, count, NULL, NULL, NULL);
}

static void the_first_error_counts(void **state)
{
    (void)state;
    int done[N] = { 0 };
    omp_set_num_threads(1);
    dies(EXIT_NUMBERS, "step 7 is not finite", parallel_for(N, fails_at_7_and_9, done, NULL, NULL));
    assert_int_equal(done[7], 1);
    assert_int_equal(done[8], 0);                /* after an error no new step begins */
    omp_set_num_threads(4);
    die_trap t;
    die_trap_push(&t);
    if (!setjmp(t.jump)) parallel_for(N, fails_at_7_and_9, done, NULL, NULL), die_trap_pop(&t);
    assert_true(t.status == EXIT_NUMBERS || t.status == EXIT_MACHINE);
}

static void raises_again(int status)
{
    const die_trap caught = { .status = status, .text = "what it was" };
    dies(status, "what it was", die_again(&caught));
}

static void an_error_raised_again_keeps_its_status(void **state)
{
    (void)state;
    raises_again(EXIT_INPUT), raises_again(EXIT_NUMBERS), raises_again(EXIT_MACHINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_once), cmocka_unit_test(the_first_error_counts), cmocka_unit_test(an_error_raised_again_keeps_its_status),
    };
    return RUN_TESTS(tests);
}
