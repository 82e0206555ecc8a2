/* tensor.c - shapes and tensors; see tensor.h. */
#include "nn/tensor.h"
#include "kernels/bf16.h"
#include "base/die.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NUMBERS ((int64_t)1 << 40)                         /* in one map: 4 TiB of float32, more than any machine has */

int64_t shape_volume(const shape *s)
{
    int64_t v = 1;
    for (int i = 0; i < s->nd; i++)
        if (__builtin_mul_overflow(v, s->d[i], &v)) 
            die_machine("a map of %lld x %lld x ... numbers is too large", (long long)s->d[0], (long long)s->d[i]);
    return v;
}

int shape_same(const shape *a, const shape *b)
{
    int same = a->nd == b->nd;
    for (int i = 0; i < a->nd && same; i++) same = a->d[i] == b->d[i];
    return same;
}

char *shape_text(const shape *s, char text[64])
{
    int at = 0;
    text[0] = 0;
    for (int i = 0; i < s->nd && at < 60; i++) at += snprintf(text + at, (size_t)(64 - at), "%s%lld", i ? "x" : "", (long long)s->d[i]);
    return text;
}

size_t dtype_size(dtype t)
{
    static const size_t size[] = { [F32] = 4, [BF16] = 2, [F64] = 8, [I32] = 4, [I64] = 8, [U8] = 1 };
    return size[t];
}

const char *dtype_name(dtype t)
{
    static const char *const name[] = { [F32] = "float32", [BF16] = "bf16", [F64] = "float64", [I32] = "int32", [I64] = "int64", [U8] = "uint8" };
    return name[t];
}

tensor *tensor_new(const char *name, shape s, dtype type, role r)
{
    tensor *t = xalloc(sizeof *t);
    if (strlen(name) >= sizeof t->name) die("the name %s is longer than %zu characters", name, sizeof t->name - 1);
    strcpy(t->name, name);
    t->s = s, t->role = r;
    int64_t n = shape_volume(&s);
    if (n < 0 || n > MAX_NUMBERS) die_machine("%s: %lld numbers in one map are too many", name, (long long)n);
    tensor_retype(t, type);
    t->x.first = t->g.first = -1;
    return t;
}

void tensor_free(tensor *t) { free(t); }

double tensor_number(const tensor *t, const void *at, int64_t i)
{
    return t->type == BF16 ? (double)bf16_get(((const bf16 *)at)[i]) : (double)((const real *)at)[i];
}

int tensor_planned_gradient(const tensor *t) { return t->role != PARAM || t->spent; }
int tensor_differentiable(const tensor *t) { return t->type == REAL_TYPE || t->type == BF16; }

void tensor_retype(tensor *t, dtype type)
{
    t->type = type;
    t->x.size = (size_t)shape_volume(&t->s) * dtype_size(type);
    t->g.size = tensor_differentiable(t) ? t->x.size : 0;
}

tensor *tensor_root(tensor *t)
{
    while (t->of) t = t->of;
    return t;
}

int64_t tensor_channels(const tensor *t) { return t->s.nd ? t->s.d[t->s.nd - 1] : 1; }
int64_t tensor_pixels(const tensor *t) { return shape_volume(&t->s) / tensor_channels(t); }

int64_t tensor_stride(const tensor *t)
{
    while (t->of) t = t->of;
    return tensor_channels(t);
}
