/* record.c - see record.h. */
#include "train/record.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/machine.h"
#include "base/version.h"
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static json_t *text(const char *s)
{
    json_t *o = s ? json_string(s) : json_null();
    return o ? o : json_string("not UTF-8");
}

static json_t *now(void)
{
    char out[32];
    const time_t t = time(NULL);
    struct tm parts;
    strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &parts));
    return json_string(out);
}

static json_t *machine_object(const trainer *t)
{
    const machine m = machine_read();
    return json_pack("{s:o,s:s,s:i,s:i,s:I,s:s}", "cpu", text(m.cpu), "features", m.features, "cores", m.cores, "threads", omp_get_max_threads(),
                     "memory", (json_int_t)m.memory, "device", t->o->dev->name);
}

static json_t *data_object(const trainer *t)
{
    return json_pack("{s:o,s:o,s:o,s:I,s:I}", "store", text(t->r->data.store), "cases", text(checkpoint_text(&t->k, "cases")), "validation_cases",
                     text(checkpoint_text(&t->k, "validation_cases")), "excluded", (json_int_t)(t->set->excluded + t->val->excluded), "faulty",
                     (json_int_t)(t->set->faulty + t->val->faulty));
}

void record_write(const trainer *t, const char *status)
{
    const run *r = t->r;
    const int known = t->k.best_epoch >= 0;
    json_t *best = json_pack("{s:s,s:o,s:o}", "metric", run_metric(r), "value", known ? log_number(t->k.best) : json_null(), "epoch",
                             known ? json_integer(t->k.best_epoch) : json_null());
    json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o}", "format", "darkspine-run", "status", status, "version", DARKSPINE_VERSION, "commit",
                          version_commit(), "build", version_build(), "updated", now(), "machine", machine_object(t), "data", data_object(t));
    json_object_set_new(o, "start", text(r->solver.start)), json_object_set_new(o, "seed", json_integer(r->solver.seed));
    json_object_set_new(o, "parameters", json_integer(params_count(t->m->p, PARAM)));
    json_object_set_new(o, "step", json_integer(t->step)), json_object_set_new(o, "steps", json_integer(t->total));
    json_object_set_new(o, "epoch", json_integer(t->closed)), json_object_set_new(o, "epochs", json_integer(r->solver.epochs));
    json_object_set_new(o, "seconds", json_real(t->before + clock_now() - t->began));
    json_object_set_new(o, "loss", log_number(t->last_loss)), json_object_set_new(o, "best", best);
    json_object_set_new(o, "peak_rss", json_integer(machine_peak_rss()));
    char *path = path_join(t->o->out, "run.json"), *lines = json_dumps(o, JSON_INDENT(1));
    FILE *f = file_begin(path);
    fprintf(f, "%s\n", lines);
    file_commit(f, path);
    free(path), free(lines), json_decref(o);
}
