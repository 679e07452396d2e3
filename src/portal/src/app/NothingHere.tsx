import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';
import { EmptyState, LinkButton } from '@/ui';

/** An address of the portal that leads nowhere. */
export function NothingHere({ to }: { to?: string }) {
  const { t } = useTranslation(['app', 'ui']);
  const { tenant } = useParams();
  return (
    <EmptyState isPage icon="search" title={t('ui:notFound.title')} actions={<LinkButton to={to ?? (tenant === undefined ? '/' : `/${tenant}/studies`)}>{t(tenant === undefined ? 'start' : 'nav.studies')}</LinkButton>}>
      {t('ui:notFound.text')}
    </EmptyState>
  );
}
