/* doctor.c - `darkspine doctor` and `--version`: what this machine offers, what will be used, and why. Nothing here decides: the
 * kernels named are those that the network code itself chooses when it is asked. */
#include "verbs/verb.h"
#include "base/die.h"
#include "base/machine.h"
#include "base/version.h"
#include "kernels/conv.h"
#include "nn/backend.h"
#include "nn/graph.h"
#include "verbs/compute.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include <cairo.h>
#include <hdf5.h>
#include <jansson.h>
#include <oneapi/dnnl/dnnl.h>
#include <openssl/crypto.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const usage how = { "doctor", "", "Processor, threads, memory, GPU and libraries as they are found, what will be used, and why.", NULL,
                           FLAG_JSON | FLAG_QUIET | FLAG_COMPUTE, 0, 0, 0 };

enum { LIBRARIES = 7 };
typedef struct { const char *name, *use; char version[32]; } library;

static void libraries(library out[LIBRARIES])
{
    static const char *const names[LIBRARIES][2] = { { "oneDNN", "convolutions and matrix products" }, { "HDF5", "stores and checkpoints" },
        { "libpng", "label maps" }, { "zlib", "compression" }, { "jansson", "JSON" }, { "cairo", "curves and plots" }, { "OpenSSL", "SHA-256" } };
    unsigned a, b, c;
    const dnnl_version_t *d = dnnl_version();
    for (int i = 0; i < LIBRARIES; i++) out[i] = (library){ .name = names[i][0], .use = names[i][1] };
    snprintf(out[0].version, sizeof out->version, "%d.%d.%d", d->major, d->minor, d->patch);
    H5get_libversion(&a, &b, &c);
    snprintf(out[1].version, sizeof out->version, "%u.%u.%u", a, b, c);
    const char *text[] = { png_get_libpng_ver(NULL), zlibVersion(), jansson_version_str(), cairo_version_string(),
                           OpenSSL_version(OPENSSL_VERSION_STRING) };
    for (int i = 2; i < LIBRARIES; i++) snprintf(out[i].version, sizeof out->version, "%s", text[i - 2]);
}

/* The i-th library beside the kernels of this device's own, or why it is not used; NULL: there are no more */
static const char *gpu_library(const device *d, int i) { return d->code->library ? d->code->library(i) : NULL; }

void doctor_version(FILE *f)
{
    machine m = machine_read();
    library l[LIBRARIES];
    libraries(l);
    fprintf(f, "darkspine %s (commit %s, %s build, %s)\n", DARKSPINE_VERSION, version_commit(), version_build(), version_compiler());
    char why[256];
    const device *gpu = device_cuda(0, why);
    fprintf(f, "CPU      %s\nfeatures %s\nCUDA     %s%s%s\n", *m.cpu ? m.cpu : "unknown", *m.features ? m.features : "none known",
           gpu ? gpu->name : "none (", gpu ? "" : why, gpu ? "" : ")");
    const char *more = gpu ? gpu_library(gpu, 0) : NULL;
    for (int i = 1; more; more = gpu_library(gpu, i++)) fprintf(f, "%-8s %s\n", i > 1 ? "" : "with", more);
    if (!gpu) fprintf(f, "cuDNN    none (no GPU)\n");
    for (int i = 0; i < LIBRARIES; i++) fprintf(f, "%-8s %s\n", l[i].name, l[i].version);
}

/* What kinds of layer are asked about; sizes as in the middle of a U-Net. */
static const struct { const char *what, *op, *words; shape x, w; } asked[] = {
    { "convolution 3x3",           "conv",   "pad=1",          { 4, { 2, 64, 64, 64 } }, { 4, { 3, 3, 64, 64 } } },
    { "convolution 3x3, stride 2", "conv",   "pad=1 stride=2", { 4, { 2, 64, 64, 64 } }, { 4, { 3, 3, 64, 64 } } },
    { "convolution 1x1",           "conv",   " ",              { 4, { 2, 64, 64, 64 } }, { 4, { 1, 1, 64, 64 } } },
    { "transposed 2x2, stride 2",  "deconv", "stride=2",       { 4, { 2, 64, 64, 64 } }, { 4, { 64, 2, 2, 64 } } },
};
static const char *const passes[CONV_PASSES] = { "forward", "backward data", "backward weights" };

typedef struct { const char *what; char kernel[CONV_PASSES][60]; } choice;
enum { CHOICES = sizeof asked / sizeof *asked };

/* What the op prepares on this device: "forward | data | weights" */
static void choose(const device *dev, choice out[CHOICES])
{
    const context c = { .dev = dev, .winograd = 1 };
    for (int i = 0; i < CHOICES; i++) {
        graph *g = graph_new();
        const op *o = op_find(asked[i].op);
        void *conf = xalloc(o->conf);
        tensor *in[] = { graph_leaf(g, "x", asked[i].x, REAL_TYPE, INPUT), graph_leaf(g, "w", asked[i].w, REAL_TYPE, PARAM) };
        key_words(o->keys, conf, asked[i].words, "doctor");
        node *n = graph_add(g, o, "y", "doctor", 2, in, conf)->from;
        node_prepare(&c, n);
        out[i].what = asked[i].what;
        const char *at = n->kernel;
        for (int pass = 0; pass < CONV_PASSES; pass++) {
            const char *bar = strstr(at, " | ");
            snprintf(out[i].kernel[pass], sizeof out[i].kernel[pass], "%.*s", (int)(bar ? bar - at : (long)strlen(at)), at);
            if (bar) at = bar + 3;
        }
        graph_free(g), free(conf);
    }
}

typedef struct { machine m; compute c; library l[LIBRARIES]; choice k[CHOICES]; } findings;

static const char *threads_why(const findings *d, const flags *f)
{
    if (flags_has(f, "--threads")) return "--threads";
    if (getenv("OMP_NUM_THREADS")) return "OMP_NUM_THREADS";
    if (d->c.threads < d->m.usable) return "the cgroup's quota of processor time";
    return d->m.usable < d->m.cores ? "the cores this process may run on" : "all cores";
}

static int bf16_able(const findings *d) { return machine_has(&d->m, "amx_bf16") || machine_has(&d->m, "avx512_bf16"); }

static const char *bf16_why(const findings *d)
{
    return bf16_able(d) ? "the processor multiplies it; with net.precision=bf16 convolutions do, and maps are stored in it" : "the processor has neither avx512_bf16 nor amx_bf16";
}

static void set_limit(json_t *o, const char *name, const char *name_why, json_t *value, int known)
{
    json_object_set_new(o, name, known ? value : json_null());
    if (!known) json_decref(value), json_object_set_new(o, name_why, json_string("no limit is set"));
}

static json_t *features(const machine *m)
{
    json_t *a = json_array();
    char *copy = xdup(m->features);
    for (char *save, *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) json_array_append_new(a, json_string(w));
    free(copy);
    return a;
}

static json_t *object(const findings *d, const flags *f)
{
    json_t *o = json_pack("{s:s s:s s:s s:s s:s? s:o}", "version", DARKSPINE_VERSION, "commit", version_commit(), "build", version_build(),
                          "compiler", version_compiler(), "cpu", *d->m.cpu ? d->m.cpu : NULL, "features", features(&d->m));
    json_t *threads = json_pack("{s:i s:s s:i s:i}", "used", d->c.threads, "why", threads_why(d, f), "cores", d->m.cores, "usable", d->m.usable);
    json_t *memory = json_pack("{s:I s:I s:I}", "total", (json_int_t)d->m.memory, "available", (json_int_t)d->m.available, "room",
                               (json_int_t)machine_room(&d->m));
    set_limit(threads, "quota", "quota_why", json_real(d->m.quota), d->m.quota > 0);
    set_limit(memory, "limit", "limit_why", json_integer(d->m.limit), d->m.limit > 0);
    json_object_set_new(o, "threads", threads);
    json_object_set_new(o, "memory", memory);
    const int gpu = d->c.dev != &device_cpu;
    json_object_set_new(o, "gpu", gpu ? json_string(d->c.dev->name) : json_null());
    json_object_set_new(o, "gpu_why", json_string(gpu ? "the CUDA plugin found it" : d->c.no_gpu));
    json_object_set_new(o, "device", json_pack("{s:s s:s}", "used", d->c.dev->name, "why", gpu ? "there is a GPU" : d->c.no_gpu));
    json_object_set_new(o, "precision", json_pack("{s:b s:b s:s}", "float32", 1, "bf16", bf16_able(d), "bf16_why", bf16_why(d)));
    json_t *libs = json_array(), *kernels = json_array(), *beside = json_array();
    const char *more = gpu_library(d->c.dev, 0);
    for (int i = 1; more; more = gpu_library(d->c.dev, i++)) json_array_append_new(beside, json_string(more));
    json_object_set_new(o, "gpu_libraries", beside);
    for (int i = 0; i < LIBRARIES; i++)
        json_array_append_new(libs, json_pack("{s:s s:s s:s}", "name", d->l[i].name, "version", d->l[i].version, "use", d->l[i].use));
    for (int i = 0; i < CHOICES; i++) {
        json_t *row = json_pack("{s:s}", "layer", d->k[i].what);
        for (int p = 0; p < CONV_PASSES; p++) json_object_set_new(row, passes[p], json_string(d->k[i].kernel[p]));
        json_array_append_new(kernels, row);
    }
    json_object_set_new(o, "libraries", libs);
    json_object_set_new(o, "kernels", kernels);
    return o;
}

static void print(const findings *d, const flags *f)
{
    const double gib = 1 << 30;
    const machine *m = &d->m;
    printf("darkspine  %s, commit %s, %s build, %s\n", DARKSPINE_VERSION, version_commit(), version_build(), version_compiler());
    printf("processor  %s\n           %s\n", *m->cpu ? m->cpu : "unknown", *m->features ? m->features : "no features known");
    printf("threads    %d (%s); %d cores, %d usable", d->c.threads, threads_why(d, f), m->cores, m->usable);
    if (m->quota > 0) printf(", quota of %.2f", m->quota);
    printf("\nmemory     %.2f GiB installed, %.2f GiB can be had", (double)m->memory / gib, (double)machine_room(m) / gib);
    if (m->limit) printf(" (cgroup limit %.2f GiB)", (double)m->limit / gib);
    if (d->c.dev == &device_cpu) printf("\nGPU        none: %s", d->c.no_gpu);
    else printf("\nGPU        %s", d->c.dev->name);
    const char *beside = gpu_library(d->c.dev, 0);
    for (int i = 1; beside; beside = gpu_library(d->c.dev, i++)) printf("\n           %s", beside);
    printf("\ndevice     %s\nprecision  float32; bf16 %s: %s\n", d->c.dev->name, bf16_able(d) ? "yes" : "no", bf16_why(d));
    printf("\n%-26s %-36s %-36s %s\n", "what computes", passes[0], passes[1], passes[2]);
    for (int i = 0; i < CHOICES; i++) printf("%-26s %-36s %-36s %s\n", d->k[i].what, d->k[i].kernel[0], d->k[i].kernel[1], d->k[i].kernel[2]);
    printf("\n%-26s %-12s %s\n", "library", "version", "used for");
    for (int i = 0; i < LIBRARIES; i++) printf("%-26s %-12s %s\n", d->l[i].name, d->l[i].version, d->l[i].use);
}

int verb_doctor(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    findings d = { .c = compute_begin(f), .m = machine_read() };
    libraries(d.l);
    choose(d.c.dev, d.k);
    if (flags_has(f, "--json")) object_print(object(&d, f));
    else print(&d, f);
    flags_free(f);
    return EXIT_OK;
}
