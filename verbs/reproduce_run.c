/* reproduce_run.c - the steps of experiments, each a process of this program; see reproduce.h.
 *
 * STEP.step.json says how far a step is: with a mark alone it has begun, with a result it is done. A step that has begun under the same
 * mark and left something to go on from is called with --resume, every other one with --force. A process that is killed cannot tell the
 * one that it waits for: that one is stopped by the kernel (PR_SET_PDEATHSIG), and holds the lock until it has saved its state. */
#include "verbs/reproduce.h"
#include "base/clock.h"
#include "base/die.h"
#include "base/file.h"
#include "base/version.h"
#include "verbs/object.h"
#include "verbs/stop.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void nap(void) { nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL); }

void reproduce_lock(const char *out)
{
    enum { PATIENCE = 60 };                      /* seconds: what a training needs to save its state */
    char *path = path_join(out, "reproduce.lock");
    const int fd = open(path, O_RDWR | O_CREAT, 0666);           /* the steps inherit it */
    if (fd < 0) die("%s: cannot be written: %s", path, strerror(errno));
    const double began = clock_now();
    int told = 0;
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK && errno != EINTR) die_machine("%s: cannot be locked: %s", path, strerror(errno));
        if (clock_now() - began > PATIENCE) die("%s: another `reproduce` is at work here", out);
        if (!told++) warn("%s: another `reproduce` is at work here; waiting up to %d s for it to end", out, PATIENCE);
        nap();
    }
    free(path);
}

/* ---- one process --------------------------------------------------------------------------------------------------------------------- */

static _Noreturn void become(pid_t parent, const char *folder, char *const *word, const char *print)
{
    const int fd = open(print ? print : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    setpgid(0, 0);                               /* Ctrl-C is for the parent, which hands it on once */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(EXIT_STOPPED);                /* it was killed before the line above */
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || chdir(folder)) _exit(EXIT_MACHINE);
    signal(SIGINT, SIG_DFL), signal(SIGTERM, SIG_DFL), signal(SIGUSR1, SIG_DFL);
    execv("/proc/self/exe", word);
    _exit(EXIT_MACHINE);
}

int reproduce_call(const char *folder, char *const *word, const char *print)
{
    const pid_t self = getpid(), child = fork();
    int status, told = 0;
    if (child < 0) die_machine("no process can be started: %s", strerror(errno));
    if (!child) become(self, folder, word, print);
    for (pid_t ended; (ended = waitpid(child, &status, WNOHANG)) != child; nap()) {
        if (ended < 0 && errno != EINTR) die_machine("a step cannot be waited for: %s", strerror(errno));
        if (stop_asked() && !told++) kill(child, SIGTERM);
    }
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    return stop_asked() ? EXIT_STOPPED : EXIT_OTHER;
}

/* ---- what is done -------------------------------------------------------------------------------------------------------------------- */

/* NULL where there is none; a file that is no record is as good as none. */
static json_t *record_read(const experiment *e, const step *s)
{
    char *path = step_record(e, s);
    json_t *o = file_exists(path) ? json_load_file(path, 0, NULL) : NULL;
    free(path);
    return o;
}

static void record_write(const experiment *e, const step *s, json_t *result, double seconds, int whole)
{
    char *path = step_record(e, s);
    json_t *o = json_pack("{s:s, s:o, s:s, s:s, s:s}", "mark", s->mark, "run", object_text(s->run), "flags", e->flags, "version",
                          DARKSPINE_VERSION, "commit", version_commit());
    if (!o) die_machine("out of memory");
    if (result) {
        json_object_set_new(o, "seconds", json_real(seconds)), json_object_set_new(o, "resumed", json_boolean(!whole));
        json_object_set_new(o, "result", result);
    }
    object_write(o, path);
    json_decref(o), free(path);
}

static int record_is(const json_t *o, const step *s)
{
    const char *mark = json_string_value(json_object_get(o, "mark"));
    return mark && !strcmp(mark, s->mark);
}

/* The result that is there is of other steps, or of the same with another seed or precision. */
static _Noreturn void refuse(const experiment *e, const step *s, const json_t *record)
{
    static const char usual[] = " the recorded seed and precision";
    const json_t *had = json_object_get(record, "flags");
    const char *flags = had ? json_string_value(had) : "";
    if (flags && strcmp(flags, e->flags))
        die("%s: %s was made with%s, wanted%s; another --out keeps both, --force makes it anew", e->folder, s->name, *flags ? flags : usual,
            *e->flags ? e->flags : usual);
    die("%s: %s was made by other steps than %s has now; --force makes it anew", e->folder, s->name, e->c->path);
}

void reproduce_find_done(experiment *e, int n, int force)
{
    for (int i = 0; i < n; i++)
        for (int k = 0, before = 1; k < e[i].nsteps; k++) {
            step *s = &e[i].step[k];
            json_t *o = record_read(&e[i], s);
            const int same = o && record_is(o, s);
            if (o && !same && !force && json_object_get(o, "result")) refuse(&e[i], s, o);
            s->done = before = before && !force && same && json_object_get(o, "result");
            if (force && o) {
                char *path = step_record(&e[i], s);
                remove(path), free(path);
            }
            json_decref(o);
        }
}

double reproduce_minutes(const experiment *e, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < e[i].nsteps; k++) if (!e[i].step[k].done) sum += e[i].step[k].minutes;
    return sum;
}

/* ---- a step -------------------------------------------------------------------------------------------------------------------------- */

/* Has it begun before, as it is now, and left something to go on from? */
static int can_resume(const experiment *e, const step *s)
{
    const char *out = s->words > 1 ? s->word[1] : "";
    json_t *o = record_read(e, s);
    int begun = o && record_is(o, s) && s->kind->partial;
    for (int w = 1; w + 1 < s->words; w++) if (!strcmp(s->word[w], "--out")) out = s->word[w + 1];
    for (int k = 0; begun && k < 2; k++) {
        char *name = xprintf(k ? "%s/last.prev.h5" : s->kind->partial, out), *path = path_join(e->folder, name);
        if (file_exists(path)) begun = 2;
        free(name), free(path);
    }
    json_decref(o);
    return begun == 2;
}

static char **words_of(const experiment *e, const step *s, const reproduction *how, int resume)
{
    char **w = xalloc_n((size_t)s->words + 9, sizeof *w);
    int n = 0;
    w[n++] = xdup("darkspine");
    for (int k = 0; k < s->words; k++) w[n++] = step_word(e, s, k);
    w[n++] = xdup("--json");
    if (how->quiet) w[n++] = xdup("--quiet");
    if (resume) w[n++] = xdup("--resume");
    else if (s->kind->force) w[n++] = xdup("--force");
    if (how->threads && s->kind->threads) w[n++] = xprintf("--threads=%s", how->threads);
    if (how->device && s->kind->device) w[n++] = xprintf("--device=%s", how->device);
    return w;
}

static void keep_result(const experiment *e, const step *s, const char *print, double seconds, int whole)
{
    json_error_t why;
    json_t *o = json_load_file(print, 0, &why);
    if (!json_is_object(o)) die("%s: %s printed no JSON object: %s", s->at, s->name, why.text);
    record_write(e, s, o, seconds, whole);
}

/* 0, 75 if it was stopped, else 1: what was wrong with the step has been said by the step, with a line and a status of its own. */
static int step_run(const experiment *e, step *s, const reproduction *how, double *seconds)
{
    char *name = xprintf("%s/%s.printed", e->folder, s->name);
    file_make_folders(e->folder);
    char *folder = realpath(e->folder, NULL);
    if (!folder) die_machine("%s: cannot be found out where it is", e->folder);
    const int resume = can_resume(e, s);
    char **word = words_of(e, s, how, resume);
    record_write(e, s, NULL, 0, 0);
    const double began = clock_now();
    const int status = reproduce_call(folder, word, name);
    *seconds = resume ? 0 : clock_now() - began;
    if (!status) keep_result(e, s, name, clock_now() - began, !resume), s->done = 1;
    else if (status != EXIT_STOPPED)
        fprintf(stderr, "darkspine: reproduce: %s, in %s: `%s` ended with status %d\n", s->at, e->folder, s->run, status);
    remove(name);
    for (char **w = word; *w; w++) free(*w);
    free(word), free(folder), free(name);
    return status && status != EXIT_STOPPED ? EXIT_OTHER : status;
}

/* "< 1 min", "12 min", "3 h 05 min" */
static void minutes_text(double minutes, char out[32])
{
    const long m = (long)(minutes + 0.5);
    if (m < 1) snprintf(out, 32, "< 1 min");
    else if (m < 60) snprintf(out, 32, "%ld min", m);
    else snprintf(out, 32, "%ld h %02ld min", m / 60, m % 60);
}

int reproduce_run(experiment *e, int n, const reproduction *how)
{
    enum { WARM = 20 };                          /* seconds of work before it is said how fast this machine is */
    double planned = 0, took = 0, seconds;
    int all = 0, at = 0;
    for (int i = 0; i < n; i++) all += e[i].nsteps;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < e[i].nsteps; k++) {
            step *s = &e[i].step[k];
            char left[32], own[32];
            at++;
            if (s->done) continue;
            const double pace = took > WARM && planned > 0 ? took / planned : 1;
            minutes_text(pace * s->minutes, own), minutes_text(pace * reproduce_minutes(e, n), left);
            if (!how->quiet)
                fprintf(stderr, "[%d/%d] %s %s: %s (%s of %s that are left)\n", at, all, e[i].system, e[i].name, s->name, own, left);
            const int status = stop_asked() ? EXIT_STOPPED : step_run(&e[i], s, how, &seconds);
            if (status) return status;
            if (seconds > 0) planned += 60 * s->minutes, took += seconds;
        }
    return EXIT_OK;
}
