import type { ReactNode } from 'react';
import styles from './Badge.module.css';

export type Tone = 'neutral' | 'good' | 'warn' | 'bad' | 'busy' | 'accent';

/** A state in a word or two. The dot repeats the tone; `busy` moves, where motion is welcome. */
export function Badge({ tone = 'neutral', children, title }: { tone?: Tone; children: ReactNode; title?: string }) {
  return <span className={`${styles.badge} ${styles[tone]}`} title={title}><span className={styles.dot} aria-hidden="true" />{children}</span>;
}

/** A short code that stands for itself, such as a modality. */
export function Tag({ children }: { children: ReactNode }) {
  return <span className={styles.tag}>{children}</span>;
}
