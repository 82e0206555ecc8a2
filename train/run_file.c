/* run_file.c - where a file that a run names lies; see run.h. */
#include "train/run.h"
#include "base/die.h"
#include "base/file.h"
#include "base/share.h"
#include <stdlib.h>

char *run_file(const run *r, const char *named)
{
    if (!named || *named == '/' || file_exists(named)) return named ? xdup(named) : NULL;
    char *folder = path_folder(r->path), *found = path_join(folder, named);
    if (!file_exists(found)) free(found), found = share_path(named);
    free(folder);
    return found ? found : xdup(named);
}
