import { useTranslation } from 'react-i18next';
import { useConnection } from '@/lib/connection';
import { Icon } from './Icon';
import styles from './OfflineBar.module.css';

/** Above every page while nothing answers; it goes by itself. */
export function OfflineBar() {
  const { t } = useTranslation('ui');
  const connection = useConnection();
  return (
    <div role="status" aria-live="polite">
      {connection !== 'online' && <p className={styles.bar}><Icon name="offline" size={16} />{t(`${connection}.bar`)}</p>}
    </div>
  );
}
