/* unet_gradients NET.cfg HEIGHT WIDTH TAG OUT - writes every parameter gradient of one reference run for tests/torch/unet.py: OUT.bin
 * holds float64 in the reference's layout, OUT.tsv its state_dict key, shape and offset. */
#include "tests/reference.h"
#include "base/die.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    int64_t h, w;
    if (argc != 7 || !text_int(argv[2], &h) || !text_int(argv[3], &w)) die("usage: unet_gradients NET.cfg HEIGHT WIDTH TAG OUT 0|1 (winograd)");
    char *x = xprintf("x/%s", argv[4]), *y = xprintf("y/%s", argv[4]);
    reference m = reference_new(&(reference_case){ argv[1], "milesial", "unet/", x, y, 1, h, w, "milesial", "1,1", argv[6][0] == '1' ? WINOGRAD : EXACT });
    m.c.training = 1;
    schedule_run(&m.plan, &m.c);
    char *bin = xprintf("%s.bin", argv[5]), *tsv = xprintf("%s.tsv", argv[5]), key[160];
    FILE *b = fopen(bin, "wb"), *t = fopen(tsv, "w");
    if (!b || !t) die_machine("%s: cannot be written", bin);
    int64_t at = 0;
    for (int i = 0; i < m.p->n; i++) {
        const param *q = &m.p->p[i];
        if (q->role != PARAM) continue;
        shape r = reference_shape(q);
        reference_key(&m, q, key);
        fprintf(t, "%s\t%lld\t", key, (long long)at);
        for (int k = 0; k < r.nd; k++) fprintf(t, "%s%lld", k ? "," : "", (long long)r.d[k]);
        fprintf(t, "\n");
        for (int64_t j = 0; j < (int64_t)q->count; j++, at++) {
            double v = (double)m.p->g[q->at + (size_t)reference_at(q, &r, j)];
            fwrite(&v, sizeof v, 1, b);
        }
    }
    if (fclose(b) | fclose(t)) die_machine("%s: cannot be written", bin);
    printf("%.17g %zu\n", (double)*(real *)m.loss->x.p, sizeof(real));
    free(bin), free(tsv), free(x), free(y), reference_free(&m);
    return 0;
}
