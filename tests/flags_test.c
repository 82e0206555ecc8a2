/* flags_test.c - the command line of a verb: values, switches, settings, and one clear line for each mistake. */
#include "tests/test.h"
#include "verbs/flags.h"
#include <unistd.h>

static const flag own[] = { { "--parts", "NAME=SHARE,...", "shares" }, { "--exclude", NULL, "a switch" }, { "--spacing", "SX,SY", "mm" }, { 0 } };
static const usage how = { "demo", "IN OUT", "Does nothing.", own, FLAG_JSON | FLAG_FORCE | FLAG_SEED | FLAG_DEVICE, 1, 2, 1 };
static const usage plain = { "plain", "IN", "Takes no settings.", NULL, FLAG_QUIET, 1, -1, 0 };

#define PARSE(usage, ...) flags_parse(usage, (int)(sizeof (char *[]){ __VA_ARGS__ } / sizeof(char *)), (char *[]){ __VA_ARGS__ })

static void sorts_words(void **state)
{
    (void)state;
    char *argv[] = { "demo", "a film.png", "--parts", "train=.8", "solver.lr=0.1", "--exclude", "--seed=7", "n=100", "out.h5" };
    flags *f = flags_parse(&how, 9, argv);
    assert_int_equal(f->n, 2);
    assert_string_equal(f->input[0], "a film.png");
    assert_string_equal(f->input[1], "out.h5");
    assert_int_equal(f->nset, 2);
    assert_string_equal(f->set[0], "solver.lr=0.1");
    assert_string_equal(f->set[1], "n=100");
    assert_string_equal(flags_text(f, "--parts", "x"), "train=.8");
    assert_true(flags_has(f, "--exclude"));
    assert_false(flags_has(f, "--json"));
    assert_int_equal(flags_int(f, "--seed", 1, 0, 100), 7);
    assert_string_equal(flags_text(f, "--device", "auto"), "auto");
    flags_free(f);
}

static const usage no_net = { "plain", "IN", "Has no network.", NULL, FLAG_PRECISION | FLAG_NO_NET, 1, 1, 1 },
    net = { "plain", "IN", "Has one.", NULL, FLAG_PRECISION, 1, 1, 1 };

static void precision_is_a_word_of_the_network(void **state)
{
    (void)state;
    flags *f = PARSE(&net, "plain", "a", "--precision", "bf16"), *g = PARSE(&no_net, "plain", "a", "--precision", "bf16");
    assert_int_equal(f->nset, 1);
    assert_string_equal(f->set[0], "net.precision=bf16");
    assert_int_equal(g->nset, 0);
    dies(2, "--precision: got 'half'", PARSE(&no_net, "plain", "a", "--precision", "half"));
    flags_free(f), flags_free(g);
}

/* What a result says it was made with can be given to a shell again. */
static void given_words_are_quoted(void **state)
{
    (void)state;
    flags *f = PARSE(&how, "demo", "a film.png", "--parts", "my films", "--exclude", "--force", "n=it's", "lr=0.1");
    char *text = flags_given(f);
    assert_string_equal(text, "--parts 'my films' --exclude 'n=it'\\''s' lr=0.1");
    free(text), flags_free(f);
}

static void paths_are_no_settings(void **state)
{
    (void)state;
    char *argv[] = { "demo", "./a=b.png", "--", "--json" };
    flags *f = flags_parse(&how, 4, argv);
    assert_int_equal(f->n, 2);
    assert_string_equal(f->input[0], "./a=b.png");
    assert_string_equal(f->input[1], "--json");
    assert_false(flags_has(f, "--json"));
    flags_free(f);
    char *word[] = { "plain", "a=b", "-" };
    f = flags_parse(&plain, 3, word);
    assert_int_equal(f->n, 2);
    flags_free(f);
}

static void mistakes(void **state)
{
    (void)state;
    dies(2, "--partz: no such flag for demo (did you mean --parts?)", PARSE(&how, "demo", "a", "--partz", "x"));
    dies(2, "--threads: no such flag for demo", PARSE(&how, "demo", "a", "--threads", "2"));
    dies(2, "no such flag", PARSE(&how, "demo", "a", "-j"));
    dies(2, "--parts: a value is missing", PARSE(&how, "demo", "a", "--parts"));
    dies(2, "--parts: got the flag --json", PARSE(&how, "demo", "a", "--parts", "--json"));
    dies(2, "--seed: given twice", PARSE(&how, "demo", "a", "--seed", "1", "--seed", "2"));
    dies(2, "--exclude: takes no value", PARSE(&how, "demo", "a", "--exclude=yes"));
    dies(2, "did not expect 'c'", PARSE(&how, "demo", "a", "b", "c"));
    dies(2, "got 0 inputs, wanted: darkspine demo IN OUT", PARSE(&how, "demo"));
}

static void numbers(void **state)
{
    (void)state;
    static const char *const devices[] = { "cpu", "cuda", "auto" };
    double s[2];
    char *argv[] = { "demo", "a", "--seed", "12x", "--spacing", "0.143,0.2", "--device", "gpu" };
    flags *f = flags_parse(&how, 8, argv);
    dies(2, "--seed: got '12x', wanted a whole number from 0 to 100", flags_int(f, "--seed", 0, 0, 100));
    dies(2, "--device: got 'gpu', wanted one of cpu, cuda, auto", flags_word(f, "--device", devices, 3, 2));
    assert_int_equal(flags_spacing(f, s), 1);
    near(s[0], 0.143, 0);
    near(s[1], 0.2, 0);
    flags_free(f);
    char *bad[] = { "demo", "a", "--spacing", "0.143", "--seed=101" };
    f = flags_parse(&how, 5, bad);
    dies(2, "--spacing: got '0.143', wanted mm per pixel from 0.005 to 10", flags_spacing(f, s));
    dies(2, "--seed: got '101'", flags_real(f, "--seed", 0, 0, 100));
    flags_free(f);
    char *none[] = { "demo", "a" }, *wide[] = { "demo", "a", "--spacing", "0.1,1.1" };
    f = flags_parse(&how, 2, none);
    assert_int_equal(flags_spacing(f, s), 0);
    flags_free(f);
    f = flags_parse(&how, 4, wide);
    dies(2, "neither above ten times the other", flags_spacing(f, s));
    flags_free(f);
}

static void force_is_needed(void **state)
{
    (void)state;
    char *a[] = { "demo", "x" }, *b[] = { "demo", "x", "--force" };
    flags *f = flags_parse(&how, 2, a), *g = flags_parse(&how, 3, b);
    dies(2, "/dev/null: exists already; --force", flags_may_write(f, "/dev/null"));
    flags_may_write(f, "/no/such/file");
    flags_may_write(g, "/dev/null");
    dies(2, "/: is a folder, wanted a file to write", flags_may_write(g, "/"));
    flags_free(f), flags_free(g);
}

/* --help goes to stdout and lists own and shared flags, and only those that the verb takes. */
static void help(void **state)
{
    (void)state;
    char text[4096] = "", *argv[] = { "demo", "--help" };
    fflush(stdout);
    int keep = dup(1);
    FILE *f = tmpfile();
    dup2(fileno(f), 1);
    flags *none = flags_parse(&how, 2, argv);
    fflush(stdout), dup2(keep, 1), close(keep);
    rewind(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    assert_null(none);
    assert_non_null(strstr(text, "usage: darkspine demo IN OUT [--flags] [section.key=value ...]"));
    assert_non_null(strstr(text, "--parts NAME=SHARE,...  shares"));
    assert_non_null(strstr(text, "--seed N"));
    assert_null(strstr(text, "--threads"));
}

int main(void)
{
    const struct CMUnitTest table[] = { cmocka_unit_test(sorts_words), cmocka_unit_test(given_words_are_quoted), cmocka_unit_test(precision_is_a_word_of_the_network), cmocka_unit_test(paths_are_no_settings), cmocka_unit_test(mistakes),
                                        cmocka_unit_test(numbers), cmocka_unit_test(force_is_needed), cmocka_unit_test(help) };
    return RUN_TESTS(table);
}
