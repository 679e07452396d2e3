import { useEffect, useId, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './Button';
import styles from './Dialog.module.css';

interface DialogProps {
  title: string;
  children: ReactNode;
  /** The buttons; the first is what Enter means least of all: put Cancel there. */
  actions: ReactNode;
  onClose: () => void;
  /** For what is read rather than answered. */
  isWide?: boolean;
}

/** Asks something before the page goes on. It is open as long as it is rendered; Escape and the cross call `onClose`. */
export function Dialog({ title, children, actions, onClose, isWide = false }: DialogProps) {
  const { t } = useTranslation('ui');
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={ref} className={isWide ? `${styles.dialog} ${styles.wide}` : styles.dialog} aria-labelledby={id} onCancel={event => {
      event.preventDefault();
      onClose();
    }}>
      <header className={styles.head}>
        <h2 id={id}>{title}</h2>
        <Button variant="quiet" size="small" icon="close" aria-label={t('close')} onClick={onClose} />
      </header>
      <div className={styles.body}>{children}</div>
      <footer className={styles.actions}>{actions}</footer>
    </dialog>
  );
}
