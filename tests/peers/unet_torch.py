"""A U-Net of configs/nets in PyTorch, timed: one pass (inference or a full training step), one JSON object on stdout.

The same layers, loss (cross-entropy + Dice over all classes), optimiser (SGD with momentum), size, batch and threads as
`darkspine bench nets`. channels_last, since PyTorch is faster with it. The parameter count is checked.
"""
import argparse

import torch
from torch import nn
import torch.nn.functional as F

import unets


def double(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True),
                         nn.Conv2d(o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self, c, channels=1, classes=2):
        super().__init__()
        n = len(c) - 1
        self.down = nn.ModuleList([double(channels, c[0])] + [double(c[i], c[i + 1]) for i in range(n)])
        self.up = nn.ModuleList([nn.ConvTranspose2d(c[i + 1], c[i], 2, 2) for i in reversed(range(n))])
        self.join = nn.ModuleList([double(2 * c[i], c[i]) for i in reversed(range(n))])
        self.out = nn.Conv2d(c[0], classes, 1)

    def forward(self, x):
        skip = []
        for i, d in enumerate(self.down):
            x = d(x if i == 0 else F.max_pool2d(x, 2))
            skip.append(x)
        for u, j, s in zip(self.up, self.join, reversed(skip[:-1])):
            x = j(torch.cat([s, u(x)], 1))
        return self.out(x)


def objective(logits, truth):
    p = F.softmax(logits, 1)
    t = F.one_hot(truth, logits.shape[1]).permute(0, 3, 1, 2).to(p.dtype)
    dice = (2 * (p * t).sum((0, 2, 3)) + 1e-5) / (p.sum((0, 2, 3)) + t.sum((0, 2, 3)) + 1e-5)
    return F.cross_entropy(logits, truth) + 1 - dice.mean()


def main():
    a = argparse.ArgumentParser()
    unets.arguments(a)
    a.add_argument("--pass", dest="which", choices=["inference", "training"], required=True)
    a.add_argument("--precision", choices=["float32", "bf16"], default="float32")
    a.add_argument("--compile", action="store_true")
    a.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    a = a.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    channels, parameters = unets.NETS[a.net]
    net = UNet(channels).to(a.device, memory_format=torch.channels_last)
    assert parameters == sum(p.numel() for p in net.parameters())
    x = torch.rand(a.batch, 1, a.height, a.width).to(a.device, memory_format=torch.channels_last)
    truth = torch.randint(0, 2, (a.batch, a.height, a.width), device=a.device)
    wait = torch.cuda.synchronize if a.device == "cuda" else lambda: None
    run = torch.compile(net) if a.compile else net
    cast = torch.autocast(a.device, torch.bfloat16, enabled=a.precision == "bf16")
    optimiser = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)

    net.train(a.which == "training")
    step = unets.step_of(a.which, run, x, truth, cast, objective, optimiser)
    seconds = unets.timed(step, a.repeats, 1 if a.device == "cpu" else 5, wait)
    unets.report("torch %s %s%s" % (torch.__version__, a.precision, " compiled" if a.compile else ""), a.which, seconds)


if __name__ == "__main__":
    main()
