/* past.c - see past.h. A log may be being written while it is read: its last line counts only where it is whole. */
#include "train/past.h"
#include "base/die.h"
#include "base/file.h"
#include "train/log.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

int past_is(const char *folder)
{
    char *log = path_join(folder, "log.jsonl");
    const int yes = file_exists(log);
    free(log);
    return yes;
}

static void push(past_series *s, double x, double y)
{
    if ((s->n & (s->n + 1)) == 0) {
        s->x = xgrow(s->x, (size_t)(2 * (s->n + 1)) * sizeof *s->x);
        s->y = xgrow(s->y, (size_t)(2 * (s->n + 1)) * sizeof *s->y);
    }
    s->x[s->n] = x, s->y[s->n++] = y;
}

static double number(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static int64_t whole(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_integer(v) && json_integer_value(v) > 0 ? json_integer_value(v) : 0;
}

static void take_line(past_run *p, const json_t *o)
{
    const char *kind = json_string_value(json_object_get(o, "kind"));
    const double epoch = number(o, "epoch"), metric = number(o, p->metric), took = number(o, "seconds");
    if (!kind) return;
    if (!strcmp(kind, "run")) p->parameters = whole(o, "parameters");
    if (!strcmp(kind, "epoch")) {
        p->epoch = whole(o, "epoch"), p->loss = number(o, "loss"), p->images_per_second = number(o, "images_per_second");
        push(&p->losses, epoch, p->loss);
    }
    if (!strcmp(kind, "validation")) {
        push(&p->metrics, epoch, metric);
        if (isfinite(metric) && !(metric <= p->best)) p->best = metric, p->best_epoch = whole(o, "epoch");
    }
    if (isfinite(took)) p->seconds += took;
}

static void read_log(past_run *p)
{
    char *path = path_join(p->folder, "log.jsonl"), *text = file_read(path, LOG_MAX, NULL), *last = strrchr(text, '\n');
    if (last) last[1] = 0;
    else *text = 0;
    for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        json_t *o = json_loads(line, 0, NULL);
        if (!json_is_object(o)) die("%s: a line is not a JSON object of this log", path);
        take_line(p, o);
        json_decref(o);
    }
    free(path), free(text);
}

static char *word_of(const json_t *o, const char *key, const char *otherwise)
{
    const char *v = json_string_value(json_object_get(o, key));
    return xdup(v ? v : otherwise);
}

static void read_record(past_run *p)
{
    json_error_t e;
    char *path = path_join(p->folder, "run.json"), *text = file_exists(path) ? text_read(path, 1 << 20) : NULL;
    json_t *o = text ? json_loads(text, 0, &e) : NULL;
    if (text && !json_is_object(o)) die("%s:%d: not a JSON object: %s", path, e.line, e.text);
    p->status = word_of(o, "status", "unknown"), p->commit = word_of(o, "commit", ""), p->version = word_of(o, "version", "");
    json_decref(o), free(path), free(text);
}

past_run past_read(const char *folder)
{
    past_run p = { .folder = xdup(folder), .metric = "dice", .best = NAN, .loss = NAN, .images_per_second = NAN };
    char *path = path_join(folder, "run.cfg"), *text = file_exists(path) ? text_read(path, 1 << 20) : NULL;
    int64_t n;
    if (text) p.settings = cfg_parse(text, path);
    const char *metric = past_setting(&p, "evaluate.metric"), *epochs = past_setting(&p, "solver.epochs");
    const char *critic = past_setting(&p, "adversary.critic");
    if (metric && !strcmp(metric, "iou")) p.metric = "iou";
    if (critic && *critic) p.metric = "psnr";
    if (epochs && text_int(epochs, &n)) p.epochs = n;
    read_log(&p), read_record(&p);
    free(path), free(text);
    return p;
}

void past_free(past_run *p)
{
    past_series *const s[] = { &p->losses, &p->metrics };
    for (int i = 0; i < 2; i++) free(s[i]->x), free(s[i]->y);
    if (p->settings) cfg_free(p->settings);
    free(p->folder), free(p->status), free(p->commit), free(p->version);
    *p = (past_run){ 0 };
}

const char *past_setting(const past_run *p, const char *name)
{
    const char *dot = strchr(name, '.');
    if (!p->settings || !dot) return NULL;
    char *section = xprintf("%.*s", (int)(dot - name), name);
    cfg_section *s = cfg_find(p->settings, section);
    free(section);
    return s ? cfg_get(s, dot + 1) : NULL;
}
