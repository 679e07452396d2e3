import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, ApiProblem, type Schemas } from '@/lib/api';
import { useFormat } from '@/lib/format';
import { Badge, Button, EmptyState, Inset, Notice, Section, Segments, Table, Tag, type Column } from '@/ui';
import cells from '@/ui/cells.module.css';
import { toRequest, type Draft } from './draft';
import styles from './Rules.module.css';

type Study = Schemas['DryRunRulesStudyItem'];
type Plan = Schemas['DryRunRulesPlanItem'];

const spans = ['7', '30', '90', '366'] as const;

interface DryRunProps {
  tenant: string;
  /** The rule that the draft would replace. */
  ruleId?: string | undefined;
  /** Absent: the active rules as they are. */
  draft?: Draft;
  /** The result is that of the draft as it stands now. */
  isFresh?: boolean;
  /** The draft cannot be sent as it stands. */
  isWrong?: boolean;
  /** What the draft changes beside what a dry run can show. */
  note?: string | undefined;
  onWrong?: () => void;
  onTried?: (draft: Draft) => void;
}

/** What the rules would have made of past studies. Nothing is queued. */
export function DryRun({ tenant, ruleId, draft, isFresh = true, isWrong = false, note, onWrong, onTried }: DryRunProps) {
  const { t } = useTranslation('rules');
  const [days, setDays] = useState<(typeof spans)[number]>('30');
  const run = useMutation({
    mutationFn: (tried: Draft | undefined) => api.post('/t/{tenant}/rules/dry-run', {
      path: { tenant }, body: { days: Number(days), ruleId: tried ? ruleId ?? null : null, draft: tried ? toRequest(tried) : null },
    }),
    onSuccess: (_, tried) => tried && onTried?.(tried),
  });
  const start = () => {
    if (isWrong) {
      onWrong?.();
    } else {
      run.mutate(draft);
    }
  };
  const variant = draft && isFresh && run.data ? 'secondary' : 'primary';
  return (
    <Section title={t(draft ? 'dryRun.title' : 'dryRun.active')} text={note === undefined ? t('dryRun.text') : <>{t('dryRun.text')} <strong>{note}</strong></>} actions={(
      <>
        <Segments label={t('dryRun.span')} value={days} options={spans.map(value => ({ value, text: t('dryRun.days', { count: Number(value) }) }))} onChange={setDays} />
        <Button variant={variant} icon="play" busy={run.isPending} onClick={start}>{t('dryRun.action')}</Button>
      </>
    )}>
      {run.isError && (
        <Inset>
          <Notice tone="bad" isNews title={t('dryRun.refused')}>
            {run.error instanceof ApiProblem && run.error.detail !== '' ? <span lang="en">{run.error.detail}</span> : t('failed')}
          </Notice>
        </Inset>
      )}
      {run.data === undefined
        ? !run.isError && <EmptyState icon="play" title={t('dryRun.notYet.title')}>{t(draft ? 'dryRun.notYet.text' : 'dryRun.notYet.all')}</EmptyState>
        : <Result answer={run.data} tenant={tenant} ruleId={ruleId} isDraft={draft !== undefined} isFresh={isFresh} />}
    </Section>
  );
}

interface ResultProps {
  answer: Schemas['DryRunRulesResponse'];
  tenant: string;
  ruleId: string | undefined;
  isDraft: boolean;
  isFresh: boolean;
}

function Result({ answer, tenant, ruleId, isDraft, isFresh }: ResultProps) {
  const { t } = useTranslation('rules');
  const format = useFormat();
  const planOf = (study: Study) => study.plans.find(plan => plan.ruleId === (ruleId ?? null));
  const taken = answer.studies.filter(study => (isDraft ? planOf(study)?.seriesInstanceUid : study.plans.some(plan => plan.seriesInstanceUid !== null && !plan.isShadow)));
  if (answer.studies.length === 0) {
    return <EmptyState icon="studies" title={t('dryRun.noStudy.title')}>{t('dryRun.noStudy.text')}</EmptyState>;
  }
  const columns: Column<Study>[] = [
    {
      key: 'study', title: t('dryRun.study'), narrow: 'plain',
      cell: study => (
        <span className={cells.stack}>
          <Link to={`/${tenant}/studies/${study.studyInstanceUid}`}>{format.dateTime(study.arrivedAt)}</Link>
          <span className={cells.minor}>…{study.studyInstanceUid.slice(-8)}</span>
        </span>
      ),
    },
    ...(isDraft ? [{ key: 'draft', title: t('dryRun.thisRule'), cell: (study: Study) => <PlanCell plan={planOf(study)} /> }] : []),
    {
      key: 'all', title: t(isDraft ? 'dryRun.allRules' : 'dryRun.rules'),
      cell: study => <AllPlans study={study} isShort={isDraft} />,
    },
  ];
  return (
    <>
      <div className={styles.summary} role="status">
        <strong>{t(isDraft ? 'dryRun.summary' : 'dryRun.summaryAll', { taken: format.number(taken.length), count: answer.studies.length })}</strong>
        {answer.isCut && <span className={cells.soft}>{t('dryRun.cut')}</span>}
        {!isFresh && <Badge tone="warn">{t('dryRun.changed')}</Badge>}
      </div>
      <Table caption={t('dryRun.caption')} columns={columns} rows={answer.studies} rowKey={study => `${study.studyInstanceUid} ${study.studyVersion}`} />
    </>
  );
}

const reasons = ['no-images', 'modality', 'body-part', 'body-part-unknown', 'acquisition', 'too-few-slices', 'input-series', 'prior-missing', 'input-missing', 'champion-missing', 'no-rules'] as const;
const isKnown = (code: string | null): code is (typeof reasons)[number] => reasons.some(one => one === code);

function Why({ code, reason }: { code: string | null; reason: string | null }) {
  const { t } = useTranslation('rules');
  return <span className={cells.minor} title={reason ?? undefined}>{isKnown(code) ? t(`reason.${code}`) : <span lang="en">{reason}</span>}</span>;
}

function PlanCell({ plan }: { plan: Plan | undefined }) {
  const { t } = useTranslation('rules');
  if (plan === undefined) {
    return <span className={cells.soft}>{t('dryRun.off')}</span>;
  }
  return (
    <span className={cells.stack}>
      {plan.seriesInstanceUid === null
        ? <><Badge>{t('dryRun.wouldNot')}</Badge><Why code={plan.reasonCode} reason={plan.reason} /></>
        : (
          <>
            <Badge tone={plan.isShadow ? 'busy' : 'good'}>{t(plan.isShadow ? 'dryRun.wouldShadow' : 'dryRun.would')}</Badge>
            {plan.hasRun && <span className={cells.minor}>{t('dryRun.hasRun')}</span>}
            {plan.waitsFor.length > 0 && <span className={cells.minor}>{t('dryRun.after', { names: plan.waitsFor.join(', ') })}</span>}
          </>
        )}
    </span>
  );
}

function AllPlans({ study, isShort }: { study: Study; isShort: boolean }) {
  const { t } = useTranslation('rules');
  const running = study.plans.filter(plan => plan.seriesInstanceUid !== null);
  if (running.length === 0) {
    return <span className={cells.stack}><Badge>{t('dryRun.noAi')}</Badge><Why code={study.noAiCode} reason={study.noAiReason} /></span>;
  }
  return (
    <ul className={styles.plans}>
      {running.map(plan => (
        <li key={`${plan.ruleId ?? ''} ${plan.rule}`}>
          <bdi>{plan.rule}</bdi>{!isShort && <> <span className={cells.minor}>{plan.model} {plan.modelVersion}</span></>}
          {plan.lane === 'Stat' && <> <Tag>{t('lane.Stat')}</Tag></>}
          {plan.isShadow && <> <Tag>{t('state.shadow')}</Tag></>}
        </li>
      ))}
    </ul>
  );
}
