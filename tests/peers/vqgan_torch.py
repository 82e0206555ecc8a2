"""The VQ-GAN f16 of configs/nets/vqgan-f16.cfg in PyTorch, timed: one JSON object on stdout.

inference: one reconstruction. training: one full step of both objectives, as `darkspine bench nets` takes it: the generator's losses with the
perceptual distance on VGG16, the weight from two gradients at the last weights, Adam; then the critic on films and pictures of the generator
as it now is (without a graph through it, which is the faster way), Adam. channels_last. The parameter counts are checked.
--write-features FILE: random weights of the network of features as safetensors, for our side; nothing is timed then.
"""
import argparse
import json
import struct

import torch
from torch import nn
import torch.nn.functional as F

import unets

CHANNELS, MULT, CODES, EMBED = 128, (1, 1, 2, 2, 4), 1024, 256


def norm(c):
    return nn.GroupNorm(32, c, eps=1e-6)


class Block(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.norm1, self.conv1, self.norm2, self.conv2 = norm(i), nn.Conv2d(i, o, 3, padding=1), norm(o), nn.Conv2d(o, o, 3, padding=1)
        self.short = nn.Conv2d(i, o, 1) if i != o else nn.Identity()

    def forward(self, x):
        h = self.conv1(F.silu(self.norm1(x)))
        return self.short(x) + self.conv2(F.silu(self.norm2(h)))


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm = norm(c)
        self.q, self.k, self.v, self.out = (nn.Conv2d(c, c, 1) for _ in range(4))

    def forward(self, x):
        b, c, h, w = x.shape
        y = self.norm(x)
        q, k, v = (f(y).flatten(2).transpose(1, 2)[:, None] for f in (self.q, self.k, self.v))
        a = F.scaled_dot_product_attention(q, k, v)[:, 0].transpose(1, 2).reshape(b, c, h, w)
        return x + self.out(a)


class Down(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, stride=2)

    def forward(self, x):
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Up(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


def middle(c):
    return [Block(c, c), Attention(c), Block(c, c)]


class VQGAN(nn.Module):
    def __init__(self, channels):
        super().__init__()
        last, c, down = len(MULT) - 1, CHANNELS, [nn.Conv2d(channels, CHANNELS, 3, padding=1)]
        for level, m in enumerate(MULT):
            for _ in range(2):
                down.append(Block(c, CHANNELS * m))
                c = CHANNELS * m
                if level == last:
                    down.append(Attention(c))
            if level < last:
                down.append(Down(c))
        self.encoder = nn.Sequential(*down, *middle(c), norm(c), nn.SiLU(), nn.Conv2d(c, EMBED, 3, padding=1), nn.Conv2d(EMBED, EMBED, 1))
        self.codes = nn.Embedding(CODES, EMBED)
        self.codes.weight.data.uniform_(-1 / CODES, 1 / CODES)
        up = [nn.Conv2d(EMBED, EMBED, 1), nn.Conv2d(EMBED, c, 3, padding=1), *middle(c)]
        for level in reversed(range(len(MULT))):
            for _ in range(3):
                up.append(Block(c, CHANNELS * MULT[level]))
                c = CHANNELS * MULT[level]
                if level == last:
                    up.append(Attention(c))
            if level:
                up.append(Up(c))
        self.decoder = nn.Sequential(*up, norm(c), nn.SiLU())
        self.last = nn.Conv2d(c, channels, 3, padding=1)

    def forward(self, x):
        z = self.encoder(x).float()
        rows, e = z.permute(0, 2, 3, 1).reshape(-1, EMBED), self.codes.weight
        index = torch.argmin((rows ** 2).sum(1, keepdim=True) + (e ** 2).sum(1) - 2 * rows @ e.t(), 1)
        q = self.codes(index).view(z.shape[0], z.shape[2], z.shape[3], EMBED).permute(0, 3, 1, 2)
        loss = ((q.detach() - z) ** 2).mean() + 0.25 * ((q - z.detach()) ** 2).mean()
        return self.last(self.decoder(z + (q - z).detach())), loss


def critic(channels):
    layers, c = [nn.Conv2d(channels, 64, 4, 2, 1), nn.LeakyReLU(0.2, True)], 64
    for i in range(1, 4):
        layers += [nn.Conv2d(c, 64 * 2 ** i, 4, 1 if i == 3 else 2, 1, bias=False), nn.BatchNorm2d(64 * 2 ** i), nn.LeakyReLU(0.2, True)]
        c = 64 * 2 ** i
    return nn.Sequential(*layers, nn.Conv2d(c, 1, 4, 1, 1))


class Distance(nn.Module):
    """LPIPS on the first thirty layers of VGG16, frozen."""

    PLAN = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512]

    def __init__(self):
        super().__init__()
        self.features, c = nn.ModuleList(), 3
        for o in self.PLAN:
            self.features.append(nn.Conv2d(c, o, 3, padding=1) if o else nn.MaxPool2d(2, 2))
            c = o or c
        self.lin = nn.ModuleList(nn.Conv2d(c, 1, 1, bias=False) for c in (64, 128, 256, 512, 512))
        for lin in self.lin:
            lin.weight.data.abs_()
        self.register_buffer("shift", torch.tensor([-.030, -.088, -.188])[None, :, None, None])
        self.register_buffer("scale", torch.tensor([.458, .448, .450])[None, :, None, None])
        self.requires_grad_(False)

    def taps(self, x):
        x, out = (x - self.shift) / self.scale, []
        for f in self.features:
            if isinstance(f, nn.MaxPool2d):
                out.append(x)
                x = f(x)
            else:
                x = F.relu(f(x))
        return out + [x]

    def forward(self, x, y):
        unit = lambda f: f / (f.pow(2).sum(1, keepdim=True).sqrt() + 1e-10)
        return sum(lin((unit(a) - unit(b)) ** 2).mean((2, 3)) for a, b, lin in zip(self.taps(x), self.taps(y), self.lin)).mean()


def write_features(net, path):
    """Names as in the checkpoint of the reference, without the prefix of its loss."""
    at, slices, names = 0, [], {}
    for layer, o in enumerate(Distance.PLAN):
        if o:
            slices.append((1 + Distance.PLAN[:layer].count(0), at))
        at += 2 if o else 1
    convs = [f for f in net.features if isinstance(f, nn.Conv2d)]
    for (s, i), f in zip(slices, convs):
        names[f"net.slice{s}.{i}.weight"], names[f"net.slice{s}.{i}.bias"] = f.weight, f.bias
    for k, lin in enumerate(net.lin):
        names[f"lin{k}.model.1.weight"] = lin.weight
    head, body = {}, b""
    for name, t in names.items():
        data = t.detach().contiguous().numpy().tobytes()
        head[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + body)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--pass", dest="which", choices=["inference", "training"], default="inference")
    p.add_argument("--precision", choices=["float32", "bf16"], default="float32")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--repeats", type=int, default=3)
    p.add_argument("--batch", type=int, default=1)
    p.add_argument("--size", type=int, default=256)
    p.add_argument("--write-features")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    distance = Distance().to(memory_format=torch.channels_last)
    if a.write_features:
        write_features(distance, a.write_features)
        return
    net = VQGAN(3).to(memory_format=torch.channels_last)
    assert sum(q.numel() for q in net.parameters()) == 72141699
    x = (2 * torch.rand(a.batch, 3, a.size, a.size) - 1).to(memory_format=torch.channels_last)
    cast = torch.autocast("cpu", torch.bfloat16, enabled=a.precision == "bf16")

    def inference():
        with torch.inference_mode(), cast:
            net(x)

    if a.which == "training":
        judge = critic(3).to(memory_format=torch.channels_last)
        assert sum(q.numel() for q in judge.parameters()) == 2765633
        of = [torch.optim.Adam(m.parameters(), lr=4.5e-6, betas=(0.5, 0.9)) for m in (net, judge)]

    def training():
        w = net.last.weight
        with cast:
            y, codebook = net(x)
            nll = (x - y).abs().mean() + distance(x, y)
            g = -judge(y).mean()
        n, m = (torch.autograd.grad(loss, w, retain_graph=True)[0].norm() for loss in (nll, g))
        weight = 0.8 * torch.clamp(n / (m + 1e-4), 0, 1e4).detach()
        of[0].zero_grad(set_to_none=True)
        (nll + weight * g + codebook).backward()
        of[0].step()
        with torch.no_grad(), cast:
            y, _ = net(x)
        of[1].zero_grad(set_to_none=True)
        with cast:
            loss = 0.5 * (F.relu(1 - judge(x)).mean() + F.relu(1 + judge(y)).mean())
        loss.backward()
        of[1].step()

    step = inference if a.which == "inference" else training
    net.train(a.which == "training")
    seconds = unets.timed(step, a.repeats)
    unets.report("torch " + torch.__version__.split("+")[0] + " " + a.precision, a.which, seconds)


main()
