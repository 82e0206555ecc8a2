/* plugin.c - finds and opens the CUDA plugin, on first use only: its libraries take a tenth of a second to load, and the program must
 * start where they are not. Where there is no driver the plugin is not even looked for, unless it is named. */
#include "nn/device.h"
#include "base/die.h"
#include "base/die_end.h"
#include "base/file.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PLUGIN "libdarkspine-cuda.so"
/* What the plugin exports beside DEVICE_OPEN: die_hand_over, so that its errors end in the program's traps and --quiet holds for it too */
#define DEVICE_ERRORS "darkspine_cuda_errors"
#define DRIVER "/dev/nvidiactl"

/* The folder the program lies in; fresh */
static char *program_folder(void)
{
    char path[4096];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    return path_folder(path);
}

/* The file to open, fresh, or NULL and why. */
static char *find(char why[256])
{
    static const char *const places[] = { "%s/" PLUGIN, "%s/../lib/darkspine/" PLUGIN };
    const char *named = getenv("DARKSPINE_CUDA_PLUGIN");
    if (named && *named) return xdup(named);
    if (access(DRIVER, F_OK)) { snprintf(why, 256, "no NVIDIA driver on this machine (%s is missing)", DRIVER); return NULL; }
    char *folder = program_folder(), *found = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places && !found; i++) {
        char path[4200];
        snprintf(path, sizeof path, places[i], folder);
        if (file_exists(path)) found = xdup(path);
    }
    if (!found) snprintf(why, 256, "there is an NVIDIA driver, but no %s beside the program (`make cuda` builds it)", PLUGIN);
    free(folder);
    return found;
}

const device *device_cuda(int index, char why[256])
{
    char *path = find(why);
    if (!path) return NULL;
    const device *d = NULL;
    void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    device_open *open;
    void (*errors_end_in)(die_ending *, int);
    *(void **)&open = plugin ? dlsym(plugin, DEVICE_OPEN) : NULL;                    /* POSIX's way from dlsym to a function */
    *(void **)&errors_end_in = open ? dlsym(plugin, DEVICE_ERRORS) : NULL;
    if (errors_end_in) errors_end_in(die_end, warn_silent()), d = open(device_layout(), index, why);
    else snprintf(why, 256, "%s: %s", path, dlerror());
    free(path);
    return d;
}
