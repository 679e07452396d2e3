import { useTranslation } from 'react-i18next';
import { useTenant } from '@/lib/session';
import { EmptyState, LinkButton } from '@/ui';

/** An address of the portal that leads nowhere. */
export function NothingHere({ to }: { to?: string }) {
  const { t } = useTranslation(['app', 'ui']);
  const tenant = useTenant();
  return (
    <EmptyState isPage icon="search" title={t('ui:notFound.title')} actions={<LinkButton to={to ?? `/${tenant}/studies`}>{t('nav.studies')}</LinkButton>}>
      {t('ui:notFound.text')}
    </EmptyState>
  );
}
