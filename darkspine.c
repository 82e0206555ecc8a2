/* darkspine.c - the front door: a table of verbs, nothing else.
 * SIGPIPE keeps its default: a reader that goes away (| head) ends the program without a word. */
#include "base/die.h"
#include "base/file.h"
#include "base/machine.h"
#include "base/version.h"
#include "datasets/store.h"
#include "verbs/verb.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

const verb verbs[] = {
    { "plan",    verb_plan,    "layers, shapes, parameters and memory of a network before anything is allocated" },
    { "import",  verb_import,  "images and their labels into a store" },
    { "export",  verb_export,  "a store back into plain files" },
    { "split",   verb_split,   "assign the patients of a store to training, validation and test" },
    { "check",   verb_check,   "every fault of every case of a store" },
    { "synth",   verb_synth,   "made-up films with exact truth, for trying things out" },
    { "train",   verb_train,   "train a network as a run file says" },
    { "runs",    verb_runs,    "the runs in a folder: how far, how good, in what they differ" },
    { "predict", verb_predict, "label maps of films from trained weights" },
    { "eval",    verb_eval,    "how well predictions agree with the truth: a table" },
    { "compare", verb_compare, "two methods on the same films: differences, intervals, tests" },
    { "measure", verb_measure, "parameters of the spine from masks or landmarks: angles, distances, scores" },
    { "run",     verb_run,     "one film: masks, corners, parameters, a drawing and a report, in one go" },
    { "inpaint", verb_inpaint, "screws and rods out of films: found, erased, and the holes filled" },
    { "report",  verb_report,  "one self-contained HTML file of a run and its evaluation" },
    { "audit",   verb_audit,   "what the figures of a result table contradict, with the arithmetic" },
    { "reproduce", verb_reproduce, "from nothing to the tables of every system, on phantoms, with PASS or FAIL" },
    { "bench",   verb_bench,   "speed, beside the machine's own limits" },
    { "convert", verb_convert, "weights from and to other programs" },
    { "doctor",  verb_doctor,  "what this machine offers, what will be used, and why" },
    { "help",    verb_help,    "this list, a verb, or a section of a network or run file" },
    { 0 }
};

static _Noreturn void unknown(const char *word)
{
    const char *names[sizeof verbs / sizeof *verbs];
    int n = 0;
    for (const verb *v = verbs; v->name; v++) names[n++] = v->name;
    die("unknown verb: got %s%s; `darkspine help` lists them", word, die_nearest(word, names, n));
}

/* OpenMP's threads spin for milliseconds where they wait for each other. As soon as anything else wants a core (the thread that reads
 * films, another job) that wait is for a thread which is not running: on two busy cores `predict` then did 1.3 films a second, 26 with
 * this. libgomp reads its settings before main, so the program starts itself again with a short spin, unless the user has chosen. */
static void spin_less(char **argv)
{
    if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY")) return;
    setenv("GOMP_SPINCOUNT", "1000", 1);
    execv("/proc/self/exe", argv);               /* where that fails, it goes on as it is */
}

/* DARKSPINE_LOG=debug: what ran, and what it took, on stderr. */
static void farewell(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    fprintf(stderr, "darkspine: debug: %.3f s of processor time, peak memory %.1f MiB\n",
            (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + 1e-6 * (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec), (double)machine_peak_rss() / (1 << 20));
}

static void log_debug(int argc, char **argv)
{
    const char *level = getenv("DARKSPINE_LOG");
    if (!level || !*level) return;
    if (strcmp(level, "debug")) die_at("DARKSPINE_LOG", "got %s, wanted debug", level);
    fprintf(stderr, "darkspine: debug: version %s, commit %s, %s build:", DARKSPINE_VERSION, version_commit(), version_build());
    for (int i = 1; i < argc; i++) fprintf(stderr, " %s", argv[i]);
    fputc('\n', stderr);
    atexit(farewell);
}

/* What was printed is out, or a call that did well failed. */
static int said(int status)
{
    if ((fflush(stdout) || ferror(stdout)) && status == EXIT_OK) die_machine("standard output: cannot be written");
    return status;
}

int main(int argc, char **argv)
{
    store_library();
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_IGN);                    /* a limit on the size of files is a full disk: an error of writing, reported as such */
    file_clean_on_signals();
    spin_less(argv);
    log_debug(argc, argv);
    if (argc < 2 || !strcmp(argv[1], "--help")) return help_overview(), said(EXIT_OK);
    if (!strcmp(argv[1], "--version")) return doctor_version(stdout), said(EXIT_OK);
    for (const verb *v = verbs; v->name; v++)
        if (!strcmp(v->name, argv[1])) return said(v->run(argc - 1, argv + 1));
    unknown(argv[1]);
}
