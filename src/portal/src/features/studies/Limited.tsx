import { useEffect, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Badge } from '@/ui';
import styles from './StudiesPage.module.css';

/** That a result is to be taken with reserve; why, where the pointer or the focus is on it, and always for who has it read aloud. */
export function Limited({ by }: { by: readonly string[] }) {
  const { t } = useTranslation('studies');
  const id = useId();
  const [isOpen, setIsOpen] = useState(false);
  useEffect(() => {
    if (!isOpen) {
      return;
    }
    const close = (event: KeyboardEvent) => event.key === 'Escape' && setIsOpen(false);
    document.addEventListener('keydown', close);
    return () => document.removeEventListener('keydown', close);
  }, [isOpen]);
  return (
    <span className={styles.limited} onPointerEnter={() => setIsOpen(true)} onPointerLeave={() => setIsOpen(false)}>
      <button type="button" aria-describedby={id} onFocus={() => setIsOpen(true)} onBlur={() => setIsOpen(false)}><Badge tone="warn">{t('limited.mark')}</Badge></button>
      <span id={id} role="tooltip" className={isOpen ? styles.why : 'visually-hidden'}>
        {t('limited.why')} {by.map(code => t(`limited.${code}` as 'limited.mark', { defaultValue: code })).join(' ')}
      </span>
    </span>
  );
}
