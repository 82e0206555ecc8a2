/* log.c - see log.h. Lines have a "kind": step {step, epoch, loss, lr, norm}, epoch {epoch, step, loss, lr, seconds,
 * images_per_second, waiting_for_data}, validation {epoch, step, dice, iou, classes, seconds}, layers {epoch, step, layers}, swa {epoch,
 * step, averaged, dice, iou}. Epochs count from 1; "time" is that of the clock, seconds since 1970. */
#include "train/log.h"
#include "train/events.h"
#include "base/die.h"
#include "base/file.h"
#include "eval/plots.h"
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The event file anew, from what stands in the log, and open for more. */
static void open_events(run_log *l)
{
    l->events_path = path_join(l->folder, "events.out.tfevents.darkspine");
    FILE *f = file_begin(l->events_path);
    events_header(f, (double)time(NULL));
    char *text = l->bytes && l->bytes <= LOG_MAX ? file_read(l->path, LOG_MAX, NULL) : NULL;
    for (char *save, *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
        json_t *o = json_loads(line, 0, NULL);
        if (o) events_line(f, o);
        json_decref(o);
    }
    free(text);
    file_commit(f, l->events_path);
    l->events = fopen(l->events_path, "abe");
    if (!l->events) die("%s: cannot be opened: %s", l->events_path, strerror(errno));
}

run_log *log_open(const char *folder, int64_t bytes)
{
    run_log *l = xalloc(sizeof *l);
    struct stat s;
    *l = (run_log){ .folder = xdup(folder), .path = path_join(folder, "log.jsonl"), .bytes = bytes };
    l->file = open(l->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (l->file < 0) die("%s: cannot be opened: %s", l->path, strerror(errno));
    if (fstat(l->file, &s) || s.st_size < bytes)
        die("%s: has %lld bytes, the checkpoint was written when it had %lld", l->path, (long long)s.st_size, (long long)bytes);
    if (ftruncate(l->file, bytes)) die_machine("%s: cannot be cut: %s", l->path, strerror(errno));
    open_events(l);
    return l;
}

void log_close(run_log *l)
{
    if (!l) return;
    close(l->file), fclose(l->events);
    free(l->path), free(l->events_path), free(l->folder), free(l);
}

void log_add(run_log *l, json_t *o)
{
    json_object_set_new(o, "time", json_integer(time(NULL)));
    events_line(l->events, o);
    if (fflush(l->events)) die_machine("%s: cannot be written: %s", l->events_path, strerror(errno));
    char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(9)), *line = xprintf("%s\n", text);
    size_t n = strlen(line);
    for (size_t at = 0; at < n;) {
        ssize_t k = write(l->file, line + at, n - at);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) die_machine("%s: cannot be written: %s", l->path, strerror(errno));
        at += (size_t)k;
    }
    l->bytes += (int64_t)n;
    free(line), free(text), json_decref(o);
}

void log_sync(run_log *l)
{
    if (fsync(l->file)) die_machine("%s: cannot be written: %s", l->path, strerror(errno));
}

json_t *log_number(double x) { return isfinite(x) ? json_real(x) : json_null(); }

typedef struct column { double *v; int64_t n; } column;
enum { STEP_X, STEP_LOSS, STEP_LR, STEP_NORM, EPOCH_X, EPOCH_LOSS, VAL_X, VAL_METRIC, LAYER_X, LAYER_MEDIAN, LAYER_MOST, COLUMNS };

static void push(column *c, double v)
{
    if ((c->n & (c->n + 1)) == 0) c->v = xgrow(c->v, (size_t)(2 * (c->n + 1)) * sizeof *c->v);
    c->v[c->n++] = v;
}

static double number(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

/* One row of log.csv: an epoch with the validation that follows it, if there was one. */
static void csv_row(FILE *f, const json_t *epoch, const json_t *val)
{
    static const char *const keys[] = { "epoch", "step", "loss", "lr", "seconds", "images_per_second", "waiting_for_data" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) fprintf(f, "%s%.9g", i ? "," : "", number(epoch, keys[i]));
    for (int i = 0; i < 2; i++) {
        double v = val ? number(val, i ? "iou" : "dice") : NAN;
        if (isfinite(v)) fprintf(f, ",%.9g", v); else fprintf(f, ",");
    }
    fprintf(f, "\n");
}

static int by_value(const void *a, const void *b) { return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b); }

/* Median and largest of the layers' updates, as powers of ten: they span several. */
static void take_layers(const json_t *o, column c[COLUMNS])
{
    const json_t *list = json_object_get(o, "layers");
    double *ratio = xalloc_n(json_array_size(list) + 1, sizeof *ratio);
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const double r = number(json_array_get(list, i), "ratio");
        if (r > 0) ratio[n++] = log10(r);
    }
    qsort(ratio, n, sizeof *ratio, by_value);
    push(&c[LAYER_X], number(o, "epoch")), push(&c[LAYER_MEDIAN], n ? ratio[n / 2] : NAN), push(&c[LAYER_MOST], n ? ratio[n - 1] : NAN);
    free(ratio);
}

static void take_line(const json_t *o, column c[COLUMNS], const char *metric, double *steps)
{
    const char *kind = json_string_value(json_object_get(o, "kind"));
    if (!kind) return;
    if (!strcmp(kind, "run")) *steps = number(o, "steps_per_epoch");
    if (!strcmp(kind, "step"))
        push(&c[STEP_X], number(o, "step") / *steps), push(&c[STEP_LOSS], number(o, "loss")), push(&c[STEP_LR], number(o, "lr")),
        push(&c[STEP_NORM], number(o, "norm"));
    if (!strcmp(kind, "layers")) take_layers(o, c);
    if (!strcmp(kind, "epoch")) push(&c[EPOCH_X], number(o, "epoch")), push(&c[EPOCH_LOSS], number(o, "loss"));
    if (!strcmp(kind, "validation")) push(&c[VAL_X], number(o, "epoch")), push(&c[VAL_METRIC], number(o, metric));
}

static const log_metric metrics[] = {
    { "iou", "Validation IoU", "IoU", 1 }, { "psnr", "Validation PSNR", "dB", 0 }, { "dice", "Validation DSC", "DSC", 1 },
};

const log_metric *log_metric_find(const char *metric)
{
    const log_metric *p = metrics;
    while (p < metrics + sizeof metrics / sizeof *metrics - 1 && strcmp(p->metric, metric)) p++;
    return p;
}

static void curves(const run_log *l, const column c[COLUMNS], const char *metric)
{
    const log_metric *judged = log_metric_find(metric);
    const plot_series loss[] = { { "step", c[STEP_X].v, c[STEP_LOSS].v, c[STEP_X].n, 1, PLOT_MARK_NONE },
                                 { "epoch mean", c[EPOCH_X].v, c[EPOCH_LOSS].v, c[EPOCH_X].n, 0, PLOT_MARK_LOWEST } };
    const plot_series val[] = { { "validation", c[VAL_X].v, c[VAL_METRIC].v, c[VAL_X].n, 0, PLOT_MARK_HIGHEST } };
    const plot_series lr[] = { { "learning rate", c[STEP_X].v, c[STEP_LR].v, c[STEP_X].n, 0, PLOT_MARK_NONE } };
    const plot_series norm[] = { { "gradient norm", c[STEP_X].v, c[STEP_NORM].v, c[STEP_NORM].n, 0, PLOT_MARK_NONE } };
    const plot_series moved[] = { { "median layer", c[LAYER_X].v, c[LAYER_MEDIAN].v, c[LAYER_MEDIAN].n, 0, PLOT_MARK_NONE },
                                  { "largest", c[LAYER_X].v, c[LAYER_MOST].v, c[LAYER_MOST].n, 0, PLOT_MARK_NONE } };
    const plot_panel panels[] = { { "Training loss", "epoch", "loss", loss, 2, 0, 0 },
                                  { judged->title, "epoch", judged->axis, val, 1, 0, judged->top },
                                  { "Learning rate", "epoch", "rate", lr, 1, 0, 0 },
                                  { "Gradient before clipping", "epoch", "norm", norm, 1, 0, 0 },
                                  { "Update of the weights", "epoch", "log10 (change / weight)", moved, 2, 0, 0 } };
    static const char *const names[] = { "curves.svg", "curves.png" };
    for (int i = 0; i < 2; i++) {
        char *path = path_join(l->folder, names[i]);
        plot_curves(path, panels, 5);
        free(path);
    }
}

void log_draw(run_log *l, const char *metric)
{
    if (l->bytes > LOG_MAX) {
        if (!l->warned) warn("%s: larger than %d bytes, log.csv and the curves are not drawn (evaluate.log_steps= thins it out)", l->path, LOG_MAX);
        l->warned = 1;
        return;
    }
    column c[COLUMNS] = { 0 };
    double steps = 1;
    char *text = file_read(l->path, LOG_MAX, NULL), *csv = path_join(l->folder, "log.csv");
    json_t *epoch = NULL;
    FILE *f = file_begin(csv);
    fprintf(f, "epoch,step,loss,lr,seconds,images_per_second,waiting_for_data,dice,iou\n");
    for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        json_t *o = json_loads(line, 0, NULL);
        const char *kind = json_string_value(json_object_get(o, "kind"));
        if (!kind) die("%s: a line is not a JSON object of this log", l->path);
        take_line(o, c, metric, &steps);
        int val = !strcmp(kind, "validation"), next = !strcmp(kind, "epoch");
        if ((val || next) && epoch) {
            csv_row(f, epoch, val ? o : NULL);
            json_decref(epoch);
            epoch = NULL;
        }
        if (next) epoch = json_incref(o);
        json_decref(o);
    }
    if (epoch) csv_row(f, epoch, NULL), json_decref(epoch);
    file_commit(f, csv);
    curves(l, c, metric);
    for (int i = 0; i < COLUMNS; i++) free(c[i].v);
    free(text), free(csv);
    malloc_trim(0);                      /* what drawing took goes back to the machine, so that a long run holds what a short one does */
}
