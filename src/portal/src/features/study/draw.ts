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
  drawOutlines(context, scene, { left, top, ...scale });
  return scene.bitmap !== undefined;
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
