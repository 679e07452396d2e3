"""The network: a residual 3-D encoder-decoder in the manner of V-Net (Milletari et al. 2016)."""

import torch
from torch import nn

CHANNELS = (16, 32, 64, 128)
CLASSES = 3


class Residual(nn.Module):
    """Two 3x3x3 convolutions with instance norm, added to the input."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.first = nn.Conv3d(inputs, outputs, 3, padding=1, bias=False)
        self.first_norm = nn.InstanceNorm3d(outputs, affine=True)
        self.second = nn.Conv3d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.InstanceNorm3d(outputs, affine=True)
        self.skip = nn.Identity() if inputs == outputs else nn.Conv3d(inputs, outputs, 1)
        self.activation = nn.LeakyReLU(0.01, inplace=True)

    def forward(self, x):
        y = self.activation(self.first_norm(self.first(x)))
        return self.activation(self.second_norm(self.second(y)) + self.skip(x))


class Network(nn.Module):
    """[N,1,D,H,W] normalised intensities to [N,3,D,H,W] logits; D, H, W are multiples of 8."""

    def __init__(self, channels=CHANNELS):
        super().__init__()
        self.encoder = nn.ModuleList([Residual(1, channels[0])])
        self.down, self.up, self.decoder = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for fine, coarse in zip(channels, channels[1:]):
            self.down.append(nn.Conv3d(fine, coarse, 2, stride=2))
            self.encoder.append(Residual(coarse, coarse))
            self.up.append(nn.Conv3d(coarse, fine, 1))
            self.decoder.append(Residual(fine, fine))
        self.head = nn.Conv3d(channels[0], CLASSES, 1)

    def forward(self, x):
        x = self.encoder[0](x)
        levels = [x]
        for down, block in zip(self.down, list(self.encoder)[1:]):
            x = block(down(x))
            levels.append(x)
        for level in reversed(range(len(self.up))):
            # Channels first, then size: the same result as the other way round for an eighth of the work.
            x = nn.functional.interpolate(self.up[level](x), scale_factor=2.0, mode="nearest")
            x = self.decoder[level](x + levels[level])
        return self.head(x)
