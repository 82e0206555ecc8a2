"""Compares every element of every U-Net gradient with PyTorch. Called by run.sh:

    unet.py convT|bilinear HEIGHT WIDTH TAG GRADIENTS BOUND

GRADIENTS(.bin, .tsv) come from tests/tools/unet_gradients. The network, its parameters (an integer hash of the key), the input and the
loss are built here from the same rules, in float64. Bound: |ours - theirs| <= BOUND * max |theirs| + min(BOUND, 1e-6) * the norm of all gradients.
"""
import sys
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

M = (1 << 64) - 1


def u01(key, n):
    h = 0xCBF29CE484222325
    for c in key.encode():
        h = ((h ^ c) * 0x100000001B3) & M
    with np.errstate(over="ignore"):
        z = np.uint64(h) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) * 2.0**-24


class Twice(nn.Module):
    def __init__(self, i, o, mid=None):
        super().__init__()
        mid = mid or o
        self.double_conv = nn.Sequential(nn.Conv2d(i, mid, 3, padding=1, bias=False), nn.BatchNorm2d(mid), nn.ReLU(),
                                         nn.Conv2d(mid, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU())

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), Twice(i, o))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    def __init__(self, i, o, bilinear):
        super().__init__()
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True) if bilinear else nn.ConvTranspose2d(i, i // 2, 2, 2)
        self.conv = Twice(i, o, i // 2 if bilinear else None)

    def forward(self, x, skip):
        x = self.up(x)
        dy, dx = skip.shape[2] - x.shape[2], skip.shape[3] - x.shape[3]
        return self.conv(torch.cat([skip, F.pad(x, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])], 1))


class OutConv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.conv = nn.Conv2d(i, o, 1)

    def forward(self, x):
        return self.conv(x)


class UNet(nn.Module):
    def __init__(self, channels, classes, bilinear):
        super().__init__()
        half = 2 if bilinear else 1
        self.inc = Twice(channels, 64)
        self.down1, self.down2, self.down3, self.down4 = Down(64, 128), Down(128, 256), Down(256, 512), Down(512, 1024 // half)
        self.up1, self.up2 = Up(1024, 512 // half, bilinear), Up(512, 256 // half, bilinear)
        self.up3, self.up4 = Up(256, 128 // half, bilinear), Up(128, 64, bilinear)
        self.outc = OutConv(64, classes)

    def forward(self, x):
        a = self.inc(x)
        b = self.down1(a)
        c = self.down2(b)
        d = self.down3(c)
        x = self.up1(self.down4(d), d)
        return self.outc(self.up4(self.up3(self.up2(x, c), b), a))


def fill(net):
    state = net.state_dict()
    for key, t in state.items():
        if not t.is_floating_point():
            continue
        n, norm = t.numel(), key.rsplit(".", 1)[0] + ".running_var" in state
        scale, offset = 0.1, 0.0
        if key.endswith("running_var"):
            scale, offset = 0.5, 1.0
        elif norm and key.endswith(".weight"):
            scale, offset = 0.25, 1.0
        elif key.endswith(".weight"):
            s = t.shape
            fan = s[0] * s[2] * s[3] if ".up." in key else s[1] * s[2] * s[3]
            scale = np.sqrt(3.0 / fan)
        t.copy_(torch.from_numpy(((2 * u01("unet/" + key, n) - 1) * scale + offset).astype(np.float32).astype(np.float64)).view(t.shape))


def main():
    kind, h, w, tag, path, bound = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5], float(sys.argv[6])
    torch.set_num_threads(2)
    net = UNet(1, 2, kind == "bilinear").double().train()
    fill(net)
    x = torch.from_numpy(u01("unet/x/" + tag, h * w)).view(1, 1, h, w)
    y = torch.from_numpy((2 * u01("unet/y/" + tag, h * w)).astype(np.int64)).view(1, h, w)
    logits = net(x)
    p, t = logits.softmax(1), F.one_hot(y, 2).permute(0, 3, 1, 2).double()
    loss = F.cross_entropy(logits, y) + 1 - (2 * (p * t).sum() + 1e-6) / (p.sum() + t.sum() + 1e-6)
    loss.backward()
    theirs = {k: v.grad.numpy() for k, v in net.named_parameters()}
    whole = np.sqrt(sum((g**2).sum() for g in theirs.values()))
    data, seen, bad, worst, elements = np.fromfile(path + ".bin"), set(), 0, 0.0, 0
    for line in open(path + ".tsv"):
        key, at, shape = line.rstrip("\n").split("\t")
        want = theirs[key]
        if tuple(int(d) for d in shape.split(",")) != want.shape:
            print(f"FAIL {key}: shape {shape}, wanted {want.shape}")
            bad += 1
            continue
        got = data[int(at):int(at) + want.size].reshape(want.shape)
        err, room = np.abs(got - want), bound * np.abs(want).max() + min(bound, 1e-6) * whole
        if not (err <= room).all():
            print(f"FAIL {key}: worst error {err.max():.3e}, allowed {room:.3e}, {(~(err <= room)).sum()} of {want.size} elements")
            bad += 1
        worst = max(worst, err.max() / np.abs(want).max())
        seen.add(key)
        elements += want.size
    if seen != set(theirs):
        print("FAIL parameters missing:", sorted(set(theirs) - seen))
        bad += 1
    print(f"{kind} {h} x {w}: {elements} gradient elements of {len(seen)} tensors, worst error {worst:.2e} of the tensor's largest, loss {loss.item():.12f}")
    return bad != 0


sys.exit(main())
