import type { ReactNode } from 'react';
import { Panel } from './Page';
import styles from './Section.module.css';

interface SectionProps {
  title: string;
  text?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** A part of a page: its heading, what it is about, and a surface with what it holds. */
export function Section({ title, text, actions, children }: SectionProps) {
  return (
    <div className={styles.section}>
      <div className={styles.head}><h2>{title}</h2>{actions !== undefined && <div className={styles.actions}>{actions}</div>}</div>
      {text !== undefined && <p className={styles.text}>{text}</p>}
      <Panel label={title}><div className={styles.scroll}>{children}</div></Panel>
    </div>
  );
}

/** A sentence or a few in a section that holds no table. */
export function Inset({ children }: { children: ReactNode }) {
  return <div className={styles.inset}>{children}</div>;
}
