/* sizes.c - see sizes.h. */
#include "datasets/sizes.h"
#include "base/die.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char at[] = "data.sizes";

static void add(fit_sizes *s, int64_t h, int64_t w)
{
    for (int k = 0; k < s->n; k++)
        if (s->h[k] == h && s->w[k] == w)
            die_at(at, "%lldx%lld %s", (long long)h, (long long)w, k ? "stands twice" : "is the size of the net already");
    if (s->n == FIT_SIZES) die_at(at, "more than %d sizes", FIT_SIZES - 1);
    s->h[s->n] = h, s->w[s->n++] = w;
}

fit_sizes fit_sizes_of(const fit_conf *c, int64_t net_h, int64_t net_w)
{
    enum { MOST = 16384 };
    fit_sizes s = { 1, { net_h }, { net_w } };
    char *copy = xdup(c->sizes ? c->sizes : ""), *save;
    for (char *word = strtok_r(copy, ", ", &save); word; word = strtok_r(NULL, ", ", &save)) {
        int64_t h, w;
        char *x = strchr(word, 'x');
        if (x) *x = 0;
        if (!x || !text_int(word, &h) || !text_int(x + 1, &w) || h < 1 || w < 1 || h > MOST || w > MOST)
            die_at(at, "got '%s', wanted sizes as rows x columns by comma: 512x256,768x384", c->sizes);
        add(&s, h, w);
    }
    free(copy);
    return s;
}

int fit_sizes_choose(const fit_sizes *s, int64_t h, int64_t w)
{
    const double same = 1e-9;
    double best[2] = { INFINITY, INFINITY };
    int choice = 0;
    for (int k = 0; k < s->n; k++) {
        const double y = log((double)h / (double)s->h[k]), x = log((double)w / (double)s->w[k]), shape = fabs(y - x), area = fabs(y + x);
        if (shape > best[0] + same || (shape > best[0] - same && area > best[1] - same)) continue;
        best[0] = shape, best[1] = area, choice = k;
    }
    return choice;
}

int64_t fit_sizes_area(const fit_sizes *s)
{
    int64_t area = 0;
    for (int k = 0; k < s->n; k++) if (s->h[k] * s->w[k] > area) area = s->h[k] * s->w[k];
    return area;
}

void fit_sizes_words(const fit_sizes *s, int k, size_words *out)
{
    snprintf(out->text[0], sizeof out->text[0], "net.height=%lld", (long long)s->h[k]);
    snprintf(out->text[1], sizeof out->text[1], "net.width=%lld", (long long)s->w[k]);
    for (int i = 0; i < 2; i++) out->word[i] = out->text[i];
}
