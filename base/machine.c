/* machine.c - reads /proc and /sys/fs/cgroup; see machine.h. What cannot be read stays zero: "unknown" or "no limit". */
#include "base/machine.h"
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The features that kernels or libraries choose by. */
static const char *const known[] = { "sse4_2", "avx", "avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni",
                                     "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16", "amx_int8" };

static int word_in(const char *words, const char *w)
{
    size_t n = strlen(w);
    for (const char *p = words; (p = strstr(p, w)); p += n)
        if ((p == words || p[-1] == ' ') && (!p[n] || p[n] == ' ' || p[n] == '\n')) return 1;
    return 0;
}

/* "key<tabs>: value" of a /proc file, without the line end; "" where it is missing. */
static void field(const char *path, const char *key, char *out, size_t room)
{
    char *line = NULL;
    size_t size = 0, n = strlen(key);
    FILE *f = fopen(path, "re");
    *out = 0;
    while (f && !*out && getline(&line, &size, f) > 0) {
        if (strncmp(line, key, n) || !strchr(" \t:", line[n])) continue;
        const char *value = strchr(line, ':');
        if (value) snprintf(out, room, "%s", value + 1 + strspn(value + 1, " \t")), out[strcspn(out, "\n")] = 0;
    }
    free(line);
    if (f) fclose(f);
}

static int64_t kibibytes(const char *path, const char *key)
{
    char text[64];
    field(path, key, text, sizeof text);
    return strtoll(text, NULL, 10) * 1024;
}

/* The first line of a file, or "". */
static void line_of(const char *path, char *out, size_t room)
{
    FILE *f = fopen(path, "re");
    *out = 0;
    if (f && fgets(out, (int)room, f)) out[strcspn(out, "\n")] = 0;
    if (f) fclose(f);
}

/* A limit above this is how version 1 spells "no limit". */
static int64_t bytes_in(const char *path)
{
    char text[64];
    line_of(path, text, sizeof text);
    int64_t n = strtoll(text, NULL, 10);
    return n > 0 && n < INT64_MAX / 2 ? n : 0;
}

static void cgroup(machine *m)
{
    char text[64], *end;
    m->limit = bytes_in("/sys/fs/cgroup/memory.max"), m->used = bytes_in("/sys/fs/cgroup/memory.current");
    if (!m->used) {
        m->limit = bytes_in("/sys/fs/cgroup/memory/memory.limit_in_bytes");
        m->used = bytes_in("/sys/fs/cgroup/memory/memory.usage_in_bytes");
    }
    if (m->limit >= m->memory) m->limit = 0;
    line_of("/sys/fs/cgroup/cpu.max", text, sizeof text);
    double quota = strtod(text, &end), period = strtod(end, NULL);
    if (!*text) {
        line_of("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", text, sizeof text), quota = strtod(text, NULL);
        line_of("/sys/fs/cgroup/cpu/cpu.cfs_period_us", text, sizeof text), period = strtod(text, NULL);
    }
    if (quota > 0 && period > 0) m->quota = quota / period;
}

machine machine_read(void)
{
    machine m = { 0 };
    char flags[8192];
    cpu_set_t set;
    field("/proc/cpuinfo", "model name", m.cpu, sizeof m.cpu);
    field("/proc/cpuinfo", "flags", flags, sizeof flags);
    for (size_t i = 0, n = 0; i < sizeof known / sizeof *known; i++)
        if (word_in(flags, known[i])) n += (size_t)snprintf(m.features + n, sizeof m.features - n, "%s%s", n ? " " : "", known[i]);
    m.cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    m.usable = sched_getaffinity(0, sizeof set, &set) ? m.cores : CPU_COUNT(&set);
    m.memory = kibibytes("/proc/meminfo", "MemTotal"), m.available = kibibytes("/proc/meminfo", "MemAvailable");
    cgroup(&m);
    return m;
}

int machine_has(const machine *m, const char *feature) { return word_in(m->features, feature); }

int machine_threads(const machine *m)
{
    int n = m->usable;
    if (m->quota > 0 && ceil(m->quota) < n) n = (int)ceil(m->quota);
    return n > 0 ? n : 1;
}

int64_t machine_room(const machine *m)
{
    int64_t within = m->limit - m->used;
    if (!m->limit || m->available < within) return m->available;
    return within > 0 ? within : 0;
}

int64_t machine_peak_rss(void) { return kibibytes("/proc/self/status", "VmHWM"); }

int machine_peak_reset(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "we");
    if (!f) return 0;
    int wrote = fputs("5", f) >= 0;
    return (fclose(f) == 0) & wrote;
}
