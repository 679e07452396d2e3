import { queryOptions } from '@tanstack/react-query';
import { api, apiFetch, fillPath, type Schemas } from '@/lib/api';

export type Study = Schemas['GetStudyResponse'];
export type Series = Schemas['GetStudySeriesItem'];
export type Run = Schemas['GetStudyRunItem'];
export type Finding = Schemas['Finding'];
export type Outlines = Schemas['RunOutlines'];

/** One frame of one instance, in the order in which a person scrolls. */
export interface PreviewImage {
  readonly index: number;
  readonly sopInstanceUid: string;
  /** From 1. */
  readonly frame: number;
  readonly rows: number;
  readonly columns: number;
  /** Between rows, between columns. */
  readonly pixelSpacingMm: readonly number[] | null;
  readonly windowCentre: number | null;
  readonly windowWidth: number | null;
  /** Centre of the first pixel, LPS. */
  readonly positionMm: readonly number[] | null;
  readonly reasonCode: string | null;
  readonly reason: string | null;
  /** Why it may show who the patient is. */
  readonly suspicions?: readonly string[] | null;
}

export interface PreviewStrip {
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  /** For each tile the index of its image. */
  readonly images: readonly number[];
}

export interface Preview {
  /** Given with a picture's address, its bytes may be kept for good. */
  readonly version?: string | null;
  readonly status: 'Pending' | 'Ready' | 'Unavailable';
  readonly reasonCode: string | null;
  readonly reason: string | null;
  readonly strip: PreviewStrip | null;
  readonly images: readonly PreviewImage[];
}

export interface SeriesPath {
  readonly tenant: string;
  readonly study: string;
  readonly series: string;
}

const address = ({ tenant, study, series }: SeriesPath) =>
  `${fillPath('/t/{tenant}/studies/{uid}', { tenant, uid: study })}/series/${encodeURIComponent(series)}/preview`;

const versioned = (version: string | null | undefined) => (version ? `?v=${encodeURIComponent(version)}` : '');

export const stripAddress = (path: SeriesPath, version?: string | null) => `${address(path)}/strip${versioned(version)}`;
export const imageAddress = (path: SeriesPath, index: number, version?: string | null) => `${address(path)}/images/${index}${versioned(version)}`;

export const studyQuery = (tenant: string, uid: string) => queryOptions({
  queryKey: ['study', tenant, uid],
  queryFn: ({ signal }) => api.get('/t/{tenant}/studies/{uid}', { path: { tenant, uid }, signal }),
});

export const previewQuery = (path: SeriesPath) => queryOptions({
  queryKey: ['preview', path.tenant, path.study, path.series],
  queryFn: async ({ signal }) => await (await apiFetch(address(path), { signal })).json() as Preview,
  // What is ready never changes; what is pending is also told by the stream.
  staleTime: query => (query.state.data?.status === 'Pending' ? 0 : Infinity),
  refetchInterval: query => (query.state.data?.status === 'Pending' ? 4_000 : false),
});

export const outlinesQuery = (tenant: string, run: string) => queryOptions({
  queryKey: ['outlines', tenant, run],
  queryFn: ({ signal }) => api.get('/t/{tenant}/runs/{id}/outlines', { path: { tenant, id: run }, signal }),
  staleTime: Infinity,
});

/** The tile nearest to an image, and where it stands in the sprite. */
export function tileOf(strip: PreviewStrip, index: number): { x: number; y: number; image: number } {
  let best = 0;
  strip.images.forEach((image, k) => {
    if (Math.abs(image - index) < Math.abs((strip.images[best] ?? 0) - index)) {
      best = k;
    }
  });
  return { x: (best % strip.columns) * strip.tileWidth, y: Math.floor(best / strip.columns) * strip.tileHeight, image: strip.images[best] ?? 0 };
}

/** The image that shows a finding best: where its outline is largest, its heat map, else where its centre lies. */
export function imageOf(finding: Finding, images: readonly PreviewImage[], outlines: Outlines | undefined): number | null {
  let best: number | null = null;
  let largest = 0;
  if (finding.segmentNumber !== null) {
    for (const outline of outlines?.images ?? []) {
      const area = outline.paths.filter(path => path.segment === finding.segmentNumber).reduce((sum, path) => sum + Math.abs(areaOf(path.points)), 0);
      const at = images.findIndex(image => image.sopInstanceUid === outline.sopInstanceUid && image.frame === outline.frame);
      if (area > largest && at >= 0) {
        largest = area;
        best = at;
      }
    }
  }
  const map = outlines?.heatMaps?.find(one => one.segment === finding.segmentNumber);
  const mapped = images.findIndex(image => image.sopInstanceUid === map?.sopInstanceUid && image.frame === map.frame);
  return best ?? (mapped >= 0 ? mapped : null) ?? nearestImage(finding.centreMm, images);
}

/** Twice the signed area of a polygon: x0, y0, x1, y1 … */
function areaOf(points: readonly number[]): number {
  let area = 0;
  for (let i = 0; i < points.length; i += 2) {
    const [x0 = 0, y0 = 0] = [points[i], points[i + 1]];
    const [x1 = 0, y1 = 0] = [points[(i + 2) % points.length], points[(i + 3) % points.length]];
    area += x0 * y1 - x1 * y0;
  }
  return area;
}

/** By the distance along the stack: positions are corners, and a corner lies aside of every centre. */
function nearestImage(centre: readonly number[] | null, images: readonly PreviewImage[]): number | null {
  const placed = images.filter(image => image.positionMm?.length === 3);
  const first = placed[0]?.positionMm;
  const last = placed.at(-1)?.positionMm;
  if (centre === null || !first || !last) {
    return null;
  }
  const along = [0, 1, 2].map(i => (last[i] ?? 0) - (first[i] ?? 0));
  const on = (point: readonly number[]) => along.reduce((sum, part, i) => sum + part * (point[i] ?? 0), 0);
  let best = placed[0];
  for (const image of placed) {
    if (Math.abs(on(image.positionMm ?? []) - on(centre)) < Math.abs(on(best?.positionMm ?? []) - on(centre))) {
      best = image;
    }
  }
  return best?.index ?? null;
}
