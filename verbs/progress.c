/* progress.c - see progress.h. */
#include "verbs/progress.h"
#include "base/clock.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* 59 s, 12:34 or 5:06:07. */
static void clock_text(double seconds, char out[32])
{
    long s = (long)(seconds + 0.5);
    if (s < 60) snprintf(out, 32, "%ld s", s);
    else if (s < 3600) snprintf(out, 32, "%ld:%02ld", s / 60, s % 60);
    else snprintf(out, 32, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

progress progress_begin(const char *what, int64_t total, int quiet)
{
    return (progress){ .what = what, .total = total, .quiet = quiet, .terminal = isatty(STDERR_FILENO), .began = clock_now(), .last = clock_now() };
}

double progress_seconds(const progress *p) { return clock_now() - p->began; }

void progress_step(progress *p, int64_t done, const char *fmt, ...)
{
    enum { BAR = 24 };
    double t = clock_now(), wait = p->terminal ? 0.1 : 5;
    const int last = !p->terminal && p->shown && done == p->total;           /* a log that ends at 8/9 looks like a failure */
    if (p->quiet || (t - p->last < wait && !last)) return;
    p->last = t, p->shown = 1;
    char line[512], bar[BAR + 1] = "", left[32] = "?", took[32];
    double share = p->total > 0 ? (double)done / (double)p->total : 0;
    if (share > 1) share = 1;
    for (int i = 0; i < BAR; i++) bar[i] = i < (int)(share * BAR) ? '=' : ' ';
    clock_text(t - p->began, took);
    if (share > 0) clock_text((t - p->began) * (1 - share) / share, left);
    int n;
    if (p->total <= 0) n = snprintf(line, sizeof line, "%s %lld  %s", p->what, (long long)done, took);
    else n = snprintf(line, sizeof line, p->terminal ? "%s [%s] %lld/%lld  %.0f %%  left %s" : "%s%s %lld/%lld  %.0f %%  left %s", p->what,
                      p->terminal ? bar : "", (long long)done, (long long)p->total, 100 * share, left);
    if (fmt && n > 0 && n < (int)sizeof line - 4) {
        va_list ap;
        va_start(ap, fmt);
        strcpy(line + n, "  ");
        vsnprintf(line + n + 2, sizeof line - (size_t)n - 2, fmt, ap);
        va_end(ap);
    }
    if (p->terminal) fprintf(stderr, "\r\033[K%s", line);
    else fprintf(stderr, "%s\n", line);
    fflush(stderr);
}

void progress_end(progress *p)
{
    if (p->shown && p->terminal) fprintf(stderr, "\r\033[K"), fflush(stderr);
    p->shown = 0;
}
