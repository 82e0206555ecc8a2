/* stop.c - see stop.h. The handler counts, and the second time removes temporaries. */
#include "verbs/stop.h"
#include "base/file.h"
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    if (signals++) file_clean(), _exit(128 + number);                  /* asked twice: not 75, the state may not be saved; the last one on disk is whole */
}

void stop_catch(void)
{
    static const int which[] = { SIGINT, SIGTERM, SIGUSR1 };
    struct sigaction a = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    signals = 0;
    for (size_t i = 0; i < sizeof which / sizeof *which; i++) sigaction(which[i], &a, NULL);
}

int stop_asked(void) { return signals != 0; }
