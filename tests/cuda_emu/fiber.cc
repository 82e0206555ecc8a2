/* fiber.cc - see fiber.h. */
#include "tests/cuda_emu/fiber.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

enum { STACK = 256 << 10, GUARD = 4096 };                      /* bytes; only what is touched takes memory */

static fiber *leaving;                                         /* whose stack the running one has just come from */

static void entered(fiber *f)
{
#ifdef __SANITIZE_ADDRESS__
    const void *bottom;
    size_t size;
    __sanitizer_finish_switch_fiber(f ? f->fake : nullptr, &bottom, &size);
    if (!leaving->stack) leaving->size = size, leaving->stack = (char *)const_cast<void *>(bottom);   /* the program's own stack, learnt here */
#else
    (void)f;
#endif
}

void fiber_entered() { entered(nullptr); }

static void left(fiber *from, fiber *to)
{
    leaving = from;
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(&from->fake, to->stack, to->size);
#else
    (void)to;
#endif
}

static char *stack_new()
{
    char *p = (char *)mmap(nullptr, STACK + GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED || mprotect(p, GUARD, PROT_NONE)) perror("cuda_emu: a thread's stack"), exit(1);
    return p + GUARD;
}

#ifdef __x86_64__
extern "C" void cuda_emu_switch(void **save, void *to);
asm(".text\n.type cuda_emu_switch, @function\ncuda_emu_switch:\n"
    "pushq %rbp\n pushq %rbx\n pushq %r12\n pushq %r13\n pushq %r14\n pushq %r15\n"
    "movq %rsp, (%rdi)\n movq %rsi, %rsp\n"
    "popq %r15\n popq %r14\n popq %r13\n popq %r12\n popq %rbx\n popq %rbp\n ret\n"
    ".size cuda_emu_switch, .-cuda_emu_switch\n");

void fiber_make(fiber *f, void (*entry)())
{
    f->stack = stack_new(), f->size = STACK, f->fake = nullptr;
    uint64_t *top = (uint64_t *)(f->stack + STACK);
    top -= 2;                                                  /* the entry must find the stack as after a call: 8 bytes off 16 */
    top[0] = (uint64_t)entry, top[1] = 0;
    for (int i = 0; i < 6; i++) *--top = 0;
    f->sp = top;
}

void fiber_switch(fiber *from, fiber *to)
{
    left(from, to);
    cuda_emu_switch(&from->sp, to->sp);
    entered(from);
}
#else
void fiber_make(fiber *f, void (*entry)())
{
    f->stack = stack_new(), f->size = STACK, f->fake = nullptr;
    getcontext(&f->at);
    f->at.uc_stack.ss_sp = f->stack, f->at.uc_stack.ss_size = STACK, f->at.uc_link = nullptr;
    makecontext(&f->at, entry, 0);
}

void fiber_switch(fiber *from, fiber *to)
{
    left(from, to);
    swapcontext(&from->at, &to->at);
    entered(from);
}
#endif
