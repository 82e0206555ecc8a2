/* backend.c - the table of this device's code; see backend.h. Compiled once for the CPU and once for CUDA. */
#include "nn/backend.h"
#include "nn/device.h"
#include "kernels/dnn_cpu.h"
#include "kernels/dnn_cuda.h"

#ifdef DARKSPINE_CUDA
#define BF16_HERE NULL, NULL
#define LIBRARY_HERE dnn_cuda_library
#define LIVE_HERE optim_note_cuda, optim_judge_cuda
#else
#define LIBRARY_HERE NULL
#define LIVE_HERE NULL, NULL
#define BF16_HERE ops_bf16, dnn_multiplies_bf16
#endif

const backend backend_here = {
    ops, BF16_HERE, KERNEL_HERE(optim_sgd), KERNEL_HERE(optim_adam), KERNEL_HERE(optim_rmsprop), KERNEL_HERE(optim_squares), KERNEL_HERE(optim_average),
    LIVE_HERE, KERNEL_HERE(fill), LIBRARY_HERE
};

uint64_t device_layout(void)
{
    static const size_t size[] = {
        sizeof(real), sizeof(context), sizeof(device), sizeof(backend), sizeof(op), offsetof(op, forward), sizeof(node), offsetof(node, state),
        sizeof(step), sizeof(tensor), offsetof(tensor, x), offsetof(op, pack), sizeof(optim_rule), sizeof(live_numbers), sizeof(device_queues),
    };
    uint64_t h = 0xcbf29ce484222325u;                          /* FNV-1a */
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) h = (h ^ size[i]) * 0x100000001b3u;
    return h;
}
