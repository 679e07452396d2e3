import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, type Schemas } from '@/lib/api';
import { useFormat } from '@/lib/format';
import { useNow } from '@/lib/useNow';
import {
  Badge, Button, EmptyState, ErrorState, Inset, Loading, Notice, Page, Panel, Progress, Section, Skeleton, Table, Tag, type Column,
} from '@/ui';
import cells from '@/ui/cells.module.css';
import styles from './Operator.module.css';
import { tenantCell, Troubled } from './Troubled';

type Work = Schemas['GetPlatformOperationsResponse'];
type Queue = Schemas['GetPlatformOperationsQueueItem'];
type Worker = Schemas['GetPlatformOperationsWorkerItem'];
type Gpu = Schemas['GpuFacts'];

const readEveryMs = 5_000;

/** The whole platform's work: what waits for whom, what the workers do, where the time goes. Counts alone: no study, no finding. */
export default function WorkPage() {
  const { t } = useTranslation('operator');
  const format = useFormat();
  const read = useQuery({ queryKey: ['platform work'], queryFn: ({ signal }) => api.get('/operations', { signal }), refetchInterval: readEveryMs });
  return (
    <Page title={t('work.title')}>
      {read.data === undefined
        ? <Panel>{read.isError ? <ErrorState error={read.error} onRetry={() => void read.refetch()} /> : <LoadingNumbers />}</Panel>
        : (
          <>
            {read.isError && (
              <Notice tone="warn" isNews actions={<Button size="small" icon="refresh" onClick={() => void read.refetch()}>{t('again')}</Button>}>
                {t('work.stale', { time: format.dateTime(new Date(read.dataUpdatedAt).toISOString()) })}
              </Notice>
            )}
            <Numbers work={read.data} />
          </>
        )}
    </Page>
  );
}

function Numbers({ work }: { work: Work }) {
  const { t } = useTranslation('operator');
  return (
    <>
      <Section title={t('queue.title')}>
        {work.queue.length === 0 ? <Inset><p>{t('queue.none')}</p></Inset> : <QueueTable queue={work.queue} />}
      </Section>
      <Section title={t('workers.title')}>
        {work.workers.length === 0
          ? <EmptyState icon="warning" title={t('workers.none.title')}>{t('workers.none.text')}</EmptyState>
          : <WorkerTable workers={work.workers} />}
      </Section>
      <Section title={t('phases.title')} text={work.phaseRuns > 0 ? t('phases.text', { count: work.phaseRuns }) : undefined}>
        {work.phaseRuns === 0 ? <Inset><p>{t('phases.none')}</p></Inset> : <Phases phases={work.phases} />}
      </Section>
      <Troubled tenants={work.troubled} />
    </>
  );
}

function QueueTable({ queue }: { queue: readonly Queue[] }) {
  const { t } = useTranslation('operator');
  const format = useFormat();
  const now = useNow(10_000);
  const columns: Column<Queue>[] = [
    { key: 'tenant', title: t('queue.tenant'), narrow: 'plain', cell: tenantCell },
    { key: 'lane', title: t('queue.lane'), narrow: 'corner', cell: item => <Badge tone={item.lane === 'Stat' ? 'bad' : 'neutral'}>{t(`lane.${item.lane}`)}</Badge> },
    { key: 'queued', title: t('queue.queued'), align: 'end', cell: item => format.number(item.queued) },
    { key: 'onTheWay', title: t('queue.onTheWay'), align: 'end', cell: item => format.number(item.onTheWay) },
    {
      key: 'deadline', title: t('queue.deadline'), align: 'end',
      cell: ({ nearestDeadline: at }) => {
        if (at === null) {
          return '–';
        }
        const left = (Date.parse(at) - now) / 1000;
        return <time dateTime={at} className={left < 0 ? styles.late : undefined}>{left < 0 ? t('queue.late', { time: format.duration(-left) }) : format.duration(left)}</time>;
      },
    },
  ];
  return <Table caption={t('queue.caption')} columns={columns} rows={queue} rowKey={item => `${item.tenant} ${item.lane}`} />;
}

function WorkerTable({ workers }: { workers: readonly Worker[] }) {
  const { t } = useTranslation('operator');
  const format = useFormat();
  const now = useNow(5_000);
  const columns: Column<Worker>[] = [
    {
      key: 'worker', title: t('workers.worker'), narrow: 'plain',
      cell: worker => <span className={cells.stack}><strong><bdi>{worker.name}</bdi></strong><span className={cells.minor}>{t('workers.beat', { ago: format.ago(worker.beatAt, now) })}</span></span>,
    },
    { key: 'device', title: t('workers.device'), cell: worker => <Tag>{worker.device}</Tag> },
    { key: 'state', title: t('workers.state'), narrow: 'corner', cell: worker => (worker.isDraining ? <Badge tone="warn">{t('workers.leaving')}</Badge> : <Badge tone="good">{t('workers.takes')}</Badge>) },
    { key: 'busy', title: t('workers.busy'), align: 'end', cell: worker => `${format.number(worker.busy)} / ${format.number(worker.slots)}` },
    { key: 'utilisation', title: t('workers.utilisation'), cell: worker => <Meter share={worker.utilisation} label={t('workers.utilisationOf', { name: worker.name })} /> },
    { key: 'gpu', title: t('workers.gpu'), cell: worker => <Gpus gpus={worker.gpus ?? []} /> },
    { key: 'memory', title: t('workers.memory'), align: 'end', cell: worker => format.bytes(worker.memoryBytes) },
    { key: 'models', title: t('workers.models'), align: 'end', cell: worker => format.number(worker.loadedModels.length) },
  ];
  return <Table caption={t('workers.caption')} columns={columns} rows={workers} rowKey={worker => worker.id} />;
}

function Gpus({ gpus }: { gpus: readonly Gpu[] }) {
  const { t } = useTranslation('operator');
  const format = useFormat();
  if (gpus.length === 0) {
    return <span className={cells.soft}>{t('workers.noGpu')}</span>;
  }
  return (
    <ul className={styles.gpus}>
      {gpus.map(gpu => (
        <li key={gpu.index}>
          <bdi>{gpu.name}</bdi>
          {gpu.utilisation !== null && <Meter share={gpu.utilisation} label={t('workers.utilisationOf', { name: gpu.name })} />}
          {gpu.memoryUsedBytes !== null && gpu.memoryTotalBytes !== null
            && <span className={cells.minor}>{t('workers.gpuMemory', { used: format.bytes(gpu.memoryUsedBytes), all: format.bytes(gpu.memoryTotalBytes) })}</span>}
        </li>
      ))}
    </ul>
  );
}

function Meter({ share, label }: { share: number; label: string }) {
  const format = useFormat();
  return <span className={styles.meter}><Progress value={share} label={label} /><span>{format.percent(share)}</span></span>;
}

const order = ['Fetch', 'Decode', 'Prepare', 'Infer', 'Post', 'Write'] as const;

function Phases({ phases }: { phases: readonly Schemas['PhaseQuantiles'][] }) {
  const { t } = useTranslation('operator');
  const format = useFormat();
  const rows = order.flatMap(phase => phases.find(one => one.phase === phase) ?? []);
  const longest = Math.max(...rows.map(row => row.p95Seconds), Number.EPSILON);
  const seconds = (value: number) => `${format.number(value, value < 10 ? 2 : 0)} s`;
  const columns: Column<Schemas['PhaseQuantiles']>[] = [
    { key: 'phase', title: t('phases.phase'), narrow: 'plain', width: '10rem', cell: row => t(`phases.${row.phase as (typeof order)[number]}`) },
    { key: 'p50', title: t('phases.p50'), align: 'end', width: '8rem', cell: row => seconds(row.p50Seconds) },
    { key: 'p95', title: t('phases.p95'), align: 'end', width: '8rem', cell: row => seconds(row.p95Seconds) },
    {
      key: 'bar', title: t('phases.share'), narrow: 'hidden', isTitleHidden: true,
      cell: row => (
        <span className={styles.span} aria-hidden="true">
          <span style={{ inlineSize: `${100 * row.p95Seconds / longest}%` }} /><span style={{ inlineSize: `${100 * row.p50Seconds / longest}%` }} />
        </span>
      ),
    },
  ];
  return <Table caption={t('phases.caption')} columns={columns} rows={rows} rowKey={row => row.phase} />;
}

function LoadingNumbers() {
  return <Loading><div className={cells.skeletons}>{[14, 18, 11, 16].map(width => <Skeleton key={width} width={`${width}rem`} height="1rem" />)}</div></Loading>;
}
