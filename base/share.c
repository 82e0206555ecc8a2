/* share.c - see share.h. The program finds its files by its own place, so that it can be moved and called from anywhere. */
#include "base/share.h"
#include "base/die.h"
#include "base/file.h"
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

char *share_path(const char *name)
{
    static const char *const places[] = { "", "../../", "../share/darkspine/" };
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0) return NULL;
    exe[n] = 0;
    char *folder = path_folder(exe), *found = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places && !found; i++) {
        char *path = xprintf("%s/%s%s", folder, places[i], name);
        if (file_exists(path)) found = path;
        else free(path);
    }
    free(folder);
    return found;
}
