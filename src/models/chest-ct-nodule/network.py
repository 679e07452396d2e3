"""The network: a small residual 3-D encoder-decoder at half the resolution of its input, and a few features at the whole one."""

from torch import nn
from torch.nn import functional as F

CHANNELS = (16, 32, 64)
FINE = 8


class Block(nn.Module):
    def __init__(self, inputs, outputs, size=3, stride=1):
        super().__init__()
        self.convolution = nn.Conv3d(inputs, outputs, size, stride, size // 2, bias=False)
        self.norm = nn.BatchNorm3d(outputs)

    def forward(self, x):
        return F.leaky_relu(self.norm(self.convolution(x)), 0.01, inplace=True)


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first, self.second = Block(channels, channels), Block(channels, channels)

    def forward(self, x):
        return x + self.second(self.first(x))


class Network(nn.Module):
    """[N,1,D,H,W] intensities 0 … 1 to [N,1,D,H,W] logits of "nodule"; D, H, W are multiples of 8."""

    def __init__(self, channels=CHANNELS):
        super().__init__()
        self.stem = nn.Sequential(Block(1, channels[0], 5, 2), Residual(channels[0]))
        # What a nodule of 4 mm is: it covers three voxels across, one at half the resolution.
        self.fine = nn.Sequential(Block(1, FINE), nn.Conv3d(FINE, channels[0], 3, 2, 1, bias=False))
        nn.init.zeros_(self.fine[1].weight)
        pairs = list(zip(channels, channels[1:]))
        self.down = nn.ModuleList(nn.Sequential(Block(a, b, 3, 2), Residual(b)) for a, b in pairs)
        self.up = nn.ModuleList(nn.Conv3d(b, a, 1) for a, b in pairs)
        self.join = nn.ModuleList(Residual(c) for c in channels[:-1])
        self.head = nn.ConvTranspose3d(channels[0], 1, 2, 2)
        nn.init.constant_(self.head.bias, -4.0)

    def forward(self, x):
        x = self.stem[1](self.stem[0](x) + self.fine(x))
        levels = []
        for down in self.down:
            levels.append(x)
            x = down(x)
        for level, up, join in reversed(list(zip(levels, self.up, self.join))):
            x = join(level + F.interpolate(up(x), scale_factor=2.0, mode="nearest"))
        return self.head(x)
