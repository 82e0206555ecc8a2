/* words.h - numbers in sentences: bytes in the unit that suits them, and the letter of a plural. */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
/* "512 B", "1.5 KiB", "4.0 MiB", "16.0 GiB", into out, which it returns. */
enum { BYTES_ROOM = 32 };
const char *bytes_text(double bytes, char out[BYTES_ROOM]);
/* For printf's %s, as often in one call as is needed. */
#define BYTES(n) bytes_text((double)(n), (char[BYTES_ROOM]){ 0 })
/* "%lld film%s", n, plural(n) */
static inline const char *plural(int64_t n) { return n == 1 ? "" : "s"; }
#ifdef __cplusplus
}
#endif
#endif
