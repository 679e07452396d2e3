import { useDeferredValue, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { ApiProblem } from '@/lib/api';
import { useFormat } from '@/lib/format';
import { displayName, usePatients, type Patient } from '@/lib/patients';
import { useCan, useTenant } from '@/lib/session';
import { useNow } from '@/lib/useNow';
import {
  Badge, Button, EmptyState, ErrorState, Icon, LinkButton, Loading, NoPermission, Notice, Page, Panel, SearchField, Segments, Skeleton, Table, Tag, type Column,
} from '@/ui';
import { aiStateOf, isKnownReason } from './aiState';
import { Limited } from './Limited';
import styles from './StudiesPage.module.css';
import { useStudies, type Study, type StudyFilter } from './useStudies';

interface Row {
  study: Study;
  patient: Patient | undefined;
}

const isFilter = (value: string | null): value is StudyFilter => value === 'Receiving' || value === 'Complete' || value === 'Held';

/** Every study of the tenant as it arrives, and what AI made of it. */
export default function StudiesPage() {
  const { t } = useTranslation('studies');
  const canRead = useCan('readStudies');
  return canRead ? <Studies /> : <Page title={t('title')}><Panel><NoPermission>{t('noPermission')}</NoPermission></Panel></Page>;
}

function Studies() {
  const { t } = useTranslation('studies');
  const tenant = useTenant();
  const canStore = useCan('storeStudies');
  const [query, setQuery] = useSearchParams();
  const asked = query.get('status');
  const status = isFilter(asked) ? asked : undefined;
  const [search, setSearch] = useState('');
  const sought = useDeferredValue(search.trim().toLowerCase());
  const studies = useStudies(tenant, status);
  const patients = usePatients(tenant);

  const rows: Row[] = (studies.data ?? []).map(study => ({
    study,
    patient: patients.state === 'ready' ? patients.byPseudonym.get(study.patientPseudonym) : undefined,
  }));
  const shown = sought === '' ? rows : rows.filter(row => textOf(row).includes(sought));
  const upload = canStore && <LinkButton variant="primary" icon="upload" to={`/${tenant}/upload`}>{t('upload')}</LinkButton>;

  return (
    <Page title={t('title')} actions={upload}>
      <div className={styles.tools}>
        <SearchField label={t('search')} value={search} onChange={event => setSearch(event.target.value)} />
        <Segments label={t('filter.label')} value={status ?? 'all'}
          options={[{ value: 'all', text: t('filter.all') }, { value: 'Receiving', text: t('filter.Receiving') }, { value: 'Complete', text: t('filter.Complete') },
            { value: 'Held', text: t('filter.Held') }]}
          onChange={value => setQuery(value === 'all' ? {} : { status: value }, { replace: true })} />
      </div>
      {studies.isError && studies.data !== undefined && (
        <Notice tone="warn" isNews actions={<Button size="small" icon="refresh" onClick={() => void studies.refetch()}>{t('again')}</Button>}>
          {studies.error instanceof ApiProblem ? t('stale.failed') : t('stale.unreachable')}
        </Notice>
      )}
      <Panel>
        {studies.data === undefined
          ? studies.isError
            ? <ErrorState error={studies.error} onRetry={() => void studies.refetch()} />
            : <LoadingRows />
          : rows.length === 0
            ? <Nothing status={status} onAll={() => setQuery({})} upload={upload} />
            : shown.length === 0
              ? <EmptyState icon="search" title={t('noMatch.title')}>{t(studies.hasNextPage ? 'noMatch.more' : 'noMatch.text')}</EmptyState>
              : <StudyTable rows={shown} tenant={tenant} />}
      </Panel>
      {studies.hasNextPage && (
        <div className={styles.more}>
          <Button busy={studies.isFetchingNextPage} onClick={() => void studies.fetchNextPage()}>{t('more')}</Button>
        </div>
      )}
    </Page>
  );
}

function textOf({ study, patient }: Row): string {
  return [
    study.patientPseudonym, study.description, study.bodyPart, study.studyInstanceUid, ...study.modalities, patient?.patientId,
    patient?.patientName, patient && displayName(patient.patientName),
  ].join('\n').toLowerCase();
}

function Nothing({ status, onAll, upload }: { status: StudyFilter | undefined; onAll: () => void; upload: ReactNode }) {
  const { t } = useTranslation('studies');
  return status === undefined
    ? <EmptyState icon="studies" title={t('empty.title')} actions={upload}>{t(upload === false ? 'empty.reader' : 'empty.text')}</EmptyState>
    : <EmptyState icon="studies" title={t(`empty.${status}`)} actions={<Button onClick={onAll}>{t('filter.all')}</Button>} />;
}

function StudyTable({ rows, tenant }: { rows: readonly Row[]; tenant: string }) {
  const { t } = useTranslation('studies');
  const format = useFormat();
  const now = useNow(30_000);
  const columns: Column<Row>[] = [
    { key: 'patient', title: t('column.patient'), narrow: 'heading', cell: row => <PatientCell row={row} tenant={tenant} /> },
    {
      key: 'modality', title: t('column.modality'), narrow: 'inline', width: '7rem',
      cell: ({ study }) => <span>{study.modalities.map(modality => <Tag key={modality}>{modality}</Tag>)}</span>,
    },
    {
      key: 'bodyPart', title: t('column.bodyPart'), narrow: 'inline',
      cell: ({ study }) => (
        <span className={styles.stack}>
          <span>{study.bodyPart === null ? <span className={styles.soft}>{t('unknown')}</span> : t(`bodyPart.${study.bodyPart}`, { defaultValue: study.bodyPart })}</span>
          {study.description !== null && study.description !== '' && <span className={styles.minor}>{study.description}</span>}
        </span>
      ),
    },
    {
      key: 'arrived', title: t('column.arrived'), narrow: 'inline', width: '11rem',
      cell: ({ study }) => <time dateTime={study.arrivedAt} title={format.dateTime(study.arrivedAt)}>{format.ago(study.arrivedAt, now)}</time>,
    },
    {
      key: 'images', title: t('column.images'), narrow: 'inline', align: 'end', width: '5rem',
      cell: ({ study }) => <>{format.number(study.instances)}<span className={styles.unit}> {t('images', { count: study.instances })}</span></>,
    },
    {
      key: 'status', title: t('column.status'), narrow: 'corner', width: '8rem',
      cell: ({ study }) => (study.arePixelsHeld ? <Badge tone="warn" title={t('status.heldWhy')}>{t('status.Held')}</Badge>
        : study.status === 'Complete' ? <span className={styles.complete}><Icon name="check" size={15} />{t('status.Complete')}</span>
          : <Badge tone="busy">{t('status.Receiving')}</Badge>),
    },
    { key: 'ai', title: t('column.ai'), narrow: 'line', width: '16rem', cell: ({ study }) => <AiCell study={study} /> },
  ];
  return <Table caption={t('caption')} columns={columns} rows={rows} rowKey={row => row.study.id} />;
}

function PatientCell({ row: { study, patient }, tenant }: { row: Row; tenant: string }) {
  const { t } = useTranslation('studies');
  const format = useFormat();
  const to = `/${tenant}/studies/${study.studyInstanceUid}`;
  if (!patient) {
    return (
      <span className={styles.stack}>
        <Link className={styles.pseudonym} to={to}>{study.patientPseudonym === '' ? t('noPatient') : study.patientPseudonym}</Link>
      </span>
    );
  }
  const details = [patient.patientId, patient.sex, patient.birthDate === '' ? '' : format.dicomDate(patient.birthDate)].filter(Boolean);
  return (
    <span className={styles.stack}>
      <Link className={styles.name} to={to}>{displayName(patient.patientName) || patient.patientId || study.patientPseudonym}</Link>
      <span className={styles.minor}>{details.join(' · ')}</span>
    </span>
  );
}

function AiCell({ study }: { study: Study }) {
  const { t } = useTranslation('studies');
  const { state, tone } = aiStateOf(study);
  if (state === 'pending') {
    return <span className={styles.soft}>{t(study.status === 'Receiving' ? 'ai.afterArrival' : 'ai.pending')}</span>;
  }
  return (
    <span className={styles.stack}>
      <span className={styles.badges}>
        <Badge tone={tone === 'good' && study.limitedBy.length > 0 ? 'neutral' : tone}>{state === 'findings' ? t('ai.findings', { count: study.findings }) : t(`ai.${state}`)}</Badge>
        {study.limitedBy.length > 0 && <Limited by={study.limitedBy} />}
      </span>
      {state === 'none' && (
        <span className={styles.minor} title={study.noAiReason ?? undefined}>
          {isKnownReason(study.noAiCode) ? t(`noAi.${study.noAiCode}`) : study.noAiReason}
        </span>
      )}
    </span>
  );
}

function LoadingRows() {
  return (
    <Loading>
      <div className={styles.skeletons}>
        {[0, 1, 2, 3, 4, 5].map(i => (
          <div key={i} className={styles.skeletonRow}>
            <Skeleton width={`${9 + (i % 3) * 2}rem`} height="0.9rem" /><Skeleton width="2rem" height="0.9rem" /><Skeleton width="6rem" height="0.9rem" />
            <Skeleton width="5rem" height="0.9rem" /><Skeleton width="5.5rem" height="1.25rem" />
          </div>
        ))}
      </div>
    </Loading>
  );
}
