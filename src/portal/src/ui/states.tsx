import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiProblem, Unreachable } from '@/lib/api';
import { useConnection } from '@/lib/connection';
import { Button } from './Button';
import { Icon, type IconName } from './Icon';
import styles from './states.module.css';

interface StateProps {
  icon: IconName;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
  isNews?: boolean;
  /** It stands for the whole page, so its title is the page's. */
  isPage?: boolean;
}

function State({ icon, title, children, actions, isNews = false, isPage = false }: StateProps) {
  const Title = isPage ? 'h1' : 'h2';
  return (
    <section className={styles.state} role={isNews ? 'alert' : undefined}>
      <span className={styles.sign}><Icon name={icon} size={26} /></span>
      <Title>{title}</Title>
      {children !== undefined && <div className={styles.text}>{children}</div>}
      {actions !== undefined && <div className={styles.actions}>{actions}</div>}
    </section>
  );
}

/** Nothing is here yet: why, and what would put something here. */
export function EmptyState(props: StateProps) {
  return <State {...props} />;
}

/** The signed-in person's role does not allow this page. */
export function NoPermission({ children }: { children?: ReactNode }) {
  const { t } = useTranslation('ui');
  return <State icon="lock" title={t('noPermission.title')}>{children ?? t('noPermission.text')}</State>;
}

/** Why a page or a part of it could not be read, in the API's own words where it gave any, and the way to try again. */
export function ErrorState({ error, onRetry, isPage = false }: { error: unknown; onRetry?: () => void; isPage?: boolean }) {
  const { t } = useTranslation('ui');
  const connection = useConnection();
  const retry = onRetry && <Button icon="refresh" onClick={onRetry}>{t('retry')}</Button>;
  if (error instanceof ApiProblem && error.status === 403) {
    return <NoPermission />;
  }
  if (error instanceof ApiProblem && error.status === 404) {
    return <State icon="search" title={t('notFound.title')} actions={retry} isPage={isPage} isNews>{t('notFound.text')}</State>;
  }
  if (error instanceof Unreachable) {
    const kind = connection === 'offline' ? 'offline' : 'unreachable';
    return <State icon="offline" title={t(`${kind}.title`)} actions={retry} isPage={isPage} isNews>{t(`${kind}.text`)}</State>;
  }
  return (
    <State icon="error" title={t('failed.title')} actions={retry} isPage={isPage} isNews>
      <p>{error instanceof ApiProblem && error.detail !== '' ? error.detail : t('failed.text')}</p>
      {error instanceof ApiProblem && error.traceId !== undefined && <p className={styles.trace}>{t('failed.trace')} <code>{error.traceId}</code></p>}
    </State>
  );
}

/** The place of something that is being read; give it the size of what comes. */
export function Skeleton({ width = '100%', height = '1em' }: { width?: string; height?: string }) {
  return <span className={styles.skeleton} style={{ inlineSize: width, blockSize: height }} aria-hidden="true" />;
}

/** Says aloud that something is being read, around its skeletons. */
export function Loading({ children }: { children: ReactNode }) {
  const { t } = useTranslation('ui');
  return <div role="status" aria-busy="true"><span className="visually-hidden">{t('loading')}</span>{children}</div>;
}
