import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ApiProblem, type Schemas } from '@/lib/api';
import { useFormat } from '@/lib/format';
import { useNow } from '@/lib/useNow';
import { Badge, Button, Dialog, ErrorState, Inset, Loading, Notice, Section, Skeleton, Table, Tag, useToast, type Column, type Tone } from '@/ui';
import cells from '@/ui/cells.module.css';
import styles from './Operator.module.css';

type Tenant = Schemas['GetPlatformOperationsTroubleItem'];
type Run = Schemas['ListTroubledRunsRunItem'];
type Asked = Schemas['ReplayTroubledRunsRequest'];

export const tenantCell = ({ tenant, name }: { tenant: string; name: string }) => (
  <span className={cells.stack}><strong><bdi>{name}</bdi></strong><span className={cells.minor}><bdi>{tenant}</bdi></span></span>
);

/** Hospitals with runs that went wrong; of one at a time the runs, without its studies, to be queued again. */
export function Troubled({ tenants }: { tenants: readonly Tenant[] }) {
  const { t } = useTranslation('operator');
  const format = useFormat();
  const [shown, setShown] = useState<Tenant>();
  const columns: Column<Tenant>[] = [
    { key: 'tenant', title: t('queue.tenant'), narrow: 'plain', cell: tenantCell },
    { key: 'quarantined', title: t('troubled.quarantined'), align: 'end', cell: item => format.number(item.quarantined) },
    { key: 'deadLetters', title: t('troubled.deadLetters'), align: 'end', cell: item => format.number(item.deadLetters) },
    {
      key: 'action', title: t('troubled.action'), align: 'end', narrow: 'corner', isTitleHidden: true,
      cell: item => <Button size="small" aria-label={t('troubled.lookOf', { name: item.name })} onClick={() => setShown(item)}>{t('troubled.look')}</Button>,
    },
  ];
  return (
    <>
      <Section title={t('troubled.title')} text={tenants.length > 0 ? t('troubled.text') : undefined}>
        {tenants.length === 0
          ? <Inset><p>{t('troubled.none')}</p></Inset>
          : <Table caption={t('troubled.caption')} columns={columns} rows={tenants} rowKey={item => item.tenant} />}
      </Section>
      {shown && <TroubledRuns of={shown} onClose={() => setShown(undefined)} />}
    </>
  );
}

const tones: Record<Schemas['RunStatus'], Tone> = {
  Waiting: 'neutral', Queued: 'neutral', Dispatched: 'busy', Running: 'busy', Succeeded: 'good', Failed: 'warn', Cancelled: 'neutral', Quarantined: 'bad',
};

function TroubledRuns({ of, onClose }: { of: Tenant; onClose: () => void }) {
  const { t } = useTranslation('operator');
  const queries = useQueryClient();
  const say = useToast();
  const key = ['troubled runs', of.tenant];
  const read = useQuery({ queryKey: key, queryFn: ({ signal }) => api.get('/tenants/{slug}/troubled-runs', { path: { slug: of.tenant }, signal }), refetchInterval: 5_000 });
  const replay = useMutation({
    mutationFn: (body: Asked) => api.post('/tenants/{slug}/troubled-runs/replay', { path: { slug: of.tenant }, body }),
    onSuccess: answer => say(t('replay.done', { count: answer.replayed.length })),
    onSettled: () => Promise.all([key, ['platform work']].map(queryKey => queries.invalidateQueries({ queryKey }))),
  });
  const causes = read.data?.causes ?? [];
  return (
    <Dialog title={t('replay.title', { name: of.name })} isWide onClose={onClose} actions={<Button onClick={onClose}>{t('close')}</Button>}>
      <p>{t('replay.text')}</p>
      {replay.isError && (
        <Notice tone="bad" isNews>{replay.error instanceof ApiProblem && replay.error.detail !== '' ? <span lang="en">{replay.error.detail}</span> : t('replay.failed')}</Notice>
      )}
      {read.data === undefined
        ? read.isError ? <ErrorState error={read.error} onRetry={() => void read.refetch()} /> : <Loading><Skeleton width="18rem" height="1rem" /></Loading>
        : read.data.runs.length === 0
          ? <p role="status">{t('replay.none')}</p>
          : (
            <>
              {causes.length > 0 && (
                <div className={styles.causes} role="group" aria-label={t('replay.causes')}>
                  {causes.map(({ cause, runs }) => (
                    <Button key={cause} size="small" icon="retry" disabled={replay.isPending} onClick={() => replay.mutate({ runIds: null, cause })}>
                      {t('replay.all', { cause, count: runs })}
                    </Button>
                  ))}
                </div>
              )}
              {read.data.isCut && <p>{t('replay.cut', { count: read.data.runs.length })}</p>}
              <RunTable runs={read.data.runs} isBusy={replay.isPending} onReplay={id => replay.mutate({ runIds: [id], cause: null })} />
            </>
          )}
    </Dialog>
  );
}

function RunTable({ runs, isBusy, onReplay }: { runs: readonly Run[]; isBusy: boolean; onReplay: (id: string) => void }) {
  const { t } = useTranslation('operator');
  const format = useFormat();
  const now = useNow(30_000);
  const columns: Column<Run>[] = [
    {
      key: 'model', title: t('replay.model'), narrow: 'plain',
      cell: run => (
        <span className={cells.stack}>
          <strong><bdi>{run.model}</bdi> {run.isShadow && <Tag>{t('replay.shadow')}</Tag>}</strong>
          <span className={cells.minor}>{run.modelVersion} · <code className={styles.code}>…{run.id.slice(-8)}</code></span>
        </span>
      ),
    },
    { key: 'cause', title: t('replay.cause'), cell: run => <code className={styles.code}>{run.cause}</code> },
    { key: 'state', title: t('replay.state'), cell: run => <Badge tone={tones[run.status]}>{t(`replay.status.${run.status}`)}</Badge> },
    { key: 'at', title: t('replay.at'), cell: run => (run.at === null ? '–' : <time dateTime={run.at} title={format.dateTime(run.at)}>{format.ago(run.at, now)}</time>) },
    {
      key: 'action', title: t('troubled.action'), align: 'end', narrow: 'corner', isTitleHidden: true,
      cell: run => run.canReplay && (
        <Button size="small" icon="retry" disabled={isBusy} aria-label={t('replay.of', { model: run.model, run: run.id.slice(-8) })} onClick={() => onReplay(run.id)}>{t('replay.action')}</Button>
      ),
    },
  ];
  return <Table caption={t('replay.caption')} columns={columns} rows={runs} rowKey={run => run.id} />;
}
