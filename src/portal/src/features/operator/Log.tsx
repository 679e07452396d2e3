import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, type Schemas } from '@/lib/api';
import { useFormat } from '@/lib/format';
import { Badge, Button, ErrorState, Inset, Loading, Notice, Section, Skeleton, Table, type Column } from '@/ui';
import cells from '@/ui/cells.module.css';
import styles from './Operator.module.css';

type Event = Schemas['ListPlatformAuditEvent'];

const pageSize = 20;

export const logKey = ['platform audit'];

const actions = ['package.upload', 'package.approve', 'package.withdraw', 'audit.read'] as const;
const isKnown = (action: string): action is (typeof actions)[number] => actions.some(one => one === action);

/** What operators did that concerns the whole platform; only they read it. */
export function Log() {
  const { t } = useTranslation('operator');
  const read = useInfiniteQuery({
    queryKey: logKey,
    queryFn: ({ pageParam, signal }) => api.get('/audit', { query: { limit: pageSize, ...(pageParam !== undefined && { before: pageParam }) }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.before ?? undefined,
  });
  const events = read.data?.pages.flatMap(page => page.events) ?? [];
  return (
    <Section title={t('log.title')} text={t('log.text')}
      actions={<Button size="small" icon="refresh" busy={read.isFetching && !read.isFetchingNextPage} onClick={() => void read.refetch()}>{t('again')}</Button>}>
      {read.data === undefined
        ? read.isError
          ? <ErrorState error={read.error} onRetry={() => void read.refetch()} />
          : <Loading><div className={cells.skeletons}>{[20, 16].map(width => <Skeleton key={width} width={`${width}rem`} height="1rem" />)}</div></Loading>
        : events.length === 0 ? <Inset><p>{t('log.none')}</p></Inset> : <LogTable events={events} />}
      {read.isError && read.data !== undefined && <Inset><Notice tone="warn" isNews>{t('log.stale')}</Notice></Inset>}
      {read.hasNextPage && <Inset><Button size="small" busy={read.isFetchingNextPage} onClick={() => void read.fetchNextPage()}>{t('log.more')}</Button></Inset>}
    </Section>
  );
}

function LogTable({ events }: { events: readonly Event[] }) {
  const { t } = useTranslation('operator');
  const format = useFormat();
  const columns: Column<Event>[] = [
    { key: 'at', title: t('log.at'), narrow: 'plain', cell: event => <time dateTime={event.occurredAt}>{format.dateTime(event.occurredAt)}</time> },
    { key: 'who', title: t('log.who'), cell: event => <bdi>{event.agent ?? event.agentId ?? '–'}</bdi> },
    {
      key: 'what', title: t('log.what'),
      cell: event => (
        <span className={cells.stack}>
          <span>{isKnown(event.action) ? t(`log.action.${event.action.replace('.', '-') as 'audit-read'}`) : <code className={styles.code}>{event.action}</code>}</span>
          {event.outcome !== 'Success' && <Badge tone="warn">{t('log.refused')}</Badge>}
        </span>
      ),
    },
    {
      key: 'entity', title: t('log.entity'),
      cell: event => event.entityKind === 'package' && (
        <span className={cells.stack}>
          {event.entity !== null && <bdi>{event.entity}</bdi>}
          {event.detail !== null && <code className={styles.code}>{event.detail}</code>}
          {event.outcome === 'Success' && <code className={styles.code} title={event.entityId}>{event.entityId.slice(0, 12)}…</code>}
        </span>
      ),
    },
  ];
  return <Table caption={t('log.title')} columns={columns} rows={events} rowKey={event => event.id} />;
}
