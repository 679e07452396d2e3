import type { ReactNode } from 'react';
import styles from './Facts.module.css';

/** What is known of one thing, name beside value; what is unknown has no line. */
export function Facts({ facts }: { facts: readonly { name: string; value: ReactNode }[] }) {
  return (
    <dl className={styles.facts}>
      {facts.filter(fact => fact.value !== null && fact.value !== undefined && fact.value !== '').map(fact => (
        <div key={fact.name}><dt>{fact.name}</dt><dd>{fact.value}</dd></div>
      ))}
    </dl>
  );
}
