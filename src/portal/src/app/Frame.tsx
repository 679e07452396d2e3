import { useQueryClient } from '@tanstack/react-query';
import { Suspense, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Navigate, NavLink, Outlet, useLocation, useNavigate } from 'react-router';
import { api, ApiProblem } from '@/lib/api';
import { useConnection } from '@/lib/connection';
import { useChanges, useStreamState } from '@/lib/events';
import { chooseLanguage, languages, type Language } from '@/lib/i18n';
import { useCan, useSession, useSessionQuery, useTenant } from '@/lib/session';
import { writeStored } from '@/lib/stored';
import { chooseTheme, themes, useTheme } from '@/lib/theme';
import { ErrorState, Icon, Mark, Menu, type IconName, type MenuGroup } from '@/ui';
import styles from './Frame.module.css';
import { Crash } from './Crash';
import { Starting } from './Home';
import { NothingHere } from './NothingHere';

/** Around every page of a tenant: where one is, where one can go, who one is. */
export function Frame() {
  const session = useSessionQuery();
  const { pathname } = useLocation();
  if (session.isPending) {
    return <Starting />;
  }
  if (session.isError) {
    return session.error instanceof ApiProblem && session.error.status === 401
      ? <Navigate to={`/sign-in?to=${encodeURIComponent(pathname)}`} replace />
      : <ErrorState isPage error={session.error} onRetry={() => void session.refetch()} />;
  }
  return <SignedInFrame />;
}

function SignedInFrame() {
  const { t } = useTranslation('app');
  const tenant = useTenant();
  const { pathname } = useLocation();
  const held = useSession().tenants.find(one => one.slug === tenant);
  const canRead = useCan('readStudies');
  useEffect(() => {
    if (held) {
      writeStored('tenant', tenant);
    }
  }, [held, tenant]);
  return (
    <div className={styles.frame}>
      <a className={styles.skip} href="#content">{t('skip')}</a>
      <header className={styles.bar}>
        <Link className={styles.brand} to={`/${tenant}/studies`}>
          <Mark />
          <span className={styles.tenant}>{held?.name ?? tenant}</span>
        </Link>
        {held && <Navigation tenant={tenant} />}
        <div className={styles.end}>
          {canRead && <Live tenant={tenant} />}
          <PersonMenu tenant={tenant} />
        </div>
      </header>
      <main id="content" tabIndex={-1} className={styles.content}>
        {held ? <Crash key={pathname}><Suspense fallback={<Starting />}><Outlet key={tenant} /></Suspense></Crash> : <NothingHere to="/" />}
      </main>
    </div>
  );
}

function Navigation({ tenant }: { tenant: string }) {
  const { t } = useTranslation('app');
  const canStore = useCan('storeStudies');
  const canManage = useCan('manageTenant');
  const pages: readonly { to: string; icon: IconName; text: string }[] = [
    { to: 'studies', icon: 'studies', text: t('nav.studies') },
    ...(canStore ? [{ to: 'upload', icon: 'upload', text: t('nav.upload') } as const] : []),
    { to: 'patients', icon: 'patients', text: t('nav.patients') },
    ...(canManage ? [{ to: 'operations', icon: 'play', text: t('nav.operations') } as const] : []),
  ];
  return (
    <nav className={styles.nav} aria-label={t('nav.label')}>
      {pages.map(page => (
        <NavLink key={page.to} to={`/${tenant}/${page.to}`} className={styles.link ?? ''}>
          <Icon name={page.icon} />{page.text}
        </NavLink>
      ))}
    </nav>
  );
}

/** Holds the tenant's stream open on every page, and says whether it is heard. */
function Live({ tenant }: { tenant: string }) {
  const { t } = useTranslation('app');
  const state = useStreamState(tenant);
  const connection = useConnection();
  useChanges(tenant, () => undefined);
  return state === 'connecting' || connection !== 'online' // the bar above says so
    ? null
    : <span className={state === 'live' ? `${styles.stream} ${styles.live}` : styles.stream} title={t(`${state}.hint`)}>{t(`${state}.text`)}</span>;
}

function PersonMenu({ tenant }: { tenant: string }) {
  const { t, i18n } = useTranslation('app');
  const session = useSession();
  const theme = useTheme();
  const navigate = useNavigate();
  const queries = useQueryClient();

  const signOut = async () => {
    await api.delete('/session', {}).catch(() => undefined);
    queries.clear();
    await navigate('/sign-in', { replace: true });
  };

  const roles = session.tenants.find(one => one.slug === tenant)?.roles ?? [];
  const others = session.tenants.filter(one => one.slug !== tenant);
  const groups: MenuGroup[] = [
    ...(others.length > 0 ? [{
      label: t('menu.tenants'),
      items: others.map(one => ({ label: one.name, icon: 'forward' as const, onSelect: () => void navigate(`/${one.slug}/studies`) })),
    }] : []),
    {
      label: t('menu.language'),
      items: Object.entries(languages).map(([language, name]) => ({
        label: name, lang: language, isChecked: i18n.language === language, onSelect: () => void chooseLanguage(language as Language),
      })),
    },
    {
      label: t('menu.theme'),
      items: themes.map(one => ({ label: t(`theme.${one}`), isChecked: one === theme, onSelect: () => chooseTheme(one) })),
    },
    { items: [{ label: t('menu.signOut'), icon: 'back', onSelect: () => void signOut() }] },
  ];
  return (
    <Menu label={t('menu.label', { name: session.name })} groups={groups}
      trigger={<><span className={styles.avatar} aria-hidden="true" data-letter={session.name.slice(0, 1).toUpperCase()} /><span className={styles.person}>{session.name}</span><Icon name="chevron" size={16} /></>}
      head={<div className={styles.who}><strong>{session.name}</strong><span>{roles.map(role => t(`role.${role}`)).join(', ')}</span></div>} />
  );
}
