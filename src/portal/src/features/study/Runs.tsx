import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, ApiProblem, type Schemas } from '@/lib/api';
import { useFormat } from '@/lib/format';
import { useCan, useTenant } from '@/lib/session';
import { Badge, Button, Icon, Notice, Progress, type Tone } from '@/ui';
import { outlinesQuery, type Finding, type Outlines, type Run, type Study } from './preview';
import styles from './Study.module.css';
import { measured, sentenceOf, wordOf } from './words';

interface RunsProps {
  study: Study;
  /** The run whose outlines lie over the images. */
  shown: Run | undefined;
  outlines: Outlines | undefined;
  hidden: ReadonlySet<number>;
  marked: number | null;
  onToggle: (segment: number) => void;
  onFinding: (finding: Finding, run: Run) => void;
  onMark: (segment: number | null) => void;
}

const tones: Record<Schemas['RunStatus'], Tone> = {
  Waiting: 'neutral', Queued: 'neutral', Dispatched: 'busy', Running: 'busy', Succeeded: 'good', Failed: 'warn', Cancelled: 'neutral', Quarantined: 'bad',
};

const isOnItsWay = (run: Run) => run.status === 'Waiting' || run.status === 'Queued' || run.status === 'Dispatched' || run.status === 'Running';

/** What each AI model made of the study. */
export function Runs(props: RunsProps) {
  const { t } = useTranslation('study');
  const { study } = props;
  const isNew = (run: Run) => run.studyVersion === study.version && run.supersededBy === null;
  const newest = study.runs.filter(isNew);
  const older = study.runs.filter(run => !isNew(run));
  return (
    <section className={styles.side} aria-label={t('runs.label')}>
      <h2><Icon name="ai" /> {t('runs.label')}</h2>
      {study.runs.length === 0 && study.noAiCode === null && (
        <p className={styles.soft}>{t(study.status === 'Receiving' ? 'runs.receiving' : 'runs.planning')}</p>
      )}
      {study.noAiCode !== null && <NoAi study={study} />}
      {newest.map(run => <RunCard key={run.id} run={run} {...props} />)}
      {older.length > 0 && (
        <details className={styles.older} open={newest.length === 0}>
          <summary>{t('runs.older', { count: older.length })}</summary>
          {older.map(run => <RunCard key={run.id} run={run} {...props} />)}
        </details>
      )}
    </section>
  );
}

function NoAi({ study }: { study: Study }) {
  const { t } = useTranslation('study');
  const sentence = sentenceOf(t, 'noAi', study.noAiCode);
  return (
    <Notice title={t('noAi.title')}>
      {sentence !== null && <p>{sentence}</p>}
      {study.noAiReason !== null && <p className={styles.soft} lang="en">{study.noAiReason}</p>}
    </Notice>
  );
}

function RunCard({ run, study, shown, outlines, hidden, marked, onToggle, onFinding, onMark }: RunsProps & { run: Run }) {
  const { t } = useTranslation('study');
  const format = useFormat();
  const seconds = run.finishedAt === null ? null : (Date.parse(run.finishedAt) - Date.parse(run.createdAt)) / 1000;
  const isShown = shown?.id === run.id;
  const tenant = useTenant();
  const priors = run.series.filter((one, at) => one.isPrior && run.series.findIndex(other => other.studyUid === one.studyUid) === at);
  return (
    <article className={styles.run} aria-label={run.model}>
      <header className={styles.runHead}>
        <h3><bdi>{run.model}</bdi> <span className={styles.soft}>{run.modelVersion}</span></h3>
        <span role="status"><Badge tone={tones[run.status]}>{t(`status.${run.status}`)}</Badge></span>
      </header>
      {run.isProvisional && <p className={styles.soft}>{t('runs.provisional')}</p>}
      {run.supersededBy !== null && <p className={styles.soft}>{t('runs.superseded')}</p>}
      {priors.map(({ studyUid, studyArrivedAt }) => (
        <p key={studyUid} className={styles.soft}>{t('runs.prior')} <Link to={`/${tenant}/studies/${studyUid}`}>{format.dateTime(studyArrivedAt)}</Link></p>
      ))}
      {isOnItsWay(run) && <Advance run={run} />}
      {isOnItsWay(run) && run.reasonCode !== null && <Waits run={run} />}
      {run.status === 'Succeeded' && seconds !== null && <p className={styles.soft}>{t('runs.took', { time: format.duration(seconds) })}</p>}
      {(run.status === 'Failed' || run.status === 'Quarantined' || run.status === 'Cancelled') && <Ended run={run} />}
      {run.status === 'Succeeded' && <Limited run={run} />}
      {run.status === 'Succeeded' && run.supersededBy === null && run.findings.length === 0
        && <p>{t(study.series.some(series => series.isDerived && series.runId === run.id) ? 'runs.made' : 'runs.nothing')}</p>}
      {run.findings.length > 0 && (
        <ul className={styles.findings}>
          {run.findings.map(finding => (
            <FindingRow key={finding.trackingUid} finding={finding} outlines={isShown ? outlines : undefined}
              isMarked={isShown && finding.segmentNumber !== null && finding.segmentNumber === marked} onClick={() => onFinding(finding, run)} />
          ))}
        </ul>
      )}
      {isShown && outlines !== undefined && outlines.segments.length > 0 && (
        <fieldset className={styles.legend}>
          <legend>{t(outlines.heatMaps?.length ? 'outlines.heat' : 'outlines.label')}</legend>
          {outlines.segments.map(segment => (
            <label key={segment.number} onPointerEnter={() => onMark(segment.number)} onPointerLeave={() => onMark(null)}>
              <input type="checkbox" checked={!hidden.has(segment.number)} onChange={() => onToggle(segment.number)} />
              <span className={styles.swatch} style={{ background: segment.colour }} aria-hidden="true" />
              <span>{t(`segment.${segment.label}` as 'title', { defaultValue: segment.label })}</span>
            </label>
          ))}
        </fieldset>
      )}
      {run.status === 'Succeeded' && <p className={styles.soft}>{t('runs.evaluation')}</p>}
    </article>
  );
}

// How much of a run each phase takes, roughly: the bar must move on, not be exact.
const phases: readonly (readonly [string, number])[] = [['Fetch', 0.06], ['Decode', 0.16], ['Prepare', 0.08], ['Infer', 0.55], ['Post', 0.1], ['Write', 0.05]];

function Advance({ run }: { run: Run }) {
  const { t } = useTranslation('study');
  let before = 0;
  let share: number | undefined;
  for (const [phase, weight] of phases) {
    if (phase === run.phase) {
      share = before + weight * (run.progress ?? 0);
    }
    before += weight;
  }
  return (
    <div className={styles.advance}>
      <Progress value={share} label={t('runs.progress', { model: run.model })} />
      <p className={styles.soft} role="status">{run.phase === null ? t(run.status === 'Running' ? 'runs.starting' : 'runs.waiting') : t(`phase.${run.phase}` as 'title', { defaultValue: run.phase })}</p>
    </div>
  );
}

/** Why it has not begun. */
function Waits({ run }: { run: Run }) {
  const { t } = useTranslation('study');
  return <p className={styles.soft}>{sentenceOf(t, 'runReason', run.reasonCode) ?? <span lang="en">{run.reason}</span>}</p>;
}

function Ended({ run }: { run: Run }) {
  const { t } = useTranslation('study');
  const tenant = useTenant();
  const canStart = useCan('startRuns');
  const queries = useQueryClient();
  const retry = useMutation({
    mutationFn: () => api.post('/t/{tenant}/runs/{id}/retry', { path: { tenant, id: run.id } }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['study', tenant] }),
  });
  const sentence = sentenceOf(t, 'runReason', run.reasonCode);
  return (
    <div className={styles.ended}>
      {sentence !== null && <p>{sentence}</p>}
      {run.reason !== null && <p className={sentence === null ? undefined : styles.soft} lang="en">{run.reason}</p>}
      {run.status === 'Quarantined' && <p>{t('runs.quarantined')}</p>}
      {canStart && <Button size="small" icon="retry" busy={retry.isPending} onClick={() => retry.mutate()}>{t('runs.retry')}</Button>}
      {retry.isError && <Notice tone="bad" isNews>{retry.error instanceof ApiProblem && retry.error.detail !== '' ? retry.error.detail : t('runs.retryFailed')}</Notice>}
    </div>
  );
}

/** Why the result is to be taken with reserve, and what to do about it, where the images miss a bar of the model. */
function Limited({ run }: { run: Run }) {
  const { t } = useTranslation('study');
  const quality = useQuery({ ...outlinesQuery(useTenant(), run.id), retry: false }).data?.quality;
  if (!quality?.isLimited) {
    return null;
  }
  return (
    <Notice tone="warn" title={t('quality.title')}>
      <ul>{quality.codes.map(code => <li key={code}>{t(`quality.${code}` as 'title', { defaultValue: code })}</li>)}</ul>
    </Notice>
  );
}

function FindingRow({ finding, outlines, isMarked, onClick }: { finding: Finding; outlines: Outlines | undefined; isMarked: boolean; onClick: () => void }) {
  const { t } = useTranslation('study');
  const format = useFormat();
  const concept = wordOf(t, finding.concept);
  const side = finding.laterality === null ? null : wordOf(t, finding.laterality);
  const said = finding.evaluation ? wordOf(t, finding.evaluation) : undefined;
  const colour = outlines?.segments.find(segment => segment.number === finding.segmentNumber)?.colour;
  return (
    <li>
      <button type="button" className={styles.finding} aria-pressed={isMarked} onClick={onClick}>
        <span className={styles.swatch} style={colour === undefined ? undefined : { background: colour }} aria-hidden="true" />
        <span className={styles.findingText}>
          <strong><span lang={concept.lang}>{concept.text}</span>{side !== null && <span lang={side.lang}>, {side.text}</span>}</strong>
          {finding.measurements.map(measurement => {
            const what = wordOf(t, measurement.concept);
            return (
              <span key={`${measurement.concept.scheme} ${measurement.concept.value}`} className={styles.measurement}>
                <span lang={what.lang}>{what.text}</span> <bdi>{measured(format, measurement.value, measurement.unit)}</bdi>
              </span>
            );
          })}
          {said !== undefined && <span className={styles.measurement} lang={said.lang}>{said.text}</span>}
          {finding.probability !== null && <span className={styles.measurement}><span>{t('finding.probability')}</span> <bdi>{format.percent(finding.probability)}</bdi>
            {typeof finding.threshold === 'number' && <span className={styles.soft}>{t('finding.threshold', { limit: format.percent(finding.threshold) })}</span>}</span>}
        </span>
        <Icon name="forward" size={16} />
        <span className="visually-hidden">{t('finding.show')}</span>
      </button>
    </li>
  );
}
