/* events.c - see events.h. */
#include "train/events.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

uint32_t crc32c(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

static uint32_t masked(const void *bytes, size_t n)
{
    const uint32_t c = crc32c(bytes, n);
    return (c >> 15 | c << 17) + 0xa282ead8u;
}

/* A message being built: bytes of protobuf's wire format. */
typedef struct message { uint8_t *p; size_t n; } message;

static void put(message *m, const void *bytes, size_t n)
{
    m->p = xgrow(m->p, m->n + n + 1);
    memcpy(m->p + m->n, bytes, n);
    m->n += n;
}

static void put_varint(message *m, uint64_t v)
{
    for (;; v >>= 7) {
        const uint8_t byte = (uint8_t)((v & 127) | (v > 127 ? 128 : 0));
        put(m, &byte, 1);
        if (v < 128) return;
    }
}

enum { VARINT = 0, EIGHT_BYTES = 1, LENGTH = 2, FOUR_BYTES = 5 };            /* wire types */
static void put_key(message *m, int field, int wire) { put_varint(m, (uint64_t)(field << 3 | wire)); }
static void put_bytes(message *m, int field, const void *bytes, size_t n) { put_key(m, field, LENGTH), put_varint(m, n), put(m, bytes, n); }

/* x86-64 is little-endian, as the format is. */
static void write_record(FILE *f, message *m)
{
    const uint64_t n = m->n;
    const uint32_t head = masked(&n, sizeof n), body = masked(m->p, m->n);
    fwrite(&n, sizeof n, 1, f), fwrite(&head, sizeof head, 1, f), fwrite(m->p, 1, m->n, f), fwrite(&body, sizeof body, 1, f);
    free(m->p);
}

void events_header(FILE *f, double wall_time)
{
    static const char version[] = "brain.Event:2";
    message m = { 0 };
    put_key(&m, 1, EIGHT_BYTES), put(&m, &wall_time, sizeof wall_time);
    put_bytes(&m, 3, version, sizeof version - 1);
    write_record(f, &m);
}

void events_scalar(FILE *f, double wall_time, int64_t step, const char *tag, double value)
{
    message event = { 0 }, one = { 0 }, summary = { 0 };
    const float v = (float)value;
    put_bytes(&one, 1, tag, strlen(tag));
    put_key(&one, 2, FOUR_BYTES), put(&one, &v, sizeof v);
    put_bytes(&summary, 1, one.p, one.n);
    put_key(&event, 1, EIGHT_BYTES), put(&event, &wall_time, sizeof wall_time);
    put_key(&event, 2, VARINT), put_varint(&event, (uint64_t)step);
    put_bytes(&event, 5, summary.p, summary.n);
    write_record(f, &event);
    free(one.p), free(summary.p);
}

/* Every number of a line that is none of these is a scalar. */
static int is_position(const char *key)
{
    static const char *const keys[] = { "step", "epoch", "time", "n", "class" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) if (!strcmp(key, keys[i])) return 1;
    return 0;
}

static void numbers(FILE *f, const json_t *o, double wall, int64_t step, const char *prefix)
{
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)o, key, v) {
        if (!json_is_number(v) || is_position(key)) continue;
        char *tag = xprintf("%s/%s", prefix, key);
        events_scalar(f, wall, step, tag, json_number_value(v));
        free(tag);
    }
}

void events_line(FILE *f, const json_t *line)
{
    const char *kind = json_string_value(json_object_get(line, "kind"));
    const json_t *classes = json_object_get(line, "classes"), *layers = json_object_get(line, "layers");
    const double wall = json_number_value(json_object_get(line, "time"));
    const int64_t step = json_integer_value(json_object_get(line, "step"));
    if (!kind || !strcmp(kind, "run")) return;
    numbers(f, line, wall, step, kind);
    for (size_t i = 0; i < json_array_size(classes); i++) {
        const json_t *c = json_array_get(classes, i);
        char *prefix = xprintf("class %lld", (long long)json_integer_value(json_object_get(c, "class")));
        numbers(f, c, wall, step, prefix);
        free(prefix);
    }
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const json_t *l = json_array_get(layers, i);
        const char *name = json_string_value(json_object_get(l, "name"));
        if (name) numbers(f, l, wall, step, name);
    }
}
