/* dnn_cuda_load.c - finds and opens cuDNN and cuBLASLt; see dnn_cuda.h.
 *
 * DARKSPINE_CUDNN names a folder that holds them, or a file that is both, or is `none`. Otherwise: where the loader looks
 * (LD_LIBRARY_PATH, ldconfig), the toolkit's folders, and the folders of the nvidia-* Python packages; in each the newest name first.
 * The first that works is taken: it opens, has the functions, is of a version whose values are known, and makes a handle. One that does not is
 * closed again and named, with the reason, where the library is named.
 * What is open is the one thing in kernels/ that is not const: a process opens a library once, and every thread may ask for it.
 * The trap: in the emulator, whose GPU has no memory that the real libraries could reach, only what is named is opened. */
#include "kernels/dnn_cuda.h"
#include "kernels/dnn_cuda_library.h"
#include "base/die.h"
#include <dlfcn.h>
#include <glob.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct { const char *name; size_t at; } call;          /* at: of its pointer in dnn_library */
#define CALL(result, name, arguments) { #name, offsetof(dnn_library, name) },
static const call cudnn_calls[] = { DNN_CUDNN_CALLS(CALL) { NULL, 0 } }, cublas_calls[] = { DNN_CUBLAS_CALLS(CALL) { NULL, 0 } };

/* In these folders, the first word being the variable that the pattern hangs on; "": where the loader looks */
static const struct { const char *variable, *pattern; } places[] = {
#ifndef CUDA_EMULATED
    { NULL, "" }, { "CUDA_HOME", "/lib64" }, { NULL, "/usr/local/cuda/lib64" }, { "CONDA_PREFIX", "/lib" },
    { "VIRTUAL_ENV", "/lib/python3*/site-packages/nvidia/*/lib" }, { "CONDA_PREFIX", "/lib/python3*/site-packages/nvidia/*/lib" },
    { "HOME", "/.local/lib/python3*/site-packages/nvidia/*/lib" }, { NULL, "/usr/local/lib/python3*/*-packages/nvidia/*/lib" },
    { NULL, "/usr/lib/python3*/*-packages/nvidia/*/lib" }, { NULL, "/opt/conda/lib/python3*/site-packages/nvidia/*/lib" },
#endif
    { NULL, NULL }
};

/* One of the two. files: newest name first; oldest, newest: major versions whose calls and values dnn_cuda_api.h has */
typedef struct sought {
    const char *name, *does, *files[4];
    const call *calls;
    size_t oldest, newest;
    size_t (*version)(const dnn_library *);                    /* 91900 for 9.19.0, but 8907 for 8.9.7: */
    size_t wide;                                               /* from here on a major version counts 10000, before 1000 */
    const char *(*create)(dnn_library *);                      /* NULL: there is a handle; else why not */
} sought;

/* over: what was passed over, and why, in words */
typedef struct search { const sought *s; dnn_library *l; char *over, version[40]; } search;

static size_t cudnn_version(const dnn_library *l) { return l->cudnnGetVersion(); }
static size_t cublas_version(const dnn_library *l) { return l->cublasLtGetVersion(); }

static const char *create_cudnn(dnn_library *l)
{
    const int status = l->cudnnCreate(&l->dnn);
    if (status) l->dnn = NULL;
    return status ? l->cudnnGetErrorString(status) : NULL;
}

static const char *create_cublas(dnn_library *l)
{
    const int status = l->cublasLtCreate(&l->blas);
    if (status) l->blas = NULL;
    return status ? l->cublasLtGetStatusString(status) : NULL;
}

static const sought cublas = { "cuBLASLt", "matrix products", { "libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11", NULL },
                               cublas_calls, 11, 13, cublas_version, 100000, create_cublas };
static const sought cudnn = { "cuDNN", "convolutions", { "libcudnn.so.9", "libcudnn.so.8", NULL }, cudnn_calls, 8, 9, cudnn_version, 90000,
                              create_cudnn };

/* Fills the pointers of the calls. 0 and why, where one is missing */
static int look_up(dnn_library *l, void *library, const call *calls, char why[256])
{
    for (; calls->name; calls++) {
        void *f = dlsym(library, calls->name);
        if (!f) { snprintf(why, 256, "it has no %s", calls->name); return 0; }
        memcpy((char *)l + calls->at, &f, sizeof f);           /* POSIX's way from dlsym to a function */
    }
    return 1;
}

/* 1: it has what is called, in a version that is known, and a handle; else why not */
static int works(search *q, void *library, char why[256])
{
    const sought *s = q->s;
    if (!look_up(q->l, library, s->calls, why)) return 0;
    const size_t v = s->version(q->l), unit = v >= s->wide ? 10000 : 1000, major = v / unit;
    snprintf(q->version, sizeof q->version, "%zu.%zu.%zu", major, v % unit / 100, v % 100);
    if (major < s->oldest || major > s->newest) {
        snprintf(why, 256, "it is version %s, wanted %zu to %zu", q->version, s->oldest, s->newest);
        return 0;
    }
    const char *no_handle = s->create(q->l);
    if (no_handle) snprintf(why, 256, "no handle can be made: %.200s", no_handle);
    return !no_handle;
}

/* Once for each file, which several places may have under other names */
static void pass_over(search *q, const char *path, const char *why)
{
    char *file = realpath(path, NULL), *words = xprintf("%s: %s", file ? file : path, why);
    if (!strstr(q->over, words)) {
        char *more = xprintf("%s%s%s", q->over, *q->over ? "; " : "", words);
        free(q->over);
        q->over = more;
    }
    free(file), free(words);
}

/* 1: this file works and stays open */
static int take(search *q, const char *path)
{
    char why[256] = "";
    struct link_map *map = NULL;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *said = dlerror();                          /* "NAME: what is wrong", NAME being this file's or that of one it needs */
        const size_t n = strlen(path);
        const int own = !strncmp(said, path, n) && said[n] == ':';
        if (!own || !strstr(said, "No such file")) pass_over(q, path, own ? said + n + 2 : said);
        return 0;
    }
    if (works(q, library, why)) return 1;
    pass_over(q, dlinfo(library, RTLD_DI_LINKMAP, &map) ? path : map->l_name, why);
    dlclose(library);
    return 0;
}

static int take_in(search *q, const char *folder)
{
    int found = 0;
    for (const char *const *file = q->s->files; *file && !found; file++) {
        char *path = *folder ? xprintf("%s/%s", folder, *file) : xdup(*file);
        found = take(q, path);
        free(path);
    }
    return found;
}

static int take_matching(search *q, const char *pattern)
{
    glob_t folders;
    int found = 0;
    if (!*pattern) return take_in(q, "");
    if (glob(pattern, 0, NULL, &folders)) return 0;
    for (size_t i = 0; i < folders.gl_pathc && !found; i++) found = take_in(q, folders.gl_pathv[i]);
    globfree(&folders);
    return found;
}

static int take_anywhere(search *q)
{
    int found = 0;
    for (int i = 0; places[i].pattern && !found; i++) {
        const char *base = places[i].variable ? getenv(places[i].variable) : "";
        if (!base) continue;
        char *pattern = xprintf("%s%s", base, places[i].pattern);
        found = take_matching(q, pattern);
        free(pattern);
    }
    return found;
}

static int unwanted(void)
{
    const char *named = getenv("DARKSPINE_CUDNN");
    return named && !strcmp(named, "none");
}

static char *where(const char *named)
{
    return named && *named ? xprintf("in DARKSPINE_CUDNN=%.100s", named)
        : xdup("where the loader, CUDA_HOME or the nvidia-* Python packages have libraries (DARKSPINE_CUDNN names a place)");
}

/* Opens the first that works. Returns what it is, or why there is none, and what was passed over; it stays as long as the library */
static char *find(const sought *s, dnn_library *l)
{
    const char *named = getenv("DARKSPINE_CUDNN");
    struct stat st;
    if (unwanted()) return xprintf("%s is not used (DARKSPINE_CUDNN=none)", s->name);
    search q = { s, l, xdup(""), "" };
    const int found = !named || !*named ? take_anywhere(&q) : !stat(named, &st) && S_ISDIR(st.st_mode) ? take_in(&q, named) : take(&q, named);
    char *place = where(named), *is;
    if (found && !*q.over) is = xprintf("%s %s", s->name, q.version);
    else if (found) is = xprintf("%s %s (passed over: %s)", s->name, q.version, q.over);
    else if (*q.over) is = xprintf("%s: none works %s: %s", s->name, place, q.over);
    else is = xprintf("%s: no %s %s", s->name, s->files[0], place);
    free(place), free(q.over);
    return is;
}

static dnn_library library;

static void open_both(void)
{
    library.blas_is = find(&cublas, &library), library.dnn_is = find(&cudnn, &library);         /* in this order: cuDNN wants the other */
    if (unwanted()) return;                                    /* who asked for that need not be told */
    if (!library.dnn) warn("%s: our own kernels compute %s", library.dnn_is, cudnn.does);
    if (!library.blas) warn("%s: our own kernels compute %s", library.blas_is, cublas.does);
}

const dnn_library *dnn_library_open(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_both);
    return &library;
}

const char *dnn_cuda_library(int i)
{
    const dnn_library *l = dnn_library_open();
    return i == 0 ? l->dnn_is : i == 1 ? l->blas_is : NULL;
}

void dnn_check(const char *(*words)(int), int status, const char *file, int line, const char *fmt, ...)
{
    char what[256];
    va_list ap;
    if (!status) return;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    die_machine("the GPU failed, %s: %s (%s:%d)", what, words(status), file, line);
}
