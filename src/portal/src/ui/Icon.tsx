import styles from './Icon.module.css';

const shapes = {
  studies: 'M4 5.5h16M4 12h16M4 18.5h10',
  upload: 'M12 16V4.5m0 0L7.5 9M12 4.5 16.5 9M4.5 15.5v3a1 1 0 0 0 1 1h13a1 1 0 0 0 1-1v-3',
  download: 'M12 4.5V16m0 0-4.5-4.5M12 16l4.5-4.5M4.5 19.5h15',
  patients: 'M12 11.5a3.75 3.75 0 1 0 0-7.5 3.75 3.75 0 0 0 0 7.5ZM4.5 20a7.5 7.5 0 0 1 15 0',
  search: 'M10.75 17a6.25 6.25 0 1 0 0-12.5 6.25 6.25 0 0 0 0 12.5ZM15.3 15.3l4.2 4.2',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  close: 'M6 6l12 12M18 6 6 18',
  chevron: 'm7 10 5 5 5-5',
  forward: 'm9.5 6 6 6-6 6',
  back: 'm14.5 6-6 6 6 6',
  warning: 'M12 9v4.5m0 3v.01M10.6 4.7 3.2 17.5a1.6 1.6 0 0 0 1.4 2.4h14.8a1.6 1.6 0 0 0 1.4-2.4L13.4 4.7a1.6 1.6 0 0 0-2.8 0Z',
  error: 'M12 8v5m0 3v.01M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z',
  info: 'M12 11.5V16m0-8v.01M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z',
  good: 'm8.5 12.3 2.4 2.4 4.6-5M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z',
  offline: 'M4 4l16 16M8.5 12.7a5 5 0 0 1 2-1.1m4 .3c.4.2.7.5 1 .8M5 9.3A10 10 0 0 1 7.6 7.6M12 5.7a10 10 0 0 1 7 3.6M12 17.5v.01',
  lock: 'M7.5 10.5V8a4.5 4.5 0 0 1 9 0v2.5M6 10.5h12a1 1 0 0 1 1 1V19a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-7.5a1 1 0 0 1 1-1Z',
  trash: 'M5 7h14M10 7V4.5h4V7M7 7l.7 12.5h8.6L17 7M10.5 10.5v6M13.5 10.5v6',
  image: 'M5 5h14v14H5zM5 15.5l4-4 4.5 4.5M12.5 15l2.5-2.5 4 4M15 9v.01',
  refresh: 'M19 12a7 7 0 1 1-2.1-5M19 4.5V8h-3.5',
  more: 'M6 12v.01M12 12v.01M18 12v.01',
  folder: 'M4 18V6.5a1 1 0 0 1 1-1h4.5l2 2.5H19a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1Z',
  play: 'M8 5.5v13l10.5-6.5Z',
  pause: 'M9 6v12M15 6v12',
  retry: 'M5 12a7 7 0 1 0 2.1-5M5 4.5V8h3.5',
  ai: 'M12 4.5l1.7 4.3a2 2 0 0 0 1.1 1.1l4.3 1.7-4.3 1.7a2 2 0 0 0-1.1 1.1L12 18.7l-1.7-4.3a2 2 0 0 0-1.1-1.1l-4.3-1.7 4.3-1.7a2 2 0 0 0 1.1-1.1Z',
} as const;

export type IconName = keyof typeof shapes;

/** Arrows that point along the line of reading turn round where it runs from right to left. */
const directional: readonly IconName[] = ['forward', 'back'];

/** A drawing beside a word; it says nothing of its own. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg className={directional.includes(name) ? `${styles.icon} ${styles.directional}` : styles.icon} viewBox="0 0 24 24"
      width={size} height={size} aria-hidden="true" focusable="false">
      <path d={shapes[name]} />
    </svg>
  );
}
