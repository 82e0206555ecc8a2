/* table_test.c - what each form of a table looks like, to the byte, with hostile names and missing cells. */
#include "tests/test.h"
#include "eval/table.h"
#include "base/utf8.h"

static char *written(const table *t, enum table_form form)
{
    char *got = 0;
    size_t n = 0;
    FILE *f = open_memstream(&got, &n);
    table_write(t, f, form);
    fclose(f);
    return got;
}

/* What is written in a form equals want. */
static void looks(const table *t, enum table_form form, const char *want)
{
    char *got = written(t, form);
    if (strcmp(got, want)) fail_msg("got\n%s\nwanted\n%s", got, want);
    free(got);
}

static table *example(void)
{
    table *t = table_new("Agreement");
    table_column(t, "class", "", COLUMN_TEXT, 0);
    table_column(t, "n", "", COLUMN_COUNT, 3);
    table_column(t, "DSC", "", COLUMN_SPREAD, 3);
    table_column(t, "CI", "", COLUMN_RANGE, 2);
    table_column(t, "HD95", "mm", COLUMN_NUMBER, 1);
    table_text(t, "요추 1"), table_count(t, 128);
    table_numbers(t, 0.1 + 0.2, 0.0411), table_numbers(t, 0.25, 0.35), table_number(t, 3.25);
    table_text(t, "a|b,\"c\""), table_count(t, 0);
    table_missing(t, "no image has it"), table_missing(t, "no image has it"), table_missing(t, "no border");
    table_rule(t);
    table_text(t, "sacrum"), table_count(t, 7), table_numbers(t, -0.0001, 1), table_numbers(t, -1, 12), table_quantity(t, quantity_of(-2));
    table_note(t, "mean ± SD");
    return t;
}

static void plain_text(void **state)
{
    (void)state;
    table *t = example();
    looks(t, TABLE_PLAIN,
          "Agreement\n"
          "class      n            DSC              CI  HD95 (mm)\n"
          "──────────────────────────────────────────────────────\n"
          "요추 1   128  0.300 ± 0.041    0.25 to 0.35        3.2\n"
          "a|b,\"c\"    0          – [1]           – [1]      – [2]\n"
          "──────────────────────────────────────────────────────\n"
          "sacrum     7  0.000 ± 1.000  -1.00 to 12.00       -2.0\n"
          "mean ± SD\n[1] no image has it\n[2] no border\n");
    table_free(t);
}

static void markdown(void **state)
{
    (void)state;
    table *t = example();
    looks(t, TABLE_MARKDOWN,
          "**Agreement**\n\n"
          "| class | n | DSC | CI | HD95 (mm) |\n"
          "|:---|---:|---:|---:|---:|\n"
          "| 요추 1 | 128 | 0.300 ± 0.041 | 0.25 to 0.35 | 3.2 |\n"
          "| a\\|b,\"c\" | 0 | – [1] | – [1] | – [2] |\n"
          "| | | | | |\n"
          "| sacrum | 7 | 0.000 ± 1.000 | -1.00 to 12.00 | -2.0 |\n"
          "\nmean ± SD  \n[1] no image has it  \n[2] no border  \n");
    table_free(t);
}

static void csv(void **state)
{
    (void)state;
    table *t = example();
    looks(t, TABLE_CSV,
          "class,n,DSC_mean,DSC_sd,CI_low,CI_high,HD95 (mm),missing\n"
          "요추 1,128,0.30000000000000004,0.0411,0.25,0.35,3.25,\n"
          "\"a|b,\"\"c\"\"\",0,,,,,,\"DSC, CI: no image has it; HD95: no border\"\n"
          "sacrum,7,-0.0001,1,-1,12,-2,\n");
    table_free(t);
}

static void latex(void **state)
{
    (void)state;
    table *t = example();
    looks(t, TABLE_LATEX,
          "\\begin{table}\n\\caption{Agreement}\n\\begin{tabular}{lrrrr}\n\\hline\n"
          "class & n & DSC & CI & HD95 (mm) \\\\\n\\hline\n"
          "요추 1 & 128 & 0.300 $\\pm$ 0.041 & 0.25 to 0.35 & 3.2 \\\\\n"
          "a\\textbar{}b,\\textquotedbl{}c\\textquotedbl{} & 0 & -- [1] & -- [1] & -- [2] \\\\\n"
          "\\hline\n"
          "sacrum & 7 & 0.000 $\\pm$ 1.000 & $-$1.00 to 12.00 & $-$2.0 \\\\\n"
          "\\hline\n\\end{tabular}\n\\par mean $\\pm$ SD\n\\par [1] no image has it\n\\par [2] no border\n\\end{table}\n");
    table_free(t);
    t = table_new("");
    table_column(t, "50 % of a_b & {c} ~ ^ # $ \\", "", COLUMN_TEXT, 0);
    looks(t, TABLE_LATEX, "\\begin{table}\n\\begin{tabular}{l}\n\\hline\n50 \\% of a\\_b \\& \\{c\\} \\textasciitilde{} "
        "\\textasciicircum{} \\# \\$ "
          "\\textbackslash{} \\\\\n\\hline\n\\hline\n\\end{tabular}\n\\end{table}\n");
    table_free(t);
}

/* Longer than a page: no float, and the headings on every page. */
static void long_latex(void **state)
{
    (void)state;
    for (int rows = 40; rows <= 41; rows++) {
        table *t = table_new("All");
        table_column(t, "a", "", COLUMN_COUNT, 0);
        for (int i = 0; i < rows; i++) table_count(t, i);
        table_note(t, "end");
        char *text = written(t, TABLE_LATEX);
        if (rows == 40) assert_non_null(strstr(text, "\\begin{table}\n\\caption{All}\n\\begin{tabular}{r}\n\\hline\na \\\\\n\\hline\n0 \\\\\n"));
        else {
            const char *head = "\\begin{longtable}{r}\n\\caption{All} \\\\\n\\hline\na \\\\\n\\hline\n\\endhead\n0 \\\\\n";
            const char *end = "40 \\\\\n\\hline\n\\end{longtable}\n\\par end\n";
            assert_int_equal(strncmp(text, head, strlen(head)), 0);
            assert_string_equal(text + strlen(text) - strlen(end), end);
        }
        free(text), table_free(t);
    }
}

static void no_rows(void **state)
{
    (void)state;
    table *t = table_new("");
    table_column(t, "a", "", COLUMN_TEXT, 0);
    looks(t, TABLE_PLAIN, "a\n─\n");
    looks(t, TABLE_CSV, "a,missing\n");
    table_free(t);
}

static void names_are_made_safe(void **state)
{
    (void)state;
    const char *cases[][2] = {
        { "ok é ± 척", "ok é ± 척" }, { "a\nb\x1b[31m", "a\uFFFDb\uFFFD[31m" }, { "\xff\xc3", "\uFFFD\uFFFD" },
        { "\xc0\xaf", "\uFFFD\uFFFD" }, { "\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD" }, { "\xc2\x85", "\uFFFD" }, { "", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *s = utf8_clean(cases[i][0]);
        assert_string_equal(s, cases[i][1]);
        free(s);
    }
    assert_int_equal(utf8_width("abc"), 3);
    assert_int_equal(utf8_width("척추"), 4);
    assert_int_equal(utf8_width("e\u0301±"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text), cmocka_unit_test(markdown), cmocka_unit_test(csv), cmocka_unit_test(latex), cmocka_unit_test(long_latex), cmocka_unit_test(no_rows),
        cmocka_unit_test(names_are_made_safe),
    };
    return RUN_TESTS(tests);
}
