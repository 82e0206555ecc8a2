/* machine.h - the machine underneath: processor, cores, memory and their limits, as Linux tells them.
 * The trap is a container: the machine's cores and memory are not what this process may use. Affinity masks and the cgroup's
 * limits (version 2, or 1) are read too, and the smaller one counts. */
#ifndef BASE_MACHINE_H
#define BASE_MACHINE_H
#include <stdint.h>

typedef struct machine {
    char    cpu[96];                     /* as the kernel calls it: "VENDOR MODEL 8-Core Processor" */
    char    features[256];               /* those of machine_features that it has, by space: "sse4_2 avx2 fma avx512f" */
    int     cores, usable;               /* of the machine; those this process may run on */
    double  quota;                       /* cores' worth of time the cgroup grants; 0: no limit */
    int64_t memory, available;           /* bytes: installed, free for new work */
    int64_t limit, used;                 /* bytes: the cgroup's limit and use; limit 0: no limit */
} machine;

machine machine_read(void);
int     machine_has(const machine *m, const char *feature);      /* a name as in /proc/cpuinfo: "avx512_bf16" */
int     machine_threads(const machine *m);                       /* what can really run at once: usable cores within the quota, >= 1 */
int64_t machine_room(const machine *m);                          /* bytes that can still be had: available within the limit */

int64_t machine_peak_rss(void);          /* bytes: the most memory this process has held at once since it began or since the reset */
int     machine_peak_reset(void);        /* starts the measurement afresh; 0 where the kernel does not allow it */
#endif
