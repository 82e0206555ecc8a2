/* dnn_cuda_load.c - finds and opens cuDNN and cuBLASLt; see dnn_cuda.h.
 *
 * DARKSPINE_CUDNN names a folder that holds them, or a file that is both, or is `none`. Otherwise: where the loader looks
 * (LD_LIBRARY_PATH, ldconfig), the toolkit's folders, and the folders of the nvidia-* Python packages; in each the newest name first.
 * What is open is the one thing in kernels/ that is not const: a process opens a library once, and every thread may ask for it.
 * The trap: in the emulator, whose GPU has no memory that the real libraries could reach, only what is named is opened. */
#include "kernels/dnn_cuda.h"
#include "kernels/dnn_cuda_library.h"
#include "base/die.h"
#include <dlfcn.h>
#include <glob.h>

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

static void *open_in(const char *folder, const char *const *names)
{
    void *library = NULL;
    for (; *names && !library; names++) {
        char *path = *folder ? xprintf("%s/%s", folder, *names) : xdup(*names);
        library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        free(path);
    }
    return library;
}

static void *open_matching(const char *pattern, const char *const *names)
{
    glob_t found;
    void *library = NULL;
    if (!*pattern) return open_in("", names);
    if (!glob(pattern, 0, NULL, &found)) {
        for (size_t i = 0; i < found.gl_pathc && !library; i++) library = open_in(found.gl_pathv[i], names);
        globfree(&found);
    }
    return library;
}

static int unwanted(void)
{
    const char *named = getenv("DARKSPINE_CUDNN");
    return named && !strcmp(named, "none");
}

/* The library, or NULL and why in words */
static void *find(const char *what, const char *const *names, char why[256])
{
    const char *named = getenv("DARKSPINE_CUDNN");
    struct stat st;
    void *library = NULL;
    if (unwanted()) { snprintf(why, 256, "%s is not used (DARKSPINE_CUDNN=none)", what); return NULL; }
    if (named && *named) {
        library = !stat(named, &st) && S_ISDIR(st.st_mode) ? open_in(named, names) : dlopen(named, RTLD_NOW | RTLD_LOCAL);
        if (!library) snprintf(why, 256, "%s: not in DARKSPINE_CUDNN=%.100s (%.60s)", what, named, names[0]);
        return library;
    }
    for (int i = 0; places[i].pattern && !library; i++) {
        const char *base = places[i].variable ? getenv(places[i].variable) : "";
        if (!base) continue;
        char *pattern = xprintf("%s%s", base, places[i].pattern);
        library = open_matching(pattern, names);
        free(pattern);
    }
    if (!library)
        snprintf(why, 256, "%s: no %s where the loader, CUDA_HOME or the nvidia-* Python packages have libraries (DARKSPINE_CUDNN names a place)",
                 what, names[0]);
    return library;
}

/* Fills the pointers of these calls. 0 and why, where one is missing */
static int look_up(dnn_library *l, void *library, const call *calls, char why[256])
{
    for (; calls->name; calls++) {
        void *f = dlsym(library, calls->name);
        if (!f) { snprintf(why, 256, "it has no %s", calls->name); return 0; }
        memcpy((char *)l + calls->at, &f, sizeof f);           /* POSIX's way from dlsym to a function */
    }
    return 1;
}

static void open_cublas(dnn_library *l)
{
    static const char *const names[] = { "libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11", NULL };
    char why[256] = "";
    void *library = find("cuBLASLt", names, l->blas_is);
    if (!library) return;
    int ok = look_up(l, library, cublas_calls, why);
    const size_t v = ok ? l->cublasLtGetVersion() : 0, major = v >= 100000 ? 10000 : 1000;  /* 11605 is 11.6.5, 130001 is 13.0.1 */
    if (ok && v < DNN_OLDEST_CUBLAS) ok = 0, snprintf(why, sizeof why, "it is version %zu, wanted 11 or later", v);
    const int status = ok ? l->cublasLtCreate(&l->blas) : 0;
    if (status) ok = 0, l->blas = NULL, snprintf(why, sizeof why, "%.200s", l->cublasLtGetStatusString(status));
    if (ok) snprintf(l->blas_is, sizeof l->blas_is, "cuBLASLt %zu.%zu.%zu", v / major, v % major / 100, v % 100);
    else snprintf(l->blas_is, sizeof l->blas_is, "cuBLASLt was found, but %.220s", why);
}

static void open_cudnn(dnn_library *l)
{
    static const char *const names[] = { "libcudnn.so.9", "libcudnn.so.8", NULL };
    char why[256] = "";
    void *library = find("cuDNN", names, l->dnn_is);
    if (!library) return;
    int ok = look_up(l, library, cudnn_calls, why);
    const size_t v = ok ? l->cudnnGetVersion() : 0, major = v >= 90000 ? 10000 : 1000;      /* 8907 is 8.9.7, 91900 is 9.19.0 */
    if (ok && v < DNN_OLDEST_CUDNN) ok = 0, snprintf(why, sizeof why, "it is version %zu, wanted 8 or later", v);
    const int status = ok ? l->cudnnCreate(&l->dnn) : 0;
    if (status) ok = 0, l->dnn = NULL, snprintf(why, sizeof why, "%.200s", l->cudnnGetErrorString(status));
    if (ok) snprintf(l->dnn_is, sizeof l->dnn_is, "cuDNN %zu.%zu.%zu", v / major, v % major / 100, v % 100);
    else snprintf(l->dnn_is, sizeof l->dnn_is, "cuDNN was found, but %.220s", why);
}

static dnn_library library;

static void open_both(void)
{
    open_cublas(&library), open_cudnn(&library);               /* in this order: cuDNN wants the other */
    if (unwanted()) return;                                    /* who asked for that need not be told */
    if (!library.dnn) warn("%s: our own kernels compute convolutions", library.dnn_is);
    if (!library.blas) warn("%s: our own kernels compute matrix products", library.blas_is);
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
