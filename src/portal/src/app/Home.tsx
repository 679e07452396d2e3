import { useTranslation } from 'react-i18next';
import { Navigate, useParams } from 'react-router';
import { ApiProblem } from '@/lib/api';
import { operatorPath, useSessionQuery } from '@/lib/session';
import { readStored } from '@/lib/stored';
import { EmptyState, ErrorState, Loading, Skeleton } from '@/ui';
import styles from './Frame.module.css';

/** The shape of a page while it is fetched; at first nothing, for most pages are there at once. */
export function Starting() {
  return (
    <Loading>
      <div className={styles.starting}>
        <Skeleton width="10rem" height="1.6rem" />
        <Skeleton height="3.5rem" />
        <Skeleton height="20rem" />
      </div>
    </Loading>
  );
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
  if (tenants.length === 0 && session.data.isPlatformOperator) {
    return <Navigate to={`/${operatorPath}/packages`} replace />;
  }
  return tenants.length > 1
    ? <Navigate to="/sign-in" replace />
    : <EmptyState isPage icon="lock" title={t('noTenant.title')}>{t('noTenant.text')}</EmptyState>;
}
