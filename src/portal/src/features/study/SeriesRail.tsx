import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/lib/format';
import { Badge, Icon } from '@/ui';
import { previewQuery, stripAddress, tileOf, type Run, type Series, type Study } from './preview';
import styles from './Study.module.css';

interface RailProps {
  tenant: string;
  study: Study;
  /** The pictures are held, and not for this person. */
  isHidden: boolean;
  current: string | undefined;
  onChoose: (uid: string) => void;
}

/** The series of a study, each with a small picture of its middle, those that AI made of others last; AI's other objects are told with their runs. */
export function SeriesRail({ tenant, study, isHidden, current, onChoose }: RailProps) {
  const { t } = useTranslation('study');
  const shown = [...study.series.filter(series => series.origin === 'Received'), ...study.series.filter(series => series.isDerived)];
  return (
    <nav className={styles.rail} aria-label={t('series.label')}>
      <h2>{t('series.label')}</h2>
      <ul>
        {shown.map(series => (
          <li key={series.seriesInstanceUid}>
            <button type="button" className={styles.seriesButton} aria-current={series.seriesInstanceUid === current || undefined}
              onClick={() => onChoose(series.seriesInstanceUid)}>
              {isHidden ? <span className={styles.thumbnail} aria-hidden="true"><Icon name="lock" /></span> : <Thumbnail tenant={tenant} study={study} series={series} />}
              <SeriesText series={series} run={study.runs.find(run => run.id === series.runId)} />
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function SeriesText({ series, run }: { series: Series; run: Run | undefined }) {
  const { t } = useTranslation('study');
  const format = useFormat();
  // The label says what a derived series' own description begins with.
  const description = series.isDerived ? series.description?.replace(/^AI-enhanced: */, '') ?? null : series.description;
  return (
    <span className={styles.seriesText}>
      {series.isDerived && <span><Badge tone="warn">{t('derived.mark')}</Badge></span>}
      <strong><bdi>{description ?? (series.number === null ? t('series.noDescription') : t('series.number', { n: series.number }))}</bdi></strong>
      {series.isDerived && run !== undefined && <span>{t('derived.by', { model: run.model, version: run.modelVersion })}</span>}
      <span>{[series.modality, series.description !== null && series.number !== null && t('series.number', { n: series.number })].filter(Boolean).join(' · ')}</span>
      <span>{t('head.images', { count: series.instances, n: format.number(series.instances) })}</span>
      {series.held > 0 && <span>{t('held.toLookAt', { count: series.held, n: format.number(series.held) })}</span>}
      {series.damaged > 0 && <span className={styles.bad}>{t('series.damaged', { count: series.damaged, n: format.number(series.damaged) })}</span>}
    </span>
  );
}

function Thumbnail({ tenant, study, series }: { tenant: string; study: Study; series: Series }) {
  const path = { tenant, study: study.studyInstanceUid, series: series.seriesInstanceUid };
  const preview = useQuery({ ...previewQuery(path), retry: false });
  const strip = preview.data?.strip;
  if (!strip) {
    return <span className={styles.thumbnail} data-pending={preview.data?.status === 'Pending' || undefined} aria-hidden="true"><Icon name="image" /></span>;
  }
  const tile = tileOf(strip, Math.floor((preview.data?.images.length ?? 0) / 2));
  return (
    <span className={styles.thumbnail} aria-hidden="true" style={{
      backgroundImage: `url("${stripAddress(path, preview.data?.version)}")`,
      backgroundPosition: `-${tile.x / 2}px -${tile.y / 2}px`,
      backgroundSize: `${Math.min(strip.columns, strip.images.length) * strip.tileWidth / 2}px auto`,
    }} />
  );
}
