"""The U-Nets of configs/nets that the peers run: channels at each size, parameters at 1 channel and 2 classes; what all peers print."""
import json
import time

NETS = {"unet": ([64, 128, 256, 512, 1024], 31036546), "unet-small": ([16, 32, 64, 128, 128, 128], 2090402)}


def arguments(parser, nets=NETS):
    parser.add_argument("--net", choices=list(nets), default=list(nets)[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=256)


def peak_rss():
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM"))


def step_of(which, run, x, truth, cast, objective, optimiser):
    """The function that is timed: which = inference, or a training step; run: the network, compiled or not; cast: a context of autocast."""
    import torch                         # here: not every peer has it

    def inference():
        with torch.inference_mode(), cast:
            run(x)

    def training():
        optimiser.zero_grad(set_to_none=True)
        with cast:
            logits = run(x)
        objective(logits.float(), truth).backward()
        optimiser.step()

    return inference if which == "inference" else training


def timed(step, repeats, first=1, wait=lambda: None):
    """Seconds of each call after some first ones, which may compile and allocate. wait: until a device has done what it was given."""
    for _ in range(first):
        step()
    seconds = []
    for _ in range(repeats):
        wait()
        start = time.perf_counter()
        step()
        wait()
        seconds.append(time.perf_counter() - start)
    return seconds


def report(name, which, seconds):
    print(json.dumps({"name": name, "pass": which, "seconds": sorted(seconds)[len(seconds) // 2], "peak_rss": peak_rss()}))
