import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Navigate, useNavigate, useSearchParams } from 'react-router';
import { api, ApiProblem } from '@/lib/api';
import { chooseLanguage, languages, type Language } from '@/lib/i18n';
import { sessionQuery, useSessionQuery, type Session } from '@/lib/session';
import { usePageTitle } from '@/lib/usePageTitle';
import { Brand, Button, Icon, Notice, TextField } from '@/ui';
import styles from './SignInPage.module.css';

/** Signs a person in, and asks for the hospital where they have several. */
export default function SignInPage() {
  const { t } = useTranslation('session');
  const [query] = useSearchParams();
  const session = useSessionQuery();
  usePageTitle(t('title'));
  if (!session.data) {
    return <Shell title={t('title')}><SignInForm /></Shell>;
  }
  const to = query.get('to');
  if (to?.startsWith('/') === true && !to.startsWith('//')) {
    return <Navigate to={to} replace />;
  }
  return session.data.tenants.length > 1 ? <Shell title={t('choose')}><TenantChoice session={session.data} /></Shell> : <Navigate to="/" replace />;
}

function Shell({ title, children }: { title: string; children: ReactNode }) {
  const { t, i18n } = useTranslation('session');
  return (
    <div className={styles.shell}>
      <main className={styles.side}>
        <div className={styles.card}>
          <Brand />
          <h1 className={styles.title}>{title}</h1>
          {children}
        </div>
        <footer className={styles.foot}>
          <ul aria-label={t('language')} className={styles.languages}>
            {Object.entries(languages).map(([language, name]) => (
              <li key={language}>
                <Button variant="quiet" size="small" lang={language} aria-pressed={i18n.language === language}
                  onClick={() => void chooseLanguage(language as Language)}>{name}</Button>
              </li>
            ))}
          </ul>
          <p>{t('evaluation')}</p>
        </footer>
      </main>
      <aside className={styles.stage}>
        <Sector />
        <p className={styles.promise}>{t('promise')}</p>
      </aside>
    </div>
  );
}

/** A fan of echoes, as an ultrasound probe sends and hears them. */
function Sector() {
  const arcs = Array.from({ length: 26 }, (_, i) => 60 + i * 22);
  return (
    <svg className={styles.sector} viewBox="0 0 640 640" preserveAspectRatio="xMidYMin slice" aria-hidden="true" focusable="false">
      {arcs.map((radius, i) => {
        const [x, y] = [radius * Math.sin(0.72), radius * Math.cos(0.72)];
        const part = 0.3 + 0.7 * Math.abs(Math.sin(i * 1.7));
        return <path key={radius} d={`M${320 - x} ${y - 20}A${radius} ${radius} 0 0 0 ${320 + x} ${y - 20}`} opacity={part * (1 - i / 30)}
          strokeWidth={i % 5 === 2 ? 2.5 : 1} />;
      })}
    </svg>
  );
}

function SignInForm() {
  const { t } = useTranslation(['session', 'ui']);
  const queries = useQueryClient();
  const [missing, setMissing] = useState<{ email: boolean; password: boolean }>({ email: false, password: false });
  const [refusal, setRefusal] = useState<string>();
  const [busy, setBusy] = useState(false);

  const signIn = async (form: HTMLFormElement) => {
    const fields = new FormData(form);
    const text = (name: string) => fields.get(name) as string;
    const [email, password] = [text('email').trim(), text('password')];
    setMissing({ email: email === '', password: password === '' });
    setRefusal(undefined);
    if (email === '' || password === '') {
      form.querySelector<HTMLInputElement>(email === '' ? '[name=email]' : '[name=password]')?.focus();
      return;
    }
    setBusy(true);
    try {
      queries.setQueryData(sessionQuery.queryKey, await api.post('/session', { body: { email, password } }));
    } catch (error) {
      const isWrong = error instanceof ApiProblem && (error.status === 401 || error.status === 400);
      setRefusal(isWrong ? t('refused') : error instanceof ApiProblem ? error.detail || t('ui:failed.text') : t('ui:unreachable.text'));
      setBusy(false);
    }
  };

  return (
    <form className={styles.form} noValidate onSubmit={event => {
      event.preventDefault();
      void signIn(event.currentTarget);
    }}>
      {refusal !== undefined && <Notice tone="bad" isNews>{refusal}</Notice>}
      <TextField label={t('email')} name="email" type="email" autoComplete="username" autoFocus error={missing.email ? t('needEmail') : undefined} />
      <TextField label={t('password')} name="password" type="password" autoComplete="current-password"
        error={missing.password ? t('needPassword') : undefined} />
      <Button variant="primary" type="submit" busy={busy}>{t('submit')}</Button>
    </form>
  );
}

function TenantChoice({ session }: { session: Session }) {
  const { t } = useTranslation('session');
  const navigate = useNavigate();
  const queries = useQueryClient();
  const signOut = async () => {
    await api.delete('/session', {}).catch(() => undefined);
    queries.clear();
    await navigate('/sign-in', { replace: true });
  };
  return (
    <>
      <p className={styles.lead}>{t('chooseText')}</p>
      <ul className={styles.tenants}>
        {session.tenants.map(tenant => (
          <li key={tenant.slug}>
            <Link className={styles.tenant} to={`/${tenant.slug}/studies`}>{tenant.name}<Icon name="forward" /></Link>
          </li>
        ))}
      </ul>
      <Button variant="quiet" onClick={() => void signOut()}>{t('signOut')}</Button>
    </>
  );
}
