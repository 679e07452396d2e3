import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/lib/format';
import { displayName } from '@/lib/patients';
import type { SkippedFile } from '@/lib/upload/scan';
import { Button, EmptyState, Notice, Panel, Table, Tag, type Column } from '@/ui';
import type { Looking } from './transfer';
import styles from './Upload.module.css';

interface FoundProps {
  looking: Extract<Looking, { kind: 'found' }>;
  onSend: () => void;
  onDiscard: () => void;
}

/** What was found in a folder, before anything of it is sent. */
export function Found({ looking, onSend, onDiscard }: FoundProps) {
  const { t } = useTranslation('upload');
  const format = useFormat();
  const { result, summary, already } = looking;
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus(), []);

  const columns: Column<(typeof summary.studies)[number]>[] = [
    {
      key: 'patient', title: t('found.patient'), narrow: 'heading',
      cell: study => (
        <>
          <strong><bdi>{displayName(study.patient.name) || t('found.noName')}</bdi></strong>
          <span className={styles.soft}><bdi>{[study.patient.id, study.patient.birthDate && format.dicomDate(study.patient.birthDate)].filter(Boolean).join(' · ')}</bdi></span>
        </>
      ),
    },
    {
      key: 'study', title: t('found.study'),
      cell: study => (
        <>
          <span><bdi>{study.description || t('found.noDescription')}</bdi></span>
          <span className={styles.soft}>{format.dicomDate(study.date)}</span>
        </>
      ),
    },
    {
      key: 'series', title: t('found.series'),
      cell: study => (
        <ul className={styles.series}>
          {study.series.map(series => (
            <li key={series.uid}><Tag>{series.modality || '–'}</Tag> <bdi>{series.description || t('found.noDescription')}</bdi>
              <span className={styles.soft}> {t('found.images', { count: series.instances, n: format.number(series.instances) })}</span></li>
          ))}
        </ul>
      ),
    },
    { key: 'images', title: t('found.imagesTitle'), align: 'end', cell: study => format.number(study.instances) },
    { key: 'size', title: t('found.size'), align: 'end', cell: study => format.bytes(study.bytes) },
  ];

  return (
    <Panel label={t('found.label')}>
      <div className={styles.foundHead}>
        <h2 ref={head} tabIndex={-1}>{summary.instances === 0 ? t('found.nothing') : t('found.title')}</h2>
        {summary.instances > 0 && (
          <p>{[
            t('found.patients', { count: summary.patients, n: format.number(summary.patients) }),
            t('found.studies', { count: summary.studies.length, n: format.number(summary.studies.length) }),
            t('found.seriesCount', { count: summary.series, n: format.number(summary.series) }),
            t('found.images', { count: summary.instances, n: format.number(summary.instances) }),
            format.bytes(summary.bytes),
          ].join(' · ')}</p>
        )}
        <div className={styles.foundActions}>
          <Button onClick={onDiscard}>{t('found.discard')}</Button>
          {summary.instances > 0 && <Button variant="primary" icon="upload" onClick={onSend}>
            {t('found.send', { count: summary.instances, n: format.number(summary.instances) })}
          </Button>}
        </div>
      </div>
      {summary.instances === 0
        ? <EmptyState icon="folder" title={t('found.nothingTitle')}>{t('found.nothingText')}</EmptyState>
        : <Table caption={t('found.label')} columns={columns} rows={summary.studies} rowKey={study => study.uid} />}
      <div className={styles.foundNotes}>
        {already > 0 && <Notice tone="good">{t('found.already', { count: already, n: format.number(already) })}</Notice>}
        {result.missing.length > 0 && (
          <Notice tone="warn" title={t('found.missing', { count: result.missing.length, n: format.number(result.missing.length) })}>
            <p>{t('found.missingDo')}</p>
            <details className={styles.details}>
              <summary>{t('found.showFiles')}</summary>
              <ul className={styles.paths}>{result.missing.slice(0, 1000).map(path => <li key={path}><bdi>{path}</bdi></li>)}</ul>
            </details>
          </Notice>
        )}
        <Skipped files={result.skipped} />
      </div>
    </Panel>
  );
}

/** Files that are not sent, by why. */
export function Skipped({ files }: { files: readonly SkippedFile[] }) {
  const { t } = useTranslation('upload');
  const format = useFormat();
  if (files.length === 0) {
    return null;
  }
  const byReason = groupBy(files);
  return (
    <Notice title={t('skipped.title', { count: files.length, n: format.number(files.length) })}>
      {[...byReason].map(([why, some]) => (
        <details key={why} className={styles.details}>
          <summary>{t(`skipped.${why}`)} <span className={styles.soft}>({format.number(some.length)})</span></summary>
          <ul className={styles.paths}>{some.slice(0, 1000).map(file => <li key={file.path}><bdi>{file.path}</bdi> <span className={styles.soft}>{format.bytes(file.size)}</span></li>)}</ul>
        </details>
      ))}
    </Notice>
  );
}

function groupBy(files: readonly SkippedFile[]): Map<SkippedFile['why'], SkippedFile[]> {
  const groups = new Map<SkippedFile['why'], SkippedFile[]>();
  for (const file of files) {
    groups.set(file.why, [...(groups.get(file.why) ?? []), file]);
  }
  return groups;
}
