"""TransUNet R50-ViT-B/16 in PyTorch, timed: one pass (inference or a full training step), one JSON object on stdout.

The layers of configs/nets/transunet.cfg as the published implementation runs them (weights standardised at every call, scores of the
attention as a matrix of their own); loss (cross-entropy and Dice over all classes, half each), optimiser (SGD with momentum and weight
decay), size, batch and threads as `darkspine bench nets`. The parameter count is checked.
"""
import argparse

import torch
from torch import nn
import torch.nn.functional as F

import unets

PARAMETERS = 105277081


class StdConv(nn.Conv2d):
    def forward(self, x):
        variance, mean = torch.var_mean(self.weight, dim=[1, 2, 3], keepdim=True, unbiased=False)
        return F.conv2d(x, (self.weight - mean) / torch.sqrt(variance + 1e-5), None, self.stride, self.padding)


class Bottleneck(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        mid = o // 4
        self.conv1, self.gn1 = StdConv(i, mid, 1, bias=False), nn.GroupNorm(32, mid, 1e-6)
        self.conv2, self.gn2 = StdConv(mid, mid, 3, stride, 1, bias=False), nn.GroupNorm(32, mid, 1e-6)
        self.conv3, self.gn3 = StdConv(mid, o, 1, bias=False), nn.GroupNorm(32, o, 1e-6)
        self.down = StdConv(i, o, 1, stride, bias=False) if stride != 1 or i != o else None
        self.gn_down = nn.GroupNorm(o, o) if self.down else None

    def forward(self, x):
        rest = self.gn_down(self.down(x)) if self.down else x
        y = F.relu(self.gn1(self.conv1(x)))
        y = F.relu(self.gn2(self.conv2(y)))
        return F.relu(rest + self.gn3(self.conv3(y)))


class Block(nn.Module):
    def __init__(self, c=768, heads=12, mlp=3072):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(c, 1e-6), nn.LayerNorm(c, 1e-6)
        self.query, self.key, self.value, self.out = (nn.Linear(c, c) for _ in range(4))
        self.fc1, self.fc2, self.drop = nn.Linear(c, mlp), nn.Linear(mlp, c), nn.Dropout(0.1)

    def attention(self, x):
        n, t, c = x.shape
        q, k, v = (f(x).view(n, t, self.heads, -1).transpose(1, 2) for f in (self.query, self.key, self.value))
        p = F.softmax(q @ k.transpose(-1, -2) / (c // self.heads) ** 0.5, -1)
        return self.out((p @ v).transpose(1, 2).reshape(n, t, c))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.drop(self.fc2(self.drop(F.gelu(self.fc1(self.norm2(x))))))


def conv_bn(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class TransUNet(nn.Module):
    def __init__(self, classes, tokens):
        super().__init__()
        self.root, self.gn = StdConv(3, 64, 7, 2, 3, bias=False), nn.GroupNorm(32, 64, 1e-6)
        widths, units = [64, 256, 512, 1024], [3, 4, 9]
        self.body = nn.ModuleList(nn.Sequential(*[Bottleneck(widths[b] if u == 0 else widths[b + 1], widths[b + 1], 2 if u == 0 and b else 1)
                                                  for u in range(units[b])]) for b in range(3))
        self.patch, self.position, self.drop = nn.Conv2d(1024, 768, 1), nn.Parameter(torch.zeros(1, tokens, 768)), nn.Dropout(0.1)
        self.layers, self.norm = nn.Sequential(*[Block() for _ in range(12)]), nn.LayerNorm(768, 1e-6)
        self.more = conv_bn(768, 512)
        sides = [(512 + 512, 256), (256 + 256, 128), (128 + 64, 64), (64, 16)]
        self.decoder = nn.ModuleList(nn.Sequential(conv_bn(i, o), conv_bn(o, o)) for i, o in sides)
        self.head = nn.Conv2d(16, classes, 3, padding=1)

    def forward(self, x):
        x = x.repeat(1, 3, 1, 1)
        skips = [F.relu(self.gn(self.root(x)))]
        y = F.max_pool2d(skips[0], 3, 2)
        for b, block in enumerate(self.body):
            y = block(y)
            if b == 0:
                side = x.shape[-1] // 4
                skips.append(F.pad(y, (0, side - y.shape[-1], 0, side - y.shape[-2])))
            elif b == 1:
                skips.append(y)
        y = self.patch(y)
        n, c, h, w = y.shape
        t = self.norm(self.layers(self.drop(y.flatten(2).transpose(1, 2) + self.position)))
        y = self.more(t.transpose(1, 2).reshape(n, c, h, w))
        for block, skip in zip(self.decoder, skips[::-1] + [None]):
            y = F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=True)
            y = block(y if skip is None else torch.cat([y, skip.to(y.dtype)], 1))
        return self.head(y)


def objective(logits, truth):
    p = F.softmax(logits, 1)
    t = F.one_hot(truth, logits.shape[1]).permute(0, 3, 1, 2).to(p.dtype)
    sums = [(v).sum((0, 2, 3)) for v in (p * t, p * p, t * t)]
    return 0.5 * F.cross_entropy(logits, truth) + 0.5 * (1 - ((2 * sums[0] + 1e-5) / (sums[1] + sums[2] + 1e-5)).mean())


def main():
    a = argparse.ArgumentParser()
    unets.arguments(a, ["transunet"])
    a.add_argument("--pass", dest="which", choices=["inference", "training"], required=True)
    a.add_argument("--precision", choices=["float32", "bf16"], default="float32")
    a.add_argument("--compile", action="store_true")
    a = a.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    net = TransUNet(9, a.height // 16 * (a.width // 16)).to(memory_format=torch.channels_last)
    assert (a.height, a.width) != (224, 224) or sum(p.numel() for p in net.parameters()) == PARAMETERS
    x = torch.rand(a.batch, 1, a.height, a.width).to(memory_format=torch.channels_last)
    truth = torch.randint(0, 9, (a.batch, a.height, a.width))
    run = torch.compile(net) if a.compile else net
    cast = torch.autocast("cpu", torch.bfloat16, enabled=a.precision == "bf16")
    optimiser = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9, weight_decay=1e-4)

    net.train(a.which == "training")
    step = unets.step_of(a.which, run, x, truth, cast, objective, optimiser)
    seconds = unets.timed(step, a.repeats)
    unets.report("torch %s %s%s" % (torch.__version__, a.precision, " compiled" if a.compile else ""), a.which, seconds)


if __name__ == "__main__":
    main()
