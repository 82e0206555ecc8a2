/* cuda_emu.cc - blocks in turn, threads as fibers; see cuda_emu.h.
 *
 * The fiber in which a thread ends starts the next thread on the same stack, so stacks are as many as threads that wait at once. A
 * thread that must wait picks the next that can run and switches to it; the last to arrive at a meeting wakes the others and goes on. */
#include "tests/cuda_emu/cuda_emu.h"
#include "tests/cuda_emu/fiber.h"
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
#include <vector>

enum { THREADS = 1024, LANES = 32, POISONED_BLOCKS = 64 };
enum emu_state { WAITS_TO_START, CAN_RUN, WAITS, ENDED };

struct emu_thread {
    emu_state state;
    fiber *on;                           /* the stack it waits on */
    emu_meeting what;                    /* while it waits: at which meeting, */
    int line;
    unsigned mask;                       /* of which lanes, */
    const void *mine;                    /* with what, */
    size_t bytes;
    unsigned char *all;                  /* for what; */
    unsigned there;                      /* then: who came, */
    int vote, votes;                     /* of the whole block: what it brought, and the sum */
    struct copy { void *to; const void *from; size_t bytes, zeros; };
    std::vector<std::vector<copy>> groups;                     /* asynchronous copies: committed groups, the open one last */
};

emu_place emu_here;
static const emu_launch *launch;
static void (*kernel_body)(void *);
static void *kernel_arg;
static unsigned char *shared;
static emu_thread thread_[THREADS];
static int now, count, ended;                                  /* the thread that runs; threads of a block; those that ended, */
static int at_barrier, lanes_waiting;                          /* wait for the whole block, for other lanes of their warp */
static int backwards, running;
static uint64_t block_at, blocks;
static fiber program, *current = &program;
static std::vector<fiber *> idle;                              /* stacks on which nothing runs */

extern char __start_emu_shared[] __attribute__((weak, visibility("hidden"))), __stop_emu_shared[] __attribute__((weak, visibility("hidden")));

static void say_where()
{
    if (!running) return;
    const uint3 b = emu_here.block, t = emu_here.thread;
    fprintf(stderr, "cuda_emu: %s, block (%u,%u,%u), thread (%u,%u,%u): ", launch->kernel, b.x, b.y, b.z, t.x, t.y, t.z);
}
#ifdef __SANITIZE_ADDRESS__
static void last_words() { say_where(); if (running) fprintf(stderr, "see the report above\n"); }
#endif

void emu_fail(const char *fmt, ...)
{
    va_list a;
    va_start(a, fmt);
    fflush(stdout);
    if (running) say_where();
    else fprintf(stderr, "cuda_emu: ");
    vfprintf(stderr, fmt, a);
    fprintf(stderr, "\n");
    va_end(a);
    _exit(70);
}

/* ---- choosing who runs ---- */
static void set_place(int t)
{
    const dim3 b = launch->block;
    now = t;
    emu_here.thread = { (unsigned)t % b.x, (unsigned)t / b.x % b.y, (unsigned)t / b.x / b.y };
}

static const char *const meeting_names[] = { "__syncthreads", "__syncthreads_count", "__syncwarp", "a shuffle", "a vote", "a warp's exchange" };

/* Nobody can run and not all have ended: says who waits for whom. */
[[noreturn]] static void stuck()
{
    int waits = -1, missing = -1;
    for (int i = 0; i < count && waits < 0; i++) if (thread_[i].state == WAITS && thread_[i].what >= EMU_SYNCWARP) waits = i;
    for (int i = 0; i < count && waits < 0; i++) if (thread_[i].state == WAITS) waits = i;
    const emu_thread *w = &thread_[waits];
    const int whole = w->what < EMU_SYNCWARP, first = whole ? 0 : waits / LANES * LANES;
    for (int i = first; i < count && missing < 0; i++) {
        const emu_thread *t = &thread_[i];
        if (!whole && (i >= first + LANES || !(w->mask >> (i - first) & 1))) continue;
        if (t->state == ENDED ? whole : t->what != w->what || t->line != w->line || t->mask != w->mask || t->bytes != w->bytes) missing = i;
    }
    set_place(waits);
    if (missing < 0) emu_fail("waits at %s (line %d) for nobody: an error of the emulator", meeting_names[w->what], w->line);
    const emu_thread *m = &thread_[missing];
    if (m->state == ENDED) emu_fail("waits at %s (line %d) that thread %d has missed: it has returned", meeting_names[w->what], w->line, missing);
    emu_fail("waits at %s (line %d, mask %08x) while thread %d waits at %s (line %d, mask %08x)", meeting_names[w->what], w->line, w->mask,
             missing, meeting_names[m->what], m->line, m->mask);
}

/* The next thread that can start or go on, in order from the running one; -1 where all have ended */
static int pick()
{
    for (int i = 1; i <= count; i++) {
        const int t = backwards ? (now - i + 2 * count) % count : (now + i) % count;
        if (thread_[t].state <= CAN_RUN) return t;
    }
    if (ended < count) stuck();
    return -1;
}

static void go(fiber *to)
{
    fiber *from = current;
    current = to;
    fiber_switch(from, to);
}

/* ---- blocks ---- */
/* NaN in every precision; plain stores, because the gaps between arrays are forbidden ground for checked ones */
__attribute__((no_sanitize("address"))) static void poison_static()
{
    volatile uint32_t *from = (volatile uint32_t *)__start_emu_shared, *to = (volatile uint32_t *)__stop_emu_shared;
    for (; from && from + 1 <= to; from++) *from = 0xffffffffu;
}

static void start_block()
{
    const dim3 g = launch->grid;
    const uint64_t b = backwards ? blocks - 1 - block_at : block_at;
    emu_here.block = { (unsigned)(b % g.x), (unsigned)(b / g.x % g.y), (unsigned)(b / g.x / g.y) };
    if (block_at < POISONED_BLOCKS) poison_static();
    if (launch->shared) memset(shared, 0xff, launch->shared);
    for (int i = 0; i < count; i++) thread_[i].state = WAITS_TO_START;
    ended = at_barrier = lanes_waiting = 0;
    set_place(backwards ? count - 1 : 0);
}

static void wake(int t) { thread_[t].state = CAN_RUN; }
static void try_warp(int t);

static void thread_ends()
{
    thread_[now].state = ENDED, ended++;
    for (const auto &g : thread_[now].groups) if (!g.empty()) emu_fail("has asynchronous copies under way at its end");
    thread_[now].groups.clear();
    const int first = now / LANES * LANES;
    for (int i = first; lanes_waiting && i < first + LANES && i < count; i++)  /* a lane that is gone is not waited for */
        if (thread_[i].state == WAITS && thread_[i].what >= EMU_SYNCWARP) { try_warp(i); break; }
}

/* A stack's life: run threads as they come, hand over to one that waits elsewhere, lie idle. */
static void run_threads()
{
    fiber_entered();
    for (;;) {
        thread_[now].state = CAN_RUN;
        kernel_body(kernel_arg);
        thread_ends();
        int next = pick();
        if (next < 0 && ++block_at < blocks) start_block(), next = now;
        if (next >= 0 && thread_[next].state == WAITS_TO_START) { set_place(next); continue; }
        idle.push_back(current);
        if (next >= 0) set_place(next);
        go(next < 0 ? &program : thread_[next].on);            /* comes back when this stack is wanted for a thread to start */
    }
}

static fiber *idle_stack()
{
    if (idle.empty()) {
        fiber *f = new fiber();
        fiber_make(f, run_threads);
        return f;
    }
    fiber *f = idle.back();
    idle.pop_back();
    return f;
}

/* Puts the running thread to sleep until somebody wakes it. */
static void wait_here()
{
    const int self = now;
    thread_[self].state = WAITS, thread_[self].on = current;
    const int next = pick();
    fiber *to = thread_[next].state == WAITS_TO_START ? idle_stack() : thread_[next].on;
    set_place(next);
    go(to);
}

/* ---- meetings ---- */
void emu_barrier(emu_meeting what, int line, int mine, int *votes)
{
    emu_thread *self = &thread_[now];
    self->what = what, self->line = line, self->vote = mine, self->mask = 0, self->bytes = 0;
    self->state = WAITS;
    int same = ++at_barrier == count, sum = 0;
    for (int i = 0; same && i < count; i++) same = thread_[i].what == what && thread_[i].line == line, sum += thread_[i].vote;
    if (same) {
        for (int i = 0; i < count; i++) thread_[i].votes = sum, wake(i);
        at_barrier = 0;
    } else wait_here();
    if (votes) *votes = self->votes;
}

/* Has everybody come to the meeting at which thread t waits? Then all get what all brought. */
static void try_warp(int t)
{
    const emu_thread *w = &thread_[t];
    const int first = t / LANES * LANES;
    static unsigned char gathered[LANES * 4096];
    unsigned there = 0;
    for (int i = 0; i < LANES; i++) {
        const emu_thread *o = &thread_[first + i];
        if (!(w->mask >> i & 1) || first + i >= count || o->state == ENDED) continue;
        if (o->state != WAITS || o->what != w->what || o->line != w->line || o->mask != w->mask || o->bytes != w->bytes) return;
        there |= 1u << i;
    }
    if (w->bytes) {
        memset(gathered, 0xff, LANES * w->bytes);
        for (int i = 0; i < LANES; i++) if (there >> i & 1) memcpy(gathered + (size_t)i * w->bytes, thread_[first + i].mine, w->bytes);
    }
    for (int i = 0; i < LANES; i++) {
        if (!(there >> i & 1)) continue;
        emu_thread *o = &thread_[first + i];
        if (w->bytes) memcpy(o->all, gathered, LANES * w->bytes);
        o->there = there;
        wake(first + i);
        lanes_waiting--;
    }
}

unsigned emu_meet(emu_meeting what, int line, unsigned mask, const void *mine, size_t bytes, void *all)
{
    emu_thread *self = &thread_[now];
    const int t = now;
    if (bytes > 4096) emu_fail("%zu bytes from each lane at line %d; at most 4096 can be exchanged", bytes, line);
    if (!(mask >> (t % LANES) & 1)) emu_fail("%s (line %d) with mask %08x, in which its own lane is not", meeting_names[what], line, mask);
    self->what = what, self->line = line, self->mask = mask, self->mine = mine, self->bytes = bytes, self->all = (unsigned char *)all;
    self->state = WAITS, lanes_waiting++;
    try_warp(t);
    if (self->state == WAITS) wait_here();
    return self->there;
}

int emu_lane() { return now % LANES; }
void *emu_dynamic_shared() { return shared; }

/* ---- asynchronous copies to shared memory ---- */
void __pipeline_memcpy_async(void *to, const void *from, size_t bytes, size_t zeros)
{
    if ((bytes != 4 && bytes != 8 && bytes != 16) || (uintptr_t)to % bytes || (uintptr_t)from % bytes)
        emu_fail("an asynchronous copy of %zu bytes from %p to %p: wanted 4, 8 or 16, and both aligned to it", bytes, from, to);
    auto &g = thread_[now].groups;
    if (g.empty()) g.emplace_back();
    g.back().push_back({ to, from, bytes, zeros });
}
void __pipeline_commit()
{
    auto &g = thread_[now].groups;
    g.resize(g.empty() ? 2 : g.size() + 1);
}
void __pipeline_wait_prior(size_t keep)
{
    auto &g = thread_[now].groups;
    while (g.size() > keep + 1) {
        for (const emu_thread::copy &k : g.front()) {
            memcpy(k.to, k.from, k.bytes - k.zeros);
            memset((char *)k.to + k.bytes - k.zeros, 0, k.zeros);
        }
        g.erase(g.begin());
    }
}

/* ---- launch ---- */
size_t emu_shared_limit_of(const void *kernel);

static void check_limits(const emu_launch &l)
{
    const uint64_t threads = (uint64_t)l.block.x * l.block.y * l.block.z;
    const size_t most = emu_shared_limit_of(l.address);
    if (threads < 1 || threads > THREADS || l.block.z > 64)
        emu_fail("%s: a block of %u x %u x %u threads; wanted 1 to 1024, at most 64 in z", l.kernel, l.block.x, l.block.y, l.block.z);
    if (l.grid.x > 0x7fffffffu || l.grid.y > 65535 || l.grid.z > 65535)
        emu_fail("%s: a grid of %u x %u x %u blocks; wanted at most 2147483647 x 65535 x 65535", l.kernel, l.grid.x, l.grid.y, l.grid.z);
    if (l.shared > most) emu_fail("%s: %zu bytes of dynamic shared memory; at most %zu (cudaFuncSetAttribute raises it to 99 KiB)", l.kernel, l.shared, most);
}

void emu_run(const emu_launch &l, void (*body)(void *), void *arg)
{
    if (running) emu_fail("launches %s: kernels cannot launch kernels", l.kernel);
    check_limits(l);
    if (emu_fault(EMU_LAUNCH)) return;
#ifdef __SANITIZE_ADDRESS__
    static int told = 0;
    if (!told++) __sanitizer_set_death_callback(last_words);
#endif
    const char *order = getenv("CUDA_EMU_ORDER");
    backwards = order && !strcmp(order, "reverse");
    if (l.shared && posix_memalign((void **)&shared, 128, l.shared)) emu_fail("%s: no memory for %zu shared bytes", l.kernel, l.shared);
    launch = &l, kernel_body = body, kernel_arg = arg;
    count = (int)(l.block.x * l.block.y * l.block.z), block_at = 0, blocks = (uint64_t)l.grid.x * l.grid.y * l.grid.z;
    emu_here.block_size = l.block, emu_here.grid_size = l.grid;
    emu_memory_open(1);
    running = 1;
    start_block();
    go(idle_stack());
    running = 0;
    emu_memory_open(0);
    free(shared), shared = nullptr;
}
