import { useEffect, useEffectEvent, useRef, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useChanges } from '@/lib/events';
import { useFormat } from '@/lib/format';
import { Button, Icon } from '@/ui';
import { draw, fitted, scaleOf, type View } from './draw';
import { SeriesImages } from './images';
import { stripAddress, type Outlines, type Preview, type SeriesPath } from './preview';
import styles from './Viewer.module.css';
import { suspicionOf } from './words';

interface ViewerProps {
  path: SeriesPath;
  preview: Preview;
  index: number;
  onIndex: (index: number) => void;
  outlines: Outlines | undefined;
  hidden: ReadonlySet<number>;
  marked: number | null;
  /** Say of each image why it may show who the patient is. */
  isHeld: boolean;
  title: string;
}

const nearest = 12;

/** One image of a series at a time: first its small tile, then the full-size picture; scrolled by wheel, keys, slider or finger. */
export default function Viewer({ path, preview, index, onIndex, outlines, hidden, marked, isHeld, title }: ViewerProps) {
  const { t } = useTranslation('study');
  const format = useFormat();
  const stage = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const images = useRef<SeriesImages | null>(null);
  const sprite = useRef<HTMLImageElement | null>(null);
  const direction = useRef<1 | -1>(1);
  const [view, setView] = useState<View>(fitted);
  const [quality, setQuality] = useState<'full' | 'tile' | 'failed'>('tile');
  const [scale, setScale] = useState(0);
  const count = preview.images.length;
  const image = preview.images[Math.min(index, count - 1)];

  const paint = useEffectEvent(() => {
    if (canvas.current !== null && image !== undefined) {
      const bitmap = images.current?.get(image.index);
      const isFull = draw(canvas.current, { image, bitmap, sprite: sprite.current, strip: preview.strip, view, outlines, hidden, marked });
      const box = canvas.current.getBoundingClientRect();
      setScale(scaleOf(image, box.width, box.height, view.zoom).x);
      setQuality(isFull ? 'full' : images.current?.hasFailed(image.index) ? 'failed' : 'tile');
    }
  });

  const { tenant, study, series } = path;
  const hasStrip = preview.strip !== null;
  const version = preview.version ?? null;
  useEffect(() => {
    const source = new SeriesImages({ tenant, study, series }, count, version, () => paint());
    images.current = source;
    if (hasStrip) {
      const tiles = new Image();
      tiles.onload = () => {
        sprite.current = tiles;
        paint();
      };
      tiles.src = stripAddress({ tenant, study, series }, version);
    }
    return () => {
      images.current = null;
      sprite.current = null;
      source.close();
    };
  }, [tenant, study, series, count, version, hasStrip]);

  useChanges(tenant, change => {
    if (change.kind === 'preview' || change.kind === 'again') {
      images.current?.ready();
    }
  });

  useEffect(() => {
    if (image?.reasonCode === null) {
      images.current?.want(image.index, direction.current);
    }
  }, [image, series, count, version]);

  useEffect(() => {
    paint();
  }, [image, view, outlines, hidden, marked]);

  useEffect(() => {
    const observer = new ResizeObserver(() => paint());
    if (stage.current !== null) {
      observer.observe(stage.current);
    }
    return () => observer.disconnect();
  }, []);

  const go = (to: number) => {
    const next = Math.min(count - 1, Math.max(0, to));
    if (next !== index) {
      direction.current = next > index ? 1 : -1;
      onIndex(next);
    }
  };

  const zoomTo = (zoom: number, at?: { x: number; y: number }) => setView(before => {
    const next = Math.min(nearest, Math.max(1, zoom));
    const box = stage.current?.getBoundingClientRect();
    if (next === 1 || box === undefined) {
      return fitted;
    }
    // What is under the pointer stays there.
    const [px, py] = [(at?.x ?? box.left + box.width / 2) - box.left - box.width / 2, (at?.y ?? box.top + box.height / 2) - box.top - box.height / 2];
    const grow = next / before.zoom;
    return { zoom: next, x: px - (px - before.x) * grow, y: py - (py - before.y) * grow };
  });

  const onWheel = useEffectEvent((event: WheelEvent) => {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      zoomTo(view.zoom * Math.exp(-event.deltaY / 300), { x: event.clientX, y: event.clientY });
    } else if (event.deltaY !== 0) {
      go(index + Math.sign(event.deltaY));
    }
  });
  useEffect(() => {
    const element = stage.current;
    const wheel = (event: WheelEvent) => onWheel(event);
    element?.addEventListener('wheel', wheel, { passive: false }); // React listens passively, and the page would scroll too
    return () => element?.removeEventListener('wheel', wheel);
  }, []);

  const onPointer = usePointers({ view, setView, zoomTo, step: steps => go(index + steps), stage });

  const onKeyDown = (event: KeyboardEvent) => {
    const pan = 40;
    const isPan = event.shiftKey && view.zoom > 1;
    const acts: Record<string, () => void> = {
      ArrowDown: () => isPan ? setView({ ...view, y: view.y - pan }) : go(index + 1),
      ArrowUp: () => isPan ? setView({ ...view, y: view.y + pan }) : go(index - 1),
      ArrowRight: () => isPan ? setView({ ...view, x: view.x - pan }) : go(index + 1),
      ArrowLeft: () => isPan ? setView({ ...view, x: view.x + pan }) : go(index - 1),
      PageDown: () => go(index + 10),
      PageUp: () => go(index - 10),
      Home: () => go(0),
      End: () => go(count - 1),
      '+': () => zoomTo(view.zoom * 1.25),
      '=': () => zoomTo(view.zoom * 1.25),
      '-': () => zoomTo(view.zoom / 1.25),
      '0': () => setView(fitted),
    };
    const act = acts[event.key];
    if (act !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      act();
    }
  };

  if (image === undefined) {
    return null;
  }
  const where = t('viewer.image', { n: format.number(index + 1), count });
  return (
    <div className={styles.viewer}>
      <div ref={stage} className={styles.stage} tabIndex={0} role="group" aria-roledescription={t('viewer.role')} aria-label={`${title}, ${where}. ${t('viewer.keys')}`}
        data-quality={quality} data-index={index} data-zoomed={view.zoom > 1 || undefined} onKeyDown={onKeyDown} onDoubleClick={() => setView(fitted)} {...onPointer}>
        <canvas ref={canvas} className={styles.canvas} aria-hidden="true" />
        {image.reasonCode !== null && <p className={styles.none}><Icon name="warning" /> <span>{t('viewer.unavailable')} <span lang="en">{image.reason}</span></span></p>}
        {image.reasonCode === null && quality === 'failed' && <p className={styles.none} role="alert"><Icon name="offline" /> <span>{t('viewer.failed')}</span></p>}
        <dl className={styles.info}>
          <div><dt className="visually-hidden">{t('viewer.size')}</dt><dd>{image.columns} × {image.rows}</dd></div>
          {image.windowCentre !== null && image.windowWidth !== null
            && <div><dt>{t('viewer.window')}</dt><dd>{format.number(image.windowCentre)} / {format.number(image.windowWidth)}</dd></div>}
          {image.positionMm !== null && <div><dt>{t('viewer.position')}</dt><dd>{image.positionMm.map(part => format.number(part, 1)).join(' · ')} mm</dd></div>}
          {scale > 0 && <div><dt>{t('viewer.zoom')}</dt><dd>{format.percent(scale)}</dd></div>}
        </dl>
        {isHeld && (image.suspicions ?? []).length > 0 && (
          <p className={styles.suspect}><Icon name="warning" size={15} /> <span>{t('held.image')} {(image.suspicions ?? []).map(code => suspicionOf(t, code)).join(' · ')}</span></p>
        )}
        <p className={styles.place}>{where}{quality === 'tile' && image.reasonCode === null && <span className={styles.coming}>{t('viewer.coming')}</span>}</p>
      </div>
      <div className={styles.controls}>
        <Button size="small" variant="quiet" icon="back" aria-label={t('viewer.previous')} disabled={index === 0} onClick={() => go(index - 1)} />
        <input className={styles.slider} type="range" min={0} max={Math.max(0, count - 1)} value={index} aria-label={t('viewer.slider')} aria-valuetext={where}
          onChange={event => go(Number(event.currentTarget.value))} />
        <Button size="small" variant="quiet" icon="forward" aria-label={t('viewer.next')} disabled={index === count - 1} onClick={() => go(index + 1)} />
        <span className={styles.zoom}>
          <button type="button" aria-label={t('viewer.smaller')} disabled={view.zoom <= 1} onClick={() => zoomTo(view.zoom / 1.4)}>−</button>
          <button type="button" aria-label={t('viewer.larger')} disabled={view.zoom >= nearest} onClick={() => zoomTo(view.zoom * 1.4)}>+</button>
          <Button size="small" variant="quiet" onClick={() => setView(fitted)} disabled={view.zoom === 1}>{t('viewer.fit')}</Button>
        </span>
      </div>
    </div>
  );
}

interface Pointers {
  view: View;
  setView: (view: View) => void;
  zoomTo: (zoom: number, at?: { x: number; y: number }) => void;
  step: (steps: number) => void;
  stage: { readonly current: HTMLDivElement | null };
}

const stepPixels = 14;

/** One pointer scrolls through the images, or moves the picture when it is enlarged; two fingers enlarge. */
function usePointers({ view, setView, zoomTo, step, stage }: Pointers) {
  const down = useRef(new Map<number, { x: number; y: number }>());
  const rest = useRef(0);
  const end = (event: React.PointerEvent) => void down.current.delete(event.pointerId);
  return {
    onPointerDown: (event: React.PointerEvent) => {
      if (event.button === 0) {
        stage.current?.setPointerCapture(event.pointerId);
        down.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
        rest.current = 0;
      }
    },
    onPointerMove: (event: React.PointerEvent) => {
      const before = down.current.get(event.pointerId);
      if (before === undefined) {
        return;
      }
      const now = { x: event.clientX, y: event.clientY };
      const other = [...down.current].find(([id]) => id !== event.pointerId)?.[1];
      down.current.set(event.pointerId, now);
      if (other !== undefined) {
        const spread = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
        zoomTo(view.zoom * spread, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
      } else if (view.zoom > 1) {
        setView({ ...view, x: view.x + now.x - before.x, y: view.y + now.y - before.y });
      } else {
        rest.current += now.y - before.y;
        const steps = Math.trunc(rest.current / stepPixels);
        if (steps !== 0) {
          rest.current -= steps * stepPixels;
          step(steps);
        }
      }
    },
    onPointerUp: end,
    onPointerCancel: end,
  };
}
