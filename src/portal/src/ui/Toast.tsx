import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './Button';
import { Icon } from './Icon';
import styles from './Toast.module.css';

interface Said {
  id: number;
  text: string;
  tone: 'good' | 'bad';
}

type Say = (text: string, tone?: Said['tone']) => void;

const ToastContext = createContext<Say>(() => undefined);

const shownMs = 6000;
let last = 0;

/** Says in a corner, and aloud, that something was done; what must not be missed belongs in a Notice. */
export function useToast(): Say {
  return use(ToastContext);
}

export function ToastRegion({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState<readonly Said[]>([]);
  const remove = useCallback((id: number) => setSaid(all => all.filter(one => one.id !== id)), []);
  const say = useMemo<Say>(() => (text, tone = 'good') => {
    last += 1;
    const one = { id: last, text, tone };
    setSaid(all => [...all.slice(-2), one]);
  }, []);
  return (
    <ToastContext value={say}>
      {children}
      <div className={styles.region} role="status" aria-live="polite">
        {said.map(one => <Toast key={one.id} said={one} onEnd={remove} />)}
      </div>
    </ToastContext>
  );
}

function Toast({ said, onEnd }: { said: Said; onEnd: (id: number) => void }) {
  const { t } = useTranslation('ui');
  const [isHeld, setIsHeld] = useState(false);
  useEffect(() => {
    if (isHeld) {
      return undefined;
    }
    const timer = setTimeout(() => onEnd(said.id), shownMs);
    return () => clearTimeout(timer);
  }, [isHeld, onEnd, said.id]);
  return (
    <div className={`${styles.toast} ${styles[said.tone]}`} onPointerEnter={() => setIsHeld(true)} onPointerLeave={() => setIsHeld(false)}
      onFocus={() => setIsHeld(true)} onBlur={() => setIsHeld(false)}>
      <Icon name={said.tone === 'good' ? 'good' : 'error'} />
      <span>{said.text}</span>
      <Button variant="quiet" size="small" icon="close" aria-label={t('close')} onClick={() => onEnd(said.id)} />
    </div>
  );
}
