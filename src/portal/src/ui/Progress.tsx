import styles from './Progress.module.css';

/** How far something is, 0 to 1; without a value, that it goes on. */
export function Progress({ value, label, tone = 'accent' }: { value?: number | undefined; label: string; tone?: 'accent' | 'good' | 'bad' }) {
  const percent = value === undefined ? undefined : Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <div className={`${styles.track} ${styles[tone]}`} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
      <div className={percent === undefined ? styles.unknown : styles.bar} style={percent === undefined ? undefined : { inlineSize: `${percent}%` }} />
    </div>
  );
}
