/* file.c - whole-or-absent files; see file.h. The list of open temporaries exists so that exit() can remove them. */
#include "base/file.h"
#include "base/die.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct pending { char *path, *temp; struct pending *next; } pending;
static pending *list;
static int registered;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The same names where a signal's handler finds them: it may not follow a list that another thread is changing. More are left behind then. */
enum { HELD = 16 };
static char held[HELD][PATH_MAX];

static void hold(const char *temp)
{
    int i = 0;
    while (i < HELD && *held[i]) i++;
    if (i == HELD || strlen(temp) >= PATH_MAX) return;
    strcpy(held[i] + 1, temp + 1);
    atomic_thread_fence(memory_order_release);                   /* the first letter last: half a name may be that of another file */
    *(volatile char *)held[i] = *temp;
}

static void let_go(const char *temp)
{
    for (int i = 0; i < HELD; i++) if (!strcmp(held[i], temp)) *held[i] = '\0';
}

void file_clean(void)
{
    for (int i = 0; i < HELD; i++) if (*held[i]) unlink(held[i]);
}

static void on_signal(int number)
{
    file_clean();
    signal(number, SIG_DFL), raise(number);
}

void file_clean_on_signals(void)
{
    static const int which[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXCPU };
    for (size_t i = 0; i < sizeof which / sizeof *which; i++)
        if (signal(which[i], on_signal) == SIG_IGN) signal(which[i], SIG_IGN);   /* nohup, and jobs of a shell in the background */
}

static void remove_all(void)
{
    for (pending *p = list; p; p = p->next) unlink(p->temp);
}

const char *file_temp(const char *path)
{
    pending *p = xalloc(sizeof *p);
    p->path = xdup(path), p->temp = xprintf("%s.tmp%ld", path, (long)getpid());
    pthread_mutex_lock(&lock);
    if (!registered) registered = 1, atexit(remove_all);
    p->next = list, list = p, hold(p->temp);
    pthread_mutex_unlock(&lock);
    return p->temp;
}

static pending *take(const char *path)
{
    pthread_mutex_lock(&lock);
    pending **at = &list, *p;
    while (*at && strcmp((*at)->path, path)) at = &(*at)->next;
    if ((p = *at)) *at = p->next;
    pthread_mutex_unlock(&lock);
    return p;
}

static void drop(pending *p)
{
    pthread_mutex_lock(&lock), let_go(p->temp), pthread_mutex_unlock(&lock);
    free(p->path), free(p->temp), free(p);
}

void file_discard(const char *path)
{
    pending *p = take(path);
    if (p) unlink(p->temp), drop(p);
}

static int sync_name(const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    int ok = fsync(fd) == 0 || errno == EINVAL;                /* EINVAL: a file system without fsync for folders */
    close(fd);
    return ok;
}

void file_publish(const char *path)
{
    pending *p = take(path);
    if (!p) die_machine("%s: no temporary file to publish", path);
    int ok = sync_name(p->temp) && rename(p->temp, path) == 0;
    if (!ok) {
        int e = errno;
        unlink(p->temp), drop(p);
        die_machine("%s: cannot be written: %s", path, strerror(e));
    }
    drop(p);
    char *folder = path_folder(path);
    sync_name(folder);
    free(folder);
}

FILE *file_begin(const char *path)
{
    const char *temp = file_temp(path);
    FILE *f = fopen(temp, "wbe");
    if (!f) {
        int e = errno;
        file_discard(path);
        if (e == ENOSPC || e == EDQUOT || e == EIO) die_machine("%s: cannot be written: %s", path, strerror(e));
        die("%s: cannot be written: %s", path, strerror(e));
    }
    return f;
}

void file_commit(FILE *f, const char *path)
{
    errno = 0;
    int bad = ferror(f) | fflush(f);
    int e = errno;
    bad |= fclose(f);
    if (bad) {
        file_discard(path);
        die_machine("%s: cannot be written: %s", path, strerror(e ? e : errno ? errno : EIO));
    }
    file_publish(path);
}

void file_write(const char *path, const void *bytes, size_t n)
{
    FILE *f = file_begin(path);
    fwrite(bytes, 1, n, f);
    file_commit(f, path);
}

char *file_read(const char *path, size_t limit, size_t *n)
{
    struct stat s;
    FILE *f = fopen(path, "rbe");
    if (!f) die("%s: %s", path, strerror(errno));
    if (fstat(fileno(f), &s) || S_ISDIR(s.st_mode)) { fclose(f); die("%s: got a folder, wanted a file", path); }
    size_t size = 0, room = S_ISREG(s.st_mode) && s.st_size > 0 && (size_t)s.st_size < limit ? (size_t)s.st_size + 1 : 4096;
    char *text = xalloc(room + 1);
    for (size_t got; (got = fread(text + size, 1, room - size, f)) > 0;) {
        size += got;
        if (size > limit) { fclose(f), free(text); die("%s: larger than %zu bytes, the limit here", path, limit); }
        if (size == room) text = xgrow(text, (room *= 2) + 1);
    }
    int bad = ferror(f);
    fclose(f);
    if (bad) { free(text); die_machine("%s: cannot be read", path); }
    text[size] = 0;
    if (n) *n = size;
    return text;
}

char *text_read(const char *path, size_t limit)
{
    size_t n;
    char *text = file_read(path, limit, &n);
    if (strlen(text) != n) { free(text); die("%s: not a text file (it holds a zero byte)", path); }
    return text;
}

int file_exists(const char *path) { return access(path, F_OK) == 0; }

int file_is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

void file_make_folders(const char *path)
{
    if (!*path) die("got an empty name, wanted a folder");
    char *p = xdup(path);
    for (char *q = p + 1;; q++)
        if (*q == '/' || !*q) {
            char keep = *q;
            *q = 0;
            if (mkdir(p, 0777) && errno != EEXIST) {
                int e = errno;
                free(p);
                if (e == ENOSPC || e == EDQUOT || e == EIO) die_machine("%s: cannot be made: %s", path, strerror(e));
                die("%s: cannot be made: %s", path, strerror(e));
            }
            *q = keep;
            if (!keep) break;
        }
    free(p);
    if (!file_is_folder(path)) die("%s: got a file, wanted a folder", path);
}

char *path_join(const char *folder, const char *name)
{
    size_t n = strlen(folder);
    if (name[0] == '/' || !n) return xdup(name);
    return xprintf("%s%s%s", folder, folder[n - 1] == '/' ? "" : "/", name);
}

char *path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return xdup(".");
    if (slash == path) return xdup("/");
    return xprintf("%.*s", (int)(slash - path), path);
}

char *path_stem(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;                    /* a folder's name is often given with one */
    const char *slash = memrchr(path, '/', n), *name = slash && n > 1 ? slash + 1 : path, *end = path + n;
    const char *dot = memrchr(name, '.', (size_t)(end - name));
    return xprintf("%.*s", (int)((dot && dot != name ? dot : end) - name), name);
}

int file_has_suffix(const char *name, const char *suffixes)
{
    if (!suffixes) return 1;
    const char *dot = strrchr(name, '.');
    if (!dot || strlen(dot) > 16 || strchr(dot, '|')) return 0;
    char low[20];
    int n = snprintf(low, sizeof low, "|%s|", dot);
    for (int i = 0; i < n; i++) if (low[i] >= 'A' && low[i] <= 'Z') low[i] = (char)(low[i] + 32);
    return strstr(suffixes, low) != NULL;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

char **file_list(const char *folder, const char *suffixes, int *n)
{
    DIR *d = opendir(folder);
    if (!d) die("%s: %s", folder, strerror(errno));
    char **names = NULL;
    int count = 0, room = 0;
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.' && file_has_suffix(e->d_name, suffixes)) {
            if (count == room) names = xgrow(names, (size_t)(room = room ? 2 * room : 64) * sizeof *names);
            names[count++] = xdup(e->d_name);
        }
    closedir(d);
    if (count) qsort(names, (size_t)count, sizeof *names, by_name);
    *n = count;
    return names;
}
