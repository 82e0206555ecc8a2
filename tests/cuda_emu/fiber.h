/* fiber.h - one stack of execution among several, switched by hand: what a thread of an emulated block is.
 *
 * On x86-64 a switch saves the registers that a called function must keep and takes another stack; swapcontext, the fallback, makes
 * a system call each time (the signal mask), which is a hundred times slower. Floating-point modes are shared by all fibers.
 * The trap: AddressSanitizer must be told of every switch, or it takes the other stack for an overrun of this one. */
#ifndef CUDA_EMU_FIBER_H
#define CUDA_EMU_FIBER_H
#include <cstddef>
#ifndef __x86_64__
#include <ucontext.h>
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

struct fiber {
    char *stack;                         /* of the program itself: NULL */
    size_t size;                         /* bytes */
    void *fake;                          /* AddressSanitizer's note of this stack while another runs */
#ifdef __x86_64__
    void *sp;
#else
    ucontext_t at;
#endif
};

/* Takes memory for a stack that starts in `entry`, which must never return; exits where there is none. */
void fiber_make(fiber *f, void (*entry)());
/* Leaves `from`, which is running, and goes on in `to` where that was left. */
void fiber_switch(fiber *from, fiber *to);
/* The first thing `entry` calls */
void fiber_entered();
#endif
