import type { ReactNode } from 'react';
import { Icon, type IconName } from './Icon';
import styles from './Notice.module.css';

type NoticeTone = 'info' | 'good' | 'warn' | 'bad';

const icons: Record<NoticeTone, IconName> = { info: 'info', good: 'good', warn: 'warning', bad: 'error' };

interface NoticeProps {
  tone?: NoticeTone;
  title?: string;
  children?: ReactNode;
  actions?: ReactNode;
  /** Appears in answer to something, and is read aloud when it does. */
  isNews?: boolean;
}

/** Something to know about the page around it, and what to do about it. */
export function Notice({ tone = 'info', title, children, actions, isNews = false }: NoticeProps) {
  return (
    <div className={`${styles.notice} ${styles[tone]}`} role={isNews ? (tone === 'bad' ? 'alert' : 'status') : undefined}>
      <Icon name={icons[tone]} />
      <div className={styles.text}>
        {title !== undefined && <p className={styles.title}>{title}</p>}
        {children !== undefined && <div>{children}</div>}
      </div>
      {actions !== undefined && <div className={styles.actions}>{actions}</div>}
    </div>
  );
}
