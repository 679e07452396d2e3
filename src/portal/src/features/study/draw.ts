import { tileOf, type Outlines, type PreviewImage, type PreviewStrip } from './preview';

/** How the image lies on the stage: 1 fits it in, and the shift is in CSS pixels. */
export interface View {
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
}

export const fitted: View = { zoom: 1, x: 0, y: 0 };

export interface Scene {
  readonly image: PreviewImage;
  readonly bitmap: ImageBitmap | undefined;
  readonly sprite: HTMLImageElement | null;
  readonly strip: PreviewStrip | null;
  readonly view: View;
  readonly outlines: Outlines | undefined;
  readonly hidden: ReadonlySet<number>;
  /** The segment that is pointed at, drawn stronger. */
  readonly marked: number | null;
}

/** CSS pixels of one image column and row on a stage of that size, in the image's true proportions. */
export function scaleOf(image: PreviewImage, width: number, height: number, zoom: number): { x: number; y: number } {
  const [rowMm = 1, columnMm = 1] = image.pixelSpacingMm ?? [];
  const fit = Math.min(width / (image.columns * columnMm), height / (image.rows * rowMm)) * zoom;
  return { x: fit * columnMm, y: fit * rowMm };
}

/** Paints the scene; true when it showed the picture itself and not a tile in its place. */
export function draw(canvas: HTMLCanvasElement, scene: Scene): boolean {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d');
  if (context === null || width === 0) {
    return false;
  }
  const { image, view } = scene;
  const scale = scaleOf(image, width, height, view.zoom);
  const shown = { width: image.columns * scale.x, height: image.rows * scale.y };
  const left = (width - shown.width) / 2 + view.x;
  const top = (height - shown.height) / 2 + view.y;
  context.scale(ratio, ratio);
  context.imageSmoothingQuality = 'high';
  if (scene.bitmap !== undefined) {
    context.imageSmoothingEnabled = scale.x * ratio < 6; // near, a reader wants to see the pixels themselves
    context.drawImage(scene.bitmap, left, top, shown.width, shown.height);
  } else if (scene.sprite !== null && scene.strip !== null) {
    // A tile keeps the aspect of the pixel matrix, and is never larger than it.
    const { strip } = scene;
    const tile = tileOf(strip, image.index);
    const shrink = Math.min(1, strip.tileWidth / image.columns, strip.tileHeight / image.rows);
    const [w, h] = [Math.max(1, image.columns * shrink), Math.max(1, image.rows * shrink)];
    context.drawImage(scene.sprite, tile.x + (strip.tileWidth - w) / 2, tile.y + (strip.tileHeight - h) / 2, w, h, left, top, shown.width, shown.height);
  }
  drawHeatMaps(context, scene, { left, top, ...scale });
  drawOutlines(context, scene, { left, top, ...scale });
  return scene.bitmap !== undefined;
}

const greatestOpacity = 0.55;

/** A place's value as opacity of the segment's colour, smoothly from place to place. */
function drawHeatMaps(context: CanvasRenderingContext2D, scene: Scene, at: { left: number; top: number; x: number; y: number }): void {
  for (const map of scene.outlines?.heatMaps ?? []) {
    const [x = 0, y = 0, width = 0, height = 0] = map.box;
    if (map.sopInstanceUid !== scene.image.sopInstanceUid || map.frame !== scene.image.frame || scene.hidden.has(map.segment)) {
      continue;
    }
    const colour = scene.outlines?.segments.find(segment => segment.number === map.segment)?.colour ?? '#ff7800';
    const small = document.createElement('canvas');
    small.width = map.columns;
    small.height = map.rows;
    small.getContext('2d')?.putImageData(new ImageData(heatPixels(map.values, colour), map.columns, map.rows), 0, 0);
    context.save();
    context.imageSmoothingEnabled = true;
    context.globalAlpha = scene.marked === map.segment ? greatestOpacity * 1.3 : greatestOpacity;
    context.beginPath();
    context.rect(at.left, at.top, scene.image.columns * at.x, scene.image.rows * at.y);
    context.clip();
    context.drawImage(small, at.left + x * at.x, at.top + y * at.y, width * at.x, height * at.y);
    context.restore();
  }
}

/** Red, green, blue and opacity of each place; `values` is base64, one byte a place. */
export function heatPixels(values: string, colour: string): Uint8ClampedArray<ArrayBuffer> {
  const bytes = atob(values);
  const pixels = new Uint8ClampedArray(4 * bytes.length);
  const [red, green, blue] = [1, 3, 5].map(i => Number.parseInt(colour.slice(i, i + 2), 16));
  for (let i = 0; i < bytes.length; i++) {
    pixels.set([red ?? 0, green ?? 0, blue ?? 0, bytes.charCodeAt(i)], 4 * i);
  }
  return pixels;
}

function drawOutlines(context: CanvasRenderingContext2D, scene: Scene, at: { left: number; top: number; x: number; y: number }): void {
  const here = scene.outlines?.images.find(one => one.sopInstanceUid === scene.image.sopInstanceUid && one.frame === scene.image.frame);
  const colours = new Map(scene.outlines?.segments.map(segment => [segment.number, segment.colour]));
  for (const number of new Set(here?.paths.map(path => path.segment))) {
    if (scene.hidden.has(number)) {
      continue;
    }
    const path = new Path2D();
    for (const { segment, points } of here?.paths ?? []) {
      if (segment === number) {
        for (let i = 0; i + 1 < points.length; i += 2) {
          const [x, y] = [at.left + (points[i] ?? 0) * at.x, at.top + (points[i + 1] ?? 0) * at.y];
          if (i === 0) {
            path.moveTo(x, y);
          } else {
            path.lineTo(x, y);
          }
        }
        path.closePath();
      }
    }
    const colour = colours.get(number) ?? '#ffd24a';
    context.lineJoin = 'round';
    // A dark line under the coloured one: it is seen on white bone and on black air alike.
    context.strokeStyle = 'rgb(0 0 0 / 0.65)';
    context.lineWidth = scene.marked === number ? 5 : 3.5;
    context.stroke(path);
    context.strokeStyle = colour;
    context.lineWidth = scene.marked === number ? 3 : 1.75;
    context.stroke(path);
    context.globalAlpha = scene.marked === number ? 0.28 : 0.12;
    context.fillStyle = colour;
    context.fill(path, 'evenodd');
    context.globalAlpha = 1;
  }
}
