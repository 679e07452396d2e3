import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useTenant } from '@/lib/session';
import { EmptyState } from '@/ui';

/** An address of the portal that leads nowhere. */
export function NothingHere() {
  const { t } = useTranslation(['app', 'ui']);
  return (
    <EmptyState isPage icon="search" title={t('ui:notFound.title')} actions={<Link to={`/${useTenant()}/studies`}>{t('nav.studies')}</Link>}>
      {t('ui:notFound.text')}
    </EmptyState>
  );
}
