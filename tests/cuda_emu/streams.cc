/* streams.cc - streams, events and captured work; see runtime.h. A stream is a list of deeds and how many of them are done; an event is a place
 * in such a list; to wait for one is itself a deed, which works the other stream off that far. A deed that fails leaves its error to whoever
 * waits next, as on a GPU. */
#include "tests/cuda_emu/cuda_emu.h"
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <vector>

cudaError_t emu_copy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind);

typedef std::function<cudaError_t()> deed;
struct emu_graph { std::vector<deed> deeds; };
struct emu_stream { std::deque<deed> waiting; long long done; bool first; emu_graph *capture; };

static std::vector<emu_stream *> &streams() { static auto *s = new std::vector<emu_stream *>; return *s; }     /* outlives all destructors */
static cudaError_t left;                 /* by a deed that failed */

static cudaError_t take_error()
{
    const cudaError_t e = left;
    left = cudaSuccess;
    return e;
}

static void work_off(emu_stream *s, long long place)
{
    while (s->done < place) {
        const deed d = std::move(s->waiting.front());
        s->waiting.pop_front(), s->done++;
        const cudaError_t e = d();
        if (e && !left) left = e;
    }
}

static long long end_of(const emu_stream *s) { return s->done + (long long)s->waiting.size(); }

/* Is it worked off only when that is asked for? */
static bool is_late(const emu_stream *s)
{
    const char *late = getenv("CUDA_EMU_LATE");
    return (late && !strcmp(late, "first")) == s->first;
}

static void add(emu_stream *s, deed d)
{
    if (s->capture) { s->capture->deeds.push_back(std::move(d)); return; }
    s->waiting.push_back(std::move(d));
    if (!is_late(s)) work_off(s, end_of(s));
}

void emu_settle(const char *who)
{
    for (emu_stream *s : streams()) {
        if (s->capture) emu_fail("%s while a stream is captured", who);
        work_off(s, end_of(s));
    }
}

void emu_enqueue(cudaStream_t s, deed work)
{
    if (s) { add(s, std::move(work)); return; }
    emu_settle("the default stream is used");
    const cudaError_t e = work();
    if (e && !left) left = e;
}

cudaError_t cudaStreamCreate(cudaStream_t *s)
{
    *s = new emu_stream{ {}, 0, streams().empty(), nullptr };
    streams().push_back(*s);
    return cudaSuccess;
}

static void not_captured(const emu_stream *s, const char *who) { if (s && s->capture) emu_fail("%s on a stream that is captured", who); }

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, cudaMemcpyKind kind, cudaStream_t s)
{
    const cudaMemcpyKind is = emu_copy_kind(to, from, n);
    if (kind != cudaMemcpyDefault && kind != is) emu_fail("cudaMemcpyAsync: kind %d, but the addresses are of kind %d", kind, is);
    emu_enqueue(s, [=] { return emu_copy(to, from, n, is); });
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t s)
{
    not_captured(s, "cudaStreamSynchronize");
    if (const cudaError_t e = emu_fault(EMU_OTHER)) return e;
    if (s) work_off(s, end_of(s));
    else emu_settle("cudaStreamSynchronize");
    return take_error();
}

cudaError_t cudaDeviceSynchronize()
{
    if (const cudaError_t e = emu_fault(EMU_OTHER)) return e;
    emu_settle("cudaDeviceSynchronize");
    return take_error();
}

/* ---- events ---- */
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s)
{
    timespec t;
    not_captured(s, "cudaEventRecord");
    if (!s) emu_settle("cudaEventRecord");
    clock_gettime(CLOCK_MONOTONIC, &t);
    *e = { (double)t.tv_sec + 1e-9 * (double)t.tv_nsec, s, s ? end_of(s) : 0 };
    return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned)
{
    emu_stream *const of = e->of;
    const long long place = e->place;
    not_captured(s, "cudaStreamWaitEvent");
    if (of) emu_enqueue(s, [=] { work_off(of, place); return cudaSuccess; });
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t e)
{
    not_captured(e->of, "cudaEventSynchronize");
    if (const cudaError_t lost = emu_fault(EMU_OTHER)) return lost;
    if (e->of) work_off(e->of, e->place);
    return take_error();
}

/* ---- what is captured ---- */
cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode)
{
    if (!s) emu_fail("cudaStreamBeginCapture of the default stream");
    not_captured(s, "cudaStreamBeginCapture");
    s->capture = new emu_graph;
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t *g)
{
    if (!s || !s->capture) emu_fail("cudaStreamEndCapture of a stream that is not captured");
    *g = s->capture, s->capture = nullptr;
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t *e, cudaGraph_t g, unsigned long long) { *e = new emu_graph(*g); return cudaSuccess; }
cudaError_t cudaGraphDestroy(cudaGraph_t g) { delete g; return cudaSuccess; }

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t e)
{
    emu_settle("cudaGraphExecDestroy");                        /* it may be on its way */
    delete e;
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t e, cudaStream_t s)
{
    not_captured(s, "cudaGraphLaunch");
    if (const cudaError_t lost = emu_fault(EMU_LAUNCH)) return lost;
    for (const deed &d : e->deeds) emu_enqueue(s, d);
    return cudaSuccess;
}
