import type { ReactNode } from 'react';
import { usePageTitle } from '@/lib/usePageTitle';
import styles from './Page.module.css';

interface PageProps {
  title: string;
  /** Beside the title: how many, since when. */
  aside?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** As wide as the window, for pictures. */
  isWide?: boolean;
}

/** A page's title, what can be done there, and its content. */
export function Page({ title, aside, actions, children, isWide = false }: PageProps) {
  usePageTitle(title);
  return (
    <div className={isWide ? `${styles.page} ${styles.wide}` : styles.page}>
      <header className={styles.head}>
        <h1>{title}</h1>
        {aside !== undefined && <div className={styles.aside}>{aside}</div>}
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A surface that holds one thing of a page. */
export function Panel({ children, label }: { children: ReactNode; label?: string }) {
  return <section className={styles.panel} aria-label={label}>{children}</section>;
}
