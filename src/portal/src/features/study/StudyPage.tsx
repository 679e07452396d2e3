import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';
import { ApiProblem } from '@/lib/api';
import { useChanges, useIsLive } from '@/lib/events';
import { useFormat } from '@/lib/format';
import { displayName, usePatients } from '@/lib/patients';
import { useCan, useTenant } from '@/lib/session';
import { Badge, EmptyState, ErrorState, LinkButton, Loading, NoPermission, Notice, Page, Panel, Skeleton, Tag } from '@/ui';
import { Held, isHeld } from './Held';
import { imageOf, outlinesQuery, previewQuery, studyQuery, type Finding, type Run, type Series, type Study } from './preview';
import { Runs } from './Runs';
import { SeriesRail } from './SeriesRail';
import styles from './Study.module.css';

const Viewer = lazy(() => import('./Viewer'));

/** A study: its images, what AI found in them, and why where it found nothing. */
export default function StudyPage() {
  const { t } = useTranslation('study');
  return useCan('readStudies') ? <StudyOfAddress /> : <Page title={t('title')}><Panel><NoPermission /></Panel></Page>;
}

function StudyOfAddress() {
  const { t } = useTranslation('study');
  const tenant = useTenant();
  const { studyInstanceUid: uid = '' } = useParams();
  const isLive = useIsLive(tenant);
  const queries = useQueryClient();
  const study = useQuery({
    ...studyQuery(tenant, uid),
    // The stream tells of a new phase, not of each step in it.
    refetchInterval: query => (query.state.data?.runs.some(run => run.status === 'Running') ? 2_000
      : !isLive || query.state.data?.status === 'Receiving' ? 5_000 : false),
  });
  useChanges(tenant, change => {
    if (change.kind === 'preview') {
      void queries.invalidateQueries({ queryKey: ['preview', tenant, study.data?.studyInstanceUid] });
    } else if (change.kind === 'again' || change.id === study.data?.id || change.kind === 'run') {
      void queries.invalidateQueries({ queryKey: ['study', tenant, uid] });
    }
  });
  if (study.isPending) {
    return <Page title={t('title')} isWide><Loading><StudyToCome /></Loading></Page>;
  }
  if (study.data === undefined) {
    return <Page title={t('title')}><Panel>{study.error instanceof ApiProblem && study.error.status === 404
      ? <EmptyState icon="search" title={t('absent.title')} actions={<LinkButton to={`/${tenant}/studies`}>{t('absent.list')}</LinkButton>}>{t('absent.text')}</EmptyState>
      : <ErrorState error={study.error} onRetry={() => void study.refetch()} />}</Panel></Page>;
  }
  return <StudyView key={study.data.studyInstanceUid} study={study.data} />;
}

/** The shape of a study's page: head, series, image, findings. */
function StudyToCome() {
  const series = [0, 1, 2].map(i => <Skeleton key={i} height="3.5rem" />);
  return (
    <div className={styles.toCome}>
      <div className={styles.head}><Skeleton width="14rem" height="1.4rem" /><Skeleton width="20rem" height="1rem" /></div>
      <div className={styles.layout}>
        <div className={styles.rail}>{series}</div>
        <div className={styles.reading} />
        <div className={styles.side}>{series}</div>
      </div>
    </div>
  );
}

function StudyView({ study }: { study: Study }) {
  const { t } = useTranslation('study');
  const format = useFormat();
  const tenant = useTenant();
  const patients = usePatients(tenant);
  const patient = patients.state === 'ready' ? patients.byPseudonym.get(study.patientPseudonym) : undefined;
  const received = study.series.filter(series => series.origin === 'Received');
  const derived = study.series.filter(series => series.isDerived);
  const images = received.reduce((sum, series) => sum + series.instances, 0);
  const damaged = study.series.reduce((sum, series) => sum + series.damaged, 0);
  const modalities = [...new Set(received.map(series => series.modality))];

  const [chosen, setChosen] = useState<string | null>(null);
  const series = [...received, ...derived].find(one => one.seriesInstanceUid === chosen) ?? mostImages(received);
  const [indexes, setIndexes] = useState<ReadonlyMap<string, number>>(new Map());
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const [shownRun, setShownRun] = useState<string | null>(null);
  const [marked, setMarked] = useState<number | null>(null);
  const [pending, setPending] = useState<{ finding: Finding; run: string } | null>(null);

  const run = study.runs.find(one => one.id === shownRun)
    ?? study.runs.find(one => one.status === 'Succeeded' && one.supersededBy === null) ?? study.runs.find(one => one.status === 'Succeeded');
  const outlines = useQuery({ ...outlinesQuery(tenant, run?.id ?? ''), enabled: run?.status === 'Succeeded', retry: false });
  const path = { tenant, study: study.studyInstanceUid, series: series?.seriesInstanceUid ?? '' };
  const canLook = useCan('lookAtHeldPixels');
  const isHidden = isHeld(study) && !canLook;
  const preview = useQuery({ ...previewQuery(path), enabled: series !== undefined && !isHidden, retry: false });
  const all = preview.data?.images ?? [];

  // A finding whose series or outlines are still being read is gone to when they are there.
  const isThere = pending !== null && pending.finding.seriesInstanceUid === series?.seriesInstanceUid && preview.data?.status === 'Ready' && !outlines.isFetching;
  const pendingIndex = isThere ? imageOf(pending.finding, all, outlines.data) : null;
  const index = Math.min(pendingIndex ?? indexes.get(path.series) ?? Math.floor(all.length / 2), Math.max(0, all.length - 1));
  const setIndex = (to: number) => {
    setPending(null);
    setIndexes(before => new Map(before).set(path.series, to));
  };

  const show = (finding: Finding, of: Run) => {
    if (received.some(one => one.seriesInstanceUid === finding.seriesInstanceUid)) {
      setChosen(finding.seriesInstanceUid);
    }
    setShownRun(of.id);
    setMarked(finding.segmentNumber);
    setPending({ finding, run: of.id });
    document.querySelector('#stage')?.scrollIntoView({ block: 'nearest' });
  };

  const name = patient && (displayName(patient.patientName) || patient.patientId);
  const title = name ?? study.patientPseudonym;
  return (
    <Page title={t('title')} isWide>
      <section className={styles.head} aria-label={t('head.label')}>
        <div className={styles.who}>
          <strong className={name === undefined ? styles.pseudonym : styles.name}><bdi>{title}</bdi></strong>
          <span className={styles.soft}>{name === undefined ? t('head.pseudonym') : <bdi>{[patient?.patientId, patient?.birthDate && format.dicomDate(patient.birthDate)].filter(Boolean).join(' · ')}</bdi>}</span>
        </div>
        <div className={styles.facts}>
          {modalities.map(modality => <Tag key={modality}>{modality}</Tag>)}
          {study.bodyPart !== null && <span>{t(`bodyPart.${study.bodyPart}` as 'title', { defaultValue: study.bodyPart.toLowerCase() })}</span>}
          {study.description !== null && <bdi>{study.description}</bdi>}
          {study.studyDate !== null && <span>{format.dicomDate(study.studyDate)}</span>}
          <span>{t('head.images', { count: images, n: format.number(images) })}</span>
          <span className={styles.soft}>{t('head.arrived', { when: format.dateTime(study.arrivedAt) })}</span>
          {study.pixels?.releasedAt && <span className={styles.soft}>{t('held.released', { when: format.dateTime(study.pixels.releasedAt) })}</span>}
        </div>
        {study.status === 'Receiving' ? <Badge tone="busy">{t('head.receiving')}</Badge> : <Badge tone="good">{t('head.complete')}</Badge>}
        {isHeld(study) && <Badge tone="warn">{t('held.state')}</Badge>}
      </section>
      {isHeld(study) && <Held study={study} />}
      {damaged > 0 && <Notice tone="bad" title={t('damaged.title', { count: damaged, n: format.number(damaged) })}>{t('damaged.text')}</Notice>}
      <div className={styles.layout}>
        <SeriesRail tenant={tenant} study={study} isHidden={isHidden} current={series?.seriesInstanceUid} onChoose={uid => {
          setPending(null);
          setChosen(uid);
        }} />
        <section className={styles.stage} id="stage" aria-label={t('viewer.label')}>
          {series?.isDerived && <p className={styles.derived}><Badge tone="warn">{t('derived.mark')}</Badge> {t('derived.notOriginal')}</p>}
          {series === undefined ? <EmptyState icon="image" title={t('noImages.title')}>{t('noImages.text')}</EmptyState>
            : isHidden ? <EmptyState icon="lock" title={t('held.hidden.title')}>{t('held.hidden.text')}</EmptyState>
            : preview.isPending ? <Loading><div className={styles.reading} /></Loading>
              : preview.data === undefined ? <ErrorState error={preview.error} onRetry={() => void preview.refetch()} />
                : preview.data.status === 'Unavailable'
                  ? <EmptyState icon="image" title={t('unavailable.title')}><span lang="en">{preview.data.reason}</span></EmptyState>
                  : preview.data.status === 'Pending'
                    ? <div role="status"><EmptyState icon="image" title={t(study.status === 'Receiving' ? 'pending.receiving' : 'pending.title')}>{t('pending.text')}</EmptyState></div>
                    : (
                      <Suspense fallback={<Loading><div className={styles.reading} /></Loading>}>
                        <Viewer key={path.series} path={path} preview={preview.data} index={index} onIndex={setIndex} outlines={outlines.data}
                          hidden={hidden} marked={marked} isHeld={isHeld(study)} title={[series.modality, series.isDerived && t('derived.mark'), series.description].filter(Boolean).join(' ')} />
                      </Suspense>
                    )}
        </section>
        <Runs study={study} shown={run} outlines={outlines.data} hidden={hidden} marked={marked}
          onToggle={number => setHidden(before => {
            const next = new Set(before);
            return next.delete(number) ? next : next.add(number);
          })}
          onFinding={show} onMark={setMarked} />
      </div>
      <p className={styles.evaluation}>{t('evaluation')}</p>
    </Page>
  );
}

function mostImages(series: readonly Series[]): Series | undefined {
  return series.toSorted((a, b) => b.instances - a.instances)[0];
}
