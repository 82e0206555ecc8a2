/* help.c - `darkspine help`: the verbs, one verb, or one section of a network or run file. All of it is printed from the tables that
 * the program itself reads by, so it cannot say anything else than what holds. */
#include "verbs/verb.h"
#include "base/die.h"
#include "nn/layer.h"
#include "nn/net.h"
#include "train/run.h"
#include "verbs/flags.h"
#include <stdio.h>
#include <string.h>

enum { MOST_NAMES = 160 };

static const usage how = { "help", "[VERB|SECTION]",
                           "What the program can do, what a verb takes, or what the keys of a section mean.", NULL, 0, 0, 1, 0 };

static const char grammar[] =
    "`[include] file=` takes in another file, `[repeat] times=N` ... `[end]` unrolls (in which %d in a value is the pass, from 1).\n"
    "On the command line, section.key=value changes a key, NAME.key=value one of the section with name=NAME.\n";

static void sections_line(const char *title, int of_run)
{
    printf("%s [net]", title);
    if (!of_run) printf(" [detector]");
    if (of_run) for (const run_section *s = run_sections; s->name; s++) printf(" [%s]", s->name);
    else for (int i = 0; layers[i]; i++) printf("%s[%s]", i == 6 || i == 12 ? "\n                   " : " ", layers[i]->section);
    putchar('\n');
}

void help_overview(void)
{
    printf("usage: darkspine VERB [inputs] [--flags] [section.key=value ...]\n\n");
    for (const verb *v = verbs; v->name; v++) printf("  %-9s %s\n", v->name, v->help);
    printf("\n`darkspine VERB --help` shows a verb's inputs and flags, `darkspine help SECTION` the keys of a section.\n");
    sections_line("sections of a net:", 0);
    sections_line("sections of a run:", 1);
    printf("`darkspine --version` shows what was built, `darkspine doctor` what this machine offers.\n");
}

static int help_verb(const char *name)
{
    for (const verb *v = verbs; v->name; v++) {
        if (strcmp(v->name, name)) continue;
        char *argv[] = { (char *)name, "--help", NULL };
        v->run(2, argv);
        return 1;
    }
    return 0;
}

static int help_layer(const char *name)
{
    const layer *l = layer_find(name);
    if (!l) return 0;
    printf("[%s] - %s\n\n", l->section, l->help);
    key_print_help(l->keys);
    printf("\nEvery layer also takes\n");
    key_print_help(layer_keys);
    printf("\n%s", grammar);
    return 1;
}

static int help_run(const char *name)
{
    if (!strcmp(name, "net")) {
        printf("[net] - the sizes of a network; the first section of its file. In a run, file= names the network's file.\n\n");
        key_print_help(net_keys);
        return 1;
    }
    if (!strcmp(name, "detector")) {
        printf("[detector] - after [net]: a network that finds instances, and by whose conventions it computes. Defaults of torchvision, then those\nthat convention=detectron2 changes.\n\n");
        key_print_help(detector_keys(CONVENTION_TORCHVISION));
        printf("\n");
        for (const key *a = detector_keys(CONVENTION_TORCHVISION), *b = detector_keys(CONVENTION_DETECTRON2); a->name; a++, b++)
            if (strcmp(a->def, b->def)) printf("  %-18s %s\n", b->name, b->def);
        return 1;
    }
    for (const run_section *s = run_sections; s->name; s++) {
        if (strcmp(s->name, name)) continue;
        printf("[%s] - %s\n\n", s->name, s->help);
        key_print_help(s->keys);
        return 1;
    }
    return 0;
}

static _Noreturn void unknown(const char *name)
{
    const char *names[MOST_NAMES] = { "net", "detector" };
    int n = 2;
    for (const verb *v = verbs; v->name && n < MOST_NAMES; v++) names[n++] = v->name;
    for (const run_section *s = run_sections; s->name && n < MOST_NAMES; s++) names[n++] = s->name;
    for (int i = 0; layers[i] && n < MOST_NAMES; i++) names[n++] = layers[i]->section;
    die("help: got %s, wanted a verb or a section%s; `darkspine help` lists them", name, die_nearest(name, names, n));
}

int verb_help(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    char word[64] = "";
    if (f->n) {
        size_t n = strlen(f->input[0]), bracket = f->input[0][0] == '[' && f->input[0][n - 1] == ']';      /* `help [solver]` is meant too */
        snprintf(word, sizeof word, "%.*s", (int)(n - 2 * bracket), f->input[0] + bracket);
    }
    if (!f->n) help_overview();
    else if (!help_verb(word) && !help_layer(word) && !help_run(word)) unknown(word);
    flags_free(f);
    return EXIT_OK;
}
