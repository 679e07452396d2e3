import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, type Schemas } from '@/lib/api';
import { useFormat } from '@/lib/format';
import { useTenant } from '@/lib/session';
import { Button, EmptyState, ErrorState, Loading, Page, Panel, Section, Segments, Skeleton, Table, type Column } from '@/ui';
import cells from '@/ui/cells.module.css';
import type { Rule } from './draft';
import styles from './Rules.module.css';

type Answer = Schemas['CompareShadowResponse'];
type Concept = Schemas['FindingComparisonConceptAgreement'];
type Study = Schemas['CompareShadowStudyItem'];

const unitOf = (ucum: string) => ucum.replace(/(?<=m)3$/, '³').replace(/(?<=m)2$/, '²');

const spans = ['7', '30', '90', '366'] as const;

/** A shadow rule's findings beside those that people see, on the studies that both have computed. */
export function Comparison({ rule, champion, onClose }: { rule: Rule; champion: Rule | undefined; onClose: () => void }) {
  const { t } = useTranslation('rules');
  const tenant = useTenant();
  const [days, setDays] = useState<(typeof spans)[number]>('30');
  const read = useQuery({
    queryKey: ['comparison', tenant, rule.id, days],
    queryFn: ({ signal }) => api.get('/t/{tenant}/rules/{id}/comparison', { path: { tenant, id: rule.id }, query: { days: Number(days) }, signal }),
    refetchInterval: 10_000,
  });
  const label = (one: Rule | undefined) => (one ? `${one.model} ${one.modelVersion}` : '–');
  return (
    <Page title={t('comparison.title', { name: rule.name })} actions={<Button icon="back" onClick={onClose}>{t('back')}</Button>}>
      <div className={styles.versus}>
        <p>{t('comparison.text')}</p>
        <Segments label={t('dryRun.span')} value={days} options={spans.map(value => ({ value, text: t('dryRun.days', { count: Number(value) }) }))} onChange={setDays} />
      </div>
      {read.data === undefined
        ? <Panel>{read.isError ? <ErrorState error={read.error} onRetry={() => void read.refetch()} /> : <Loading><div className={cells.skeletons}><Skeleton width="14rem" height="1rem" /><Skeleton width="20rem" height="1rem" /></div></Loading>}</Panel>
        : read.data.studies === 0
          ? <Panel><EmptyState icon="ai" title={t('comparison.empty.title')}>{t(read.data.onlyChampion > 0 ? 'comparison.empty.pending' : 'comparison.empty.text', { count: read.data.onlyChampion })}</EmptyState></Panel>
          : <Compared answer={read.data} tenant={tenant} shown={label(champion)} hidden={label(rule)} />}
    </Page>
  );
}

function Compared({ answer, tenant, shown, hidden }: { answer: Answer; tenant: string; shown: string; hidden: string }) {
  const { t } = useTranslation('rules');
  const format = useFormat();
  const numbers: { name: string; value: string }[] = [
    { name: t('comparison.studies'), value: format.number(answer.studies) },
    { name: t('comparison.agreement'), value: answer.agreement === null ? '–' : format.percent(answer.agreement) },
    { name: t('comparison.onlyChampion'), value: format.number(answer.onlyChampion) },
  ];
  const count = (key: 'both' | 'onlyChampion' | 'onlyChallenger', title: string): Column<Concept> => ({ key, title, align: 'end', cell: concept => format.number(concept[key]) });
  const concepts: Column<Concept>[] = [
    { key: 'concept', title: t('comparison.finding'), narrow: 'plain', cell: concept => <strong lang="en">{[concept.concept.meaning, concept.laterality?.meaning].filter(Boolean).join(', ')}</strong> },
    count('both', t('comparison.both')),
    count('onlyChampion', t('comparison.only', { model: shown })),
    count('onlyChallenger', t('comparison.only', { model: hidden })),
    { key: 'overlap', title: t('comparison.overlap'), align: 'end', cell: concept => (concept.boxOverlap === null ? '–' : format.percent(concept.boxOverlap)) },
    {
      key: 'values', title: t('comparison.values'), align: 'end',
      cell: concept => (concept.values.length === 0 ? '–' : (
        <span className={styles.values}>
          {concept.values.map(value => (
            <span key={`${value.concept.value} ${value.unit.value}`}>
              <span className={cells.minor} lang="en">{value.concept.meaning}</span> <bdi>{value.meanDifference > 0 ? '+' : ''}{format.number(value.meanDifference, 1)} {unitOf(value.unit.value)}</bdi>
            </span>
          ))}
        </span>
      )),
    },
  ];
  const studies: Column<Study>[] = [
    { key: 'study', title: t('dryRun.study'), narrow: 'plain', cell: study => <Link to={`/${tenant}/studies/${study.studyInstanceUid}`}>…{study.studyInstanceUid.slice(-8)}</Link> },
    { key: 'shown', title: shown, align: 'end', cell: study => format.number(study.championFindings) },
    { key: 'hidden', title: hidden, align: 'end', cell: study => format.number(study.challengerFindings) },
    { key: 'agreement', title: t('comparison.agreement'), align: 'end', cell: study => (study.agreement === null ? '–' : format.percent(study.agreement)) },
  ];
  return (
    <>
      <Panel label={t('comparison.numbers')}>
        <dl className={styles.numbers}>{numbers.map(number => <div key={number.name}><dt>{number.name}</dt><dd>{number.value}</dd></div>)}</dl>
      </Panel>
      <Section title={t('comparison.concepts')} text={t('comparison.conceptsText')}>
        <Table caption={t('comparison.concepts')} columns={concepts} rows={answer.concepts} rowKey={concept => `${concept.concept.scheme} ${concept.concept.value} ${concept.laterality?.value ?? ''}`} />
      </Section>
      <Section title={t('comparison.byStudy')}>
        <Table caption={t('comparison.byStudy')} columns={studies} rows={answer.compared} rowKey={study => `${study.championRunId} ${study.challengerRunId}`} />
      </Section>
    </>
  );
}
