/* events.h - the log as TensorBoard reads it: scalars in an event file beside log.jsonl.
 *
 * The format, as far as it is needed here: a file is a row of records, each
 *     length (8 bytes), masked CRC-32C of the length (4), that many bytes, masked CRC-32C of them (4), all little-endian;
 * the bytes are a protobuf message Event: wall_time = 1 (double), step = 2 (int64), and file_version = 3 (text, the first record)
 * or summary = 5 { value = 1 { tag = 1 (text), simple_value = 2 (float) } }. Masked: rotated right by 15 bits, plus 0xa282ead8. */
#ifndef TRAIN_EVENTS_H
#define TRAIN_EVENTS_H
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* Castagnoli's polynomial (Castagnoli, Braeuer and Herrmann 1993), reflected, as in iSCSI: "123456789" gives 0xe3069283. */
uint32_t crc32c(const void *bytes, size_t n);
/* Write errors stay in the stream: ask ferror. */
void events_header(FILE *f, double wall_time);
void events_scalar(FILE *f, double wall_time, int64_t step, const char *tag, double value);
/* The scalars of one line of log.jsonl (train/log.h): "step/loss", "validation/dice", ... Epochs and validations stand at their step. */
void events_line(FILE *f, const json_t *line);
#endif
