import styles from './Brand.module.css';

/** The sign of the product: a source and its echoes. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg className={styles.mark} viewBox="0 0 32 32" width={size} height={size} role="img" aria-label="Platform">
      <rect width="32" height="32" rx="8" />
      <path d="M16 7.5v1.5M12 13.5a5.3 5.3 0 0 0 8 0M9 17.5a9.5 9.5 0 0 0 14 0M6.5 22a13.5 13.5 0 0 0 19 0" />
    </svg>
  );
}

export function Brand() {
  return <p className={styles.brand}><Mark size={36} /><span aria-hidden="true">Platform</span></p>;
}
