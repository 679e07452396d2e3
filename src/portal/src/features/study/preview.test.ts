import { describe, expect, it } from 'vitest';
import { heatPixels } from './draw';
import { imageOf, tileOf, type Finding, type Outlines, type PreviewImage } from './preview';

const image = (index: number, z: number): PreviewImage => ({
  index, sopInstanceUid: `1.${index}`, frame: 1, rows: 10, columns: 10, pixelSpacingMm: [1, 1], windowCentre: 40, windowWidth: 400,
  positionMm: [-5, -5, z], reasonCode: null, reason: null,
});
const finding: Finding = {
  trackingUid: '1', seriesInstanceUid: '1', concept: { value: 'x', scheme: 'SCT', meaning: 'x' }, laterality: null, segmentNumber: 2,
  measurements: [], centreMm: [40, 40, 11], boxMm: null, probability: null,
};
const square = (side: number) => [0, 0, side, 0, side, side, 0, side];

describe('imageOf', () => {
  const images = [image(0, 30), image(1, 20), image(2, 10), image(3, 0)];

  it('takes the image where the outline of the finding is largest', () => {
    const outlines: Outlines = {
      segments: [],
      images: [
        { sopInstanceUid: '1.1', frame: 1, paths: [{ segment: 2, points: square(2) }, { segment: 1, points: square(9) }] },
        { sopInstanceUid: '1.3', frame: 1, paths: [{ segment: 2, points: square(3) }] },
      ],
    };
    expect(imageOf(finding, images, outlines)).toBe(3);
  });

  it('takes the image that has its heat map', () => {
    const map = { segment: 2, sopInstanceUid: '1.2', frame: 1, rows: 1, columns: 1, box: [0, 0, 9, 9], values: '/w==' };
    expect(imageOf({ ...finding, centreMm: null }, images, { segments: [], images: [], heatMaps: [map] })).toBe(2);
    expect(imageOf({ ...finding, centreMm: null, segmentNumber: 1 }, images, { segments: [], images: [], heatMaps: [map] })).toBeNull();
  });

  it('takes the image at whose level the centre lies where there is no outline', () => {
    expect(imageOf(finding, images, undefined)).toBe(2);
    expect(imageOf({ ...finding, centreMm: null }, images, undefined)).toBeNull();
    expect(imageOf(finding, images.map(one => ({ ...one, positionMm: null })), undefined)).toBeNull();
  });
});

it('gives each place of a heat map its colour and its strength', () => {
  expect([...heatPixels('AP+A', '#ff5000')]).toEqual([255, 80, 0, 0, 255, 80, 0, 255, 255, 80, 0, 128]);
});

it('finds the nearest tile of a sprite', () => {
  const strip = { tileWidth: 128, tileHeight: 128, columns: 2, images: [0, 9, 18] };
  expect(tileOf(strip, 8)).toEqual({ x: 128, y: 0, image: 9 });
  expect(tileOf(strip, 40)).toEqual({ x: 0, y: 128, image: 18 });
});
