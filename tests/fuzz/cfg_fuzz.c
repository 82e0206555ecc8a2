/* cfg_fuzz.c - any text as a network cfg: it must load or die with one line. Sizes are cut down first, so that a valid net stays cheap
 * to build. */
#include "base/die.h"
#include "nn/net.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = xalloc(n + 1);
    memcpy(text, data, n);
    die_trap t;
    die_trap_push(&t);
    if (!setjmp(t.jump)) {
        net *net = net_parse(text, "fuzz.cfg", NULL, 0);
        char *again = net_text(net);
        net_free(net_parse(again, "again.cfg", NULL, 0));
        free(again), net_free(net);
        die_trap_pop(&t);
    }
    free(text);
    return 0;
}
