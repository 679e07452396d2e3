import { useTranslation } from 'react-i18next';
import { Navigate, useParams } from 'react-router';
import { ApiProblem } from '@/lib/api';
import { useSessionQuery } from '@/lib/session';
import { readStored } from '@/lib/stored';
import { EmptyState, ErrorState, Loading } from '@/ui';
import styles from './Frame.module.css';

export function Starting() {
  return <Loading><div className={styles.starting} /></Loading>;
}

/** `/portal/` and `/portal/{tenant}` lead to the studies of the tenant, the last one used or the only one. */
export function Home() {
  const { t } = useTranslation('app');
  const { tenant } = useParams();
  const session = useSessionQuery();
  if (session.isPending) {
    return <Starting />;
  }
  if (session.isError) {
    return session.error instanceof ApiProblem && session.error.status === 401
      ? <Navigate to="/sign-in" replace />
      : <ErrorState isPage error={session.error} onRetry={() => void session.refetch()} />;
  }
  const { tenants } = session.data;
  const last = readStored('tenant');
  const to = tenant ?? tenants.find(held => held.slug === last)?.slug ?? (tenants.length === 1 ? tenants[0]?.slug : undefined);
  if (to !== undefined) {
    return <Navigate to={`/${to}/studies`} replace />;
  }
  return tenants.length > 1
    ? <Navigate to="/sign-in" replace />
    : <EmptyState isPage icon="lock" title={t('noTenant.title')}>{t('noTenant.text')}</EmptyState>;
}
