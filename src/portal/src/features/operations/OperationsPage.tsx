import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, ApiProblem, type Schemas } from '@/lib/api';
import { useFormat } from '@/lib/format';
import { useCan, useTenant } from '@/lib/session';
import { useNow } from '@/lib/useNow';
import {
  Badge, Button, EmptyState, ErrorState, Loading, NoPermission, Notice, Page, Panel, Progress, Section, Skeleton, Table, Tag, useToast, type Column, type Tone,
} from '@/ui';
import styles from './OperationsPage.module.css';

type Operations = Schemas['GetOperationsResponse'];
type Lane = Schemas['GetOperationsLaneItem'];
type Device = Schemas['GetOperationsDeviceItem'];
type Model = Schemas['GetOperationsModelItem'];
type Troubled = Schemas['GetOperationsTroubledItem'];

const readEveryMs = 10_000;

/** How the hospital's AI work goes: what waits, where the time goes, what went wrong and how busy the workers are. */
export default function OperationsPage() {
  const { t } = useTranslation('operations');
  return useCan('manageTenant') ? <Operations /> : <Page title={t('title')}><Panel><NoPermission>{t('noPermission')}</NoPermission></Panel></Page>;
}

function Operations() {
  const { t } = useTranslation('operations');
  const tenant = useTenant();
  const format = useFormat();
  const read = useQuery({
    queryKey: ['operations', tenant],
    queryFn: ({ signal }) => api.get('/t/{tenant}/operations', { path: { tenant }, signal }),
    refetchInterval: readEveryMs,
  });
  return (
    <Page title={t('title')}>
      {read.data === undefined
        ? <Panel>{read.isError ? <ErrorState error={read.error} onRetry={() => void read.refetch()} /> : <LoadingNumbers />}</Panel>
        : (
          <>
            {read.isError && (
              <Notice tone="warn" isNews actions={<Button size="small" icon="refresh" onClick={() => void read.refetch()}>{t('again')}</Button>}>
                {t('stale', { time: format.dateTime(new Date(read.dataUpdatedAt).toISOString()) })}
              </Notice>
            )}
            <Numbers operations={read.data} tenant={tenant} />
          </>
        )}
    </Page>
  );
}

function Numbers({ operations, tenant }: { operations: Operations; tenant: string }) {
  const { t } = useTranslation('operations');
  const isQuiet = operations.queue.every(lane => lane.waiting + lane.queued + lane.dispatched + lane.running === 0);
  return (
    <>
      {isQuiet && operations.models.length === 0 && operations.quarantined.length === 0 && (
        <Panel><EmptyState icon="ai" title={t('empty.title')}>{t('empty.text')}</EmptyState></Panel>
      )}
      <Section title={t('queue.title')}><Queue lanes={operations.queue} /></Section>
      <div className={styles.columns}>
        <Section title={t('month.title')}><Month month={operations.month} /></Section>
        <Section title={t('devices.title')}><Devices devices={operations.devices} /></Section>
      </div>
      <Section title={t('phases.title')} text={operations.models.length > 0 ? t('phases.hint') : undefined}><Phases models={operations.models} /></Section>
      <Quarantined runs={operations.quarantined} tenant={tenant} />
      <Section title={t('deadLetters.title')}>
        {operations.deadLetters.length === 0
          ? <p className={styles.inset}>{t('deadLetters.none')}</p>
          : <TroubledTable caption={t('deadLetters.caption')} runs={operations.deadLetters} tenant={tenant} />}
      </Section>
    </>
  );
}

function Queue({ lanes }: { lanes: readonly Lane[] }) {
  const { t } = useTranslation('operations');
  const format = useFormat();
  const now = useNow(10_000);
  const count = (key: 'waiting' | 'queued' | 'running' | 'late', title: string): Column<Lane> => ({ key, title, align: 'end', cell: lane => format.number(lane[key]) });
  const columns: Column<Lane>[] = [
    { key: 'lane', title: t('queue.lane'), narrow: 'plain', cell: lane => <Badge tone={lane.lane === 'Stat' ? 'bad' : 'neutral'}>{t(`queue.${lane.lane}`)}</Badge> },
    count('waiting', t('queue.waiting')),
    count('queued', t('queue.queued')),
    { key: 'onTheWay', title: t('queue.onTheWay'), align: 'end', cell: lane => format.number(lane.dispatched) },
    count('running', t('queue.running')),
    count('late', t('queue.late')),
    {
      key: 'oldest', title: t('queue.oldest'), align: 'end',
      cell: ({ oldestQueuedAt: since }) => (since === null ? '–' : <time dateTime={since}>{format.duration(Math.max(0, (now - Date.parse(since)) / 1000))}</time>),
    },
  ];
  return <Table caption={t('queue.caption')} columns={columns} rows={lanes} rowKey={lane => lane.lane} />;
}

function Month({ month }: { month: Operations['month'] }) {
  const { t } = useTranslation('operations');
  const format = useFormat();
  const used = format.duration(month.usedComputeSeconds);
  const quota = month.computeSecondsPerMonth;
  return (
    <div className={styles.inset}>
      {quota === null
        ? <p>{t('month.used', { used })} <span className={styles.soft}>{t('month.none')}</span></p>
        : (
          <>
            <p>{t('month.of', { used, quota: format.duration(quota) })}</p>
            <Progress value={quota === 0 ? 1 : month.usedComputeSeconds / quota} label={t('month.label')} tone={month.isUsedUp ? 'bad' : 'accent'} />
          </>
        )}
      {month.isUsedUp && <Notice tone="warn">{t('month.usedUp', { date: format.date(month.nextMonth) })}</Notice>}
    </div>
  );
}

function Devices({ devices }: { devices: readonly Device[] }) {
  const { t } = useTranslation('operations');
  const format = useFormat();
  if (devices.length === 0) {
    return <EmptyState icon="warning" title={t('devices.none.title')}>{t('devices.none.text')}</EmptyState>;
  }
  const columns: Column<Device>[] = [
    { key: 'device', title: t('devices.device'), narrow: 'plain', cell: device => <Tag>{device.device}</Tag> },
    {
      key: 'workers', title: t('devices.workers'), align: 'end',
      cell: device => <>{format.number(device.workers)}{device.draining > 0 && <> <span className={styles.soft}>({t('devices.draining', { count: device.draining })})</span></>}</>,
    },
    { key: 'busy', title: t('devices.busy'), align: 'end', cell: device => `${format.number(device.busy)} / ${format.number(device.slots)}` },
    { key: 'utilisation', title: t('devices.utilisation'), align: 'end', cell: device => format.percent(device.utilisation) },
  ];
  return <Table caption={t('devices.caption')} columns={columns} rows={devices} rowKey={device => device.device} />;
}

const phases = ['Fetch', 'Decode', 'Prepare', 'Infer', 'Post', 'Write'] as const;

function Phases({ models }: { models: readonly Model[] }) {
  const { t } = useTranslation('operations');
  const format = useFormat();
  if (models.length === 0) {
    return <p className={styles.inset}>{t('phases.none')}</p>;
  }
  const seconds = (value: number) => `${format.number(value, value < 10 ? 2 : 0)} s`;
  const columns: Column<Model>[] = [
    { key: 'model', title: t('phases.model'), narrow: 'plain', cell: model => <><strong>{model.model}</strong> <span className={styles.soft}>{model.modelVersion}</span></> },
    { key: 'runs', title: t('phases.runs'), align: 'end', cell: model => format.number(model.runs) },
    ...phases.map((phase): Column<Model> => ({
      key: phase, title: t(`phases.${phase}`), align: 'end',
      cell: model => {
        const times = model.phases.find(one => one.phase === phase);
        return times && <span className={styles.quantiles}><span>{seconds(times.p50Seconds)}</span><span>{seconds(times.p95Seconds)}</span></span>;
      },
    })),
  ];
  return <Table caption={t('phases.caption')} columns={columns} rows={models} rowKey={model => `${model.model} ${model.modelVersion}`} />;
}

function Quarantined({ runs, tenant }: { runs: readonly Troubled[]; tenant: string }) {
  const { t } = useTranslation('operations');
  const queries = useQueryClient();
  const say = useToast();
  const replay = useMutation({
    mutationFn: (runIds: string[]) => api.post('/t/{tenant}/runs/replay', { path: { tenant }, body: { runIds } }),
    onSuccess: answer => say(t('replayed', { count: answer.replayed.length })),
    onError: error => say(error instanceof ApiProblem && error.detail !== '' ? error.detail : t('replayFailed'), 'bad'),
    onSettled: () => queries.invalidateQueries({ queryKey: ['operations', tenant] }),
  });
  return (
    <Section title={t('quarantined.title')} text={runs.length > 0 ? t('quarantined.text') : undefined}
      actions={runs.length > 1 && <Button size="small" icon="retry" busy={replay.isPending} onClick={() => replay.mutate(runs.map(run => run.runId))}>{t('quarantined.all')}</Button>}>
      {runs.length === 0
        ? <p className={styles.inset}>{t('quarantined.none')}</p>
        : (
          <TroubledTable caption={t('quarantined.caption')} runs={runs} tenant={tenant} action={run => (
            <Button size="small" icon="retry" disabled={replay.isPending} aria-label={t('run.replayOf', { model: run.model })} onClick={() => replay.mutate([run.runId])}>{t('run.replay')}</Button>
          )} />
        )}
    </Section>
  );
}

const tones: Record<Schemas['RunStatus'], Tone> = {
  Waiting: 'neutral', Queued: 'neutral', Dispatched: 'busy', Running: 'busy', Succeeded: 'good', Failed: 'warn', Cancelled: 'neutral', Quarantined: 'bad',
};

interface TroubledTableProps {
  caption: string;
  runs: readonly Troubled[];
  tenant: string;
  action?: (run: Troubled) => ReactNode;
}

function TroubledTable({ caption, runs, tenant, action }: TroubledTableProps) {
  const { t } = useTranslation('operations');
  const format = useFormat();
  const now = useNow(30_000);
  const columns: Column<Troubled>[] = [
    { key: 'model', title: t('run.model'), narrow: 'plain', cell: run => <><strong>{run.model}</strong> <span className={styles.soft}>{run.modelVersion}</span> {run.isShadow && <Tag>{t('run.shadow')}</Tag>}</> },
    { key: 'study', title: t('run.study'), cell: run => <Link to={`/${tenant}/studies/${run.studyInstanceUid}`}>{t('run.open')}</Link> },
    { key: 'reason', title: t('run.reason'), cell: run => <span lang="en">{run.reason ?? run.reasonCode}</span> },
    { key: 'at', title: t('run.at'), cell: run => (run.at === null ? '' : <time dateTime={run.at} title={format.dateTime(run.at)}>{format.ago(run.at, now)}</time>) },
    { key: 'state', title: t('run.state'), cell: run => <Badge tone={tones[run.status]}>{t(`status.${run.status}`)}</Badge> },
    ...(action ? [{ key: 'action', title: t('run.action'), align: 'end', narrow: 'corner', isTitleHidden: true, cell: action } as const] : []),
  ];
  return <Table caption={caption} columns={columns} rows={runs} rowKey={run => `${run.runId} ${run.at ?? ''}`} />;
}

function LoadingNumbers() {
  return (
    <Loading>
      <div className={styles.skeletons}>{[14, 18, 11, 16].map(width => <Skeleton key={width} width={`${width}rem`} height="1rem" />)}</div>
    </Loading>
  );
}
