import { useQueryClient } from '@tanstack/react-query';
import { Suspense, useEffect, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Navigate, NavLink, Outlet, useLocation, useNavigate } from 'react-router';
import { api, ApiProblem } from '@/lib/api';
import { useConnection } from '@/lib/connection';
import { useChanges, useStreamState } from '@/lib/events';
import { chooseLanguage, languages, type Language } from '@/lib/i18n';
import { operatorPath, useCan, useIsOperator, useSession, useSessionQuery, useTenant } from '@/lib/session';
import { writeStored } from '@/lib/stored';
import { chooseTheme, themes, useTheme } from '@/lib/theme';
import { ErrorState, Icon, Mark, Menu, type IconName, type MenuGroup } from '@/ui';
import styles from './Frame.module.css';
import { Crash } from './Crash';
import { Starting } from './Home';
import { NothingHere } from './NothingHere';

/** Around every page of a tenant: where one is, where one can go, who one is. */
export function Frame() {
  return <SignedIn><TenantFrame /></SignedIn>;
}

/** Around the pages of who runs the platform; others are told that nothing is there. */
export function OperatorFrame() {
  return <SignedIn><PlatformFrame /></SignedIn>;
}

function SignedIn({ children }: { children: ReactNode }) {
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
  return children;
}

function TenantFrame() {
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
    <Around name={held?.name ?? tenant} home={`/${tenant}/studies`} navigation={held && <TenantNavigation tenant={tenant} />}
      end={<>{canRead && <Live tenant={tenant} />}<PersonMenu tenant={tenant} /></>}>
      {held ? <Crash key={pathname}><Suspense fallback={<Starting />}><Outlet key={tenant} /></Suspense></Crash> : <NothingHere to="/" />}
    </Around>
  );
}

function PlatformFrame() {
  const { t } = useTranslation('app');
  const { pathname } = useLocation();
  const isOperator = useIsOperator();
  const pages: readonly PageLink[] = [
    { to: 'packages', icon: 'folder', text: t('nav.packages') },
    { to: 'work', icon: 'play', text: t('nav.work') },
  ];
  return (
    <Around name={t('platform')} home={`/${operatorPath}/packages`} navigation={isOperator && <Navigation base={operatorPath} pages={pages} />} end={<PersonMenu />}>
      {isOperator ? <Crash key={pathname}><Suspense fallback={<Starting />}><Outlet /></Suspense></Crash> : <NothingHere to="/" />}
    </Around>
  );
}

interface AroundProps {
  name: string;
  home: string;
  navigation: ReactNode;
  end: ReactNode;
  children: ReactNode;
}

function Around({ name, home, navigation, end, children }: AroundProps) {
  const { t } = useTranslation('app');
  return (
    <div className={styles.frame}>
      <a className={styles.skip} href="#content">{t('skip')}</a>
      <header className={styles.bar}>
        <Link className={styles.brand} to={home}>
          <Mark />
          <span className={styles.tenant}>{name}</span>
        </Link>
        {navigation}
        <div className={styles.end}>{end}</div>
      </header>
      <main id="content" tabIndex={-1} className={styles.content}>{children}</main>
    </div>
  );
}

interface PageLink {
  to: string;
  icon: IconName;
  text: string;
}

function TenantNavigation({ tenant }: { tenant: string }) {
  const { t } = useTranslation('app');
  const canStore = useCan('storeStudies');
  const canManage = useCan('manageTenant');
  const canManageModels = useCan('manageModels');
  const pages: readonly PageLink[] = [
    { to: 'studies', icon: 'studies', text: t('nav.studies') },
    ...(canStore ? [{ to: 'upload', icon: 'upload', text: t('nav.upload') } as const] : []),
    { to: 'patients', icon: 'patients', text: t('nav.patients') },
    ...(canManageModels ? [{ to: 'models', icon: 'ai', text: t('nav.models') }, { to: 'rules', icon: 'check', text: t('nav.rules') }] as const : []),
    ...(canManage ? [{ to: 'operations', icon: 'play', text: t('nav.operations') } as const] : []),
  ];
  return <Navigation base={tenant} pages={pages} />;
}

function Navigation({ base, pages }: { base: string; pages: readonly PageLink[] }) {
  const { t } = useTranslation('app');
  return (
    <nav className={styles.nav} aria-label={t('nav.label')}>
      {pages.map(page => (
        <NavLink key={page.to} to={`/${base}/${page.to}`} className={styles.link ?? ''}>
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

/** Without a tenant on the pages of who runs the platform. */
function PersonMenu({ tenant }: { tenant?: string }) {
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
    ...(tenant !== undefined && session.isPlatformOperator
      ? [{ items: [{ label: t('menu.platform'), icon: 'forward' as const, onSelect: () => void navigate(`/${operatorPath}/packages`) }] }] : []),
    ...(others.length > 0 ? [{
      label: t(tenant === undefined ? 'menu.allTenants' : 'menu.tenants'),
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
      head={<div className={styles.who}><strong>{session.name}</strong><span>{tenant === undefined ? t('operator') : roles.map(role => t(`role.${role}`)).join(', ')}</span></div>} />
  );
}
