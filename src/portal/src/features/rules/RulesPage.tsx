import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { api, ApiProblem, type Schemas } from '@/lib/api';
import { useCan, useTenant } from '@/lib/session';
import {
  Badge, Button, Dialog, EmptyState, ErrorState, LinkButton, Loading, NoPermission, Notice, Page, Panel, Skeleton, Table, Tag, useToast, type Column,
} from '@/ui';
import cells from '@/ui/cells.module.css';
import { Comparison } from './Comparison';
import { DryRun } from './DryRun';
import { requestOf, type Rule } from './draft';
import { RuleEditor } from './RuleEditor';

/** What starts which model on which studies, as data: written, tried out on past studies, changed, switched off. */
export default function RulesPage() {
  const { t } = useTranslation('rules');
  return useCan('manageModels') ? <Rules /> : <Page title={t('title')}><Panel><NoPermission>{t('noPermission')}</NoPermission></Panel></Page>;
}

function Rules() {
  const { t } = useTranslation('rules');
  const tenant = useTenant();
  const [query, setQuery] = useSearchParams();
  const rules = useQuery({ queryKey: ['rules', tenant], queryFn: ({ signal }) => api.get('/t/{tenant}/rules', { path: { tenant }, signal }) });
  const models = useQuery({ queryKey: ['models', tenant], queryFn: ({ signal }) => api.get('/t/{tenant}/models', { path: { tenant }, signal }) });
  const failed = [rules, models].find(one => one.isError);
  const again = () => {
    void rules.refetch();
    void models.refetch();
  };
  if (rules.data === undefined || models.data === undefined) {
    return <Page title={t('title')}><Panel>{failed ? <ErrorState error={failed.error} onRetry={again} /> : <LoadingRows />}</Panel></Page>;
  }
  const all = rules.data.rules;
  const close = () => setQuery({});
  const [edited, compared] = [query.get('edit'), query.get('compare')];
  const rule = all.find(one => one.id === (edited ?? compared));
  const stale = failed && <Notice tone="warn" isNews actions={<Button size="small" icon="refresh" onClick={again}>{t('again')}</Button>}>{t('stale')}</Notice>;
  if (edited === 'new' || (edited !== null && rule)) {
    return <RuleEditor key={edited} rule={rule} rules={all} models={models.data.models} onClose={close} />;
  }
  if (compared !== null && rule) {
    return <Comparison rule={rule} champion={all.find(one => one.id === rule.shadowOf)} onClose={close} />;
  }
  if (query.has('dry-run')) {
    return (
      <Page title={t('dryRun.title')} actions={<Button icon="back" onClick={close}>{t('back')}</Button>}>
        <DryRun tenant={tenant} />
      </Page>
    );
  }
  const canAdd = models.data.models.length > 0;
  return (
    <Page title={t('title')} actions={canAdd && (
      <>
        {all.length > 0 && <Button icon="play" onClick={() => setQuery({ 'dry-run': '' })}>{t('dryRun.ofAll')}</Button>}
        <Button variant="primary" onClick={() => setQuery({ edit: 'new' })}>{t('add')}</Button>
      </>
    )}>
      {stale}
      <p className={cells.soft}>{t('text')}</p>
      <Panel>
        {all.length === 0
          ? (
            <EmptyState icon="ai" title={t('empty.title')} actions={canAdd
              ? <Button variant="primary" onClick={() => setQuery({ edit: 'new' })}>{t('add')}</Button>
              : <LinkButton to={`/${tenant}/models`}>{t('empty.models')}</LinkButton>}>
              {t(canAdd ? 'empty.text' : 'empty.noModel')}
            </EmptyState>
          )
          : <RuleTable rules={all} tenant={tenant} onEdit={id => setQuery({ edit: id })} onCompare={id => setQuery({ compare: id })} />}
      </Panel>
    </Page>
  );
}

interface RuleTableProps {
  rules: readonly Rule[];
  tenant: string;
  onEdit: (id: string) => void;
  onCompare: (id: string) => void;
}

function RuleTable({ rules, tenant, onEdit, onCompare }: RuleTableProps) {
  const { t } = useTranslation('rules');
  const [asked, setAsked] = useState<Rule>();
  const nameOf = (id: string) => rules.find(one => one.id === id)?.name ?? '';
  const columns: Column<Rule>[] = [
    {
      key: 'rule', title: t('column.rule'), narrow: 'plain',
      cell: rule => (
        <span className={cells.stack}>
          <button type="button" className={cells.name} aria-label={t('edit', { name: rule.name })} onClick={() => onEdit(rule.id)}><bdi>{rule.name}</bdi></button>
          <span className={cells.minor}><bdi>{rule.model} {rule.modelVersion}</bdi></span>
        </span>
      ),
    },
    { key: 'takes', title: t('column.takes'), cell: rule => <Takes conditions={rule.conditions} /> },
    {
      key: 'lane', title: t('column.lane'),
      cell: rule => (
        <span className={cells.stack}>
          <Badge tone={rule.lane === 'Stat' ? 'bad' : 'neutral'}>{t(`lane.${rule.lane}`)}</Badge>
          {rule.deadlineMinutes !== null && <span className={cells.minor}>{t('deadline', { count: rule.deadlineMinutes })}</span>}
        </span>
      ),
    },
    {
      key: 'with', title: t('column.with'),
      cell: rule => (rule.shadowOf === null && rule.dependsOn.length === 0 && rule.provisionalAt === null ? null : (
        <span className={cells.stack}>
          {rule.shadowOf !== null && <span>{t('shadowOf', { name: nameOf(rule.shadowOf) })}</span>}
          {rule.dependsOn.length > 0 && <span>{t('needs', { names: rule.dependsOn.map(nameOf).join(', ') })}</span>}
          {rule.provisionalAt !== null && <span>{t('provisional', { count: rule.provisionalAt })}</span>}
        </span>
      )),
    },
    {
      key: 'state', title: t('column.state'), narrow: 'corner',
      cell: rule => (!rule.isActive ? <Badge>{t('state.off')}</Badge>
        : rule.shadowOf !== null ? <Badge tone="busy" title={t('state.shadowWhy')}>{t('state.shadow')}</Badge>
          : !rule.isModelActive ? <Badge tone="warn" title={t('state.modelOffWhy')}>{t('state.modelOff')}</Badge>
            : <Badge tone="good">{t('state.on')}</Badge>),
    },
    {
      key: 'action', title: t('column.action'), align: 'end', isTitleHidden: true,
      cell: rule => (
        <span className={cells.buttons}>
          {rule.shadowOf !== null && <Button size="small" aria-label={t('compareOf', { name: rule.name })} onClick={() => onCompare(rule.id)}>{t('compare')}</Button>}
          <Button size="small" aria-label={t(rule.isActive ? 'off.of' : 'on.of', { name: rule.name })} onClick={() => setAsked(rule)}>{t(rule.isActive ? 'off.action' : 'on.action')}</Button>
        </span>
      ),
    },
  ];
  return (
    <>
      <Table caption={t('caption')} columns={columns} rows={rules} rowKey={rule => rule.id} />
      {asked && <Switch rule={asked} tenant={tenant} onClose={() => setAsked(undefined)} />}
    </>
  );
}

function Takes({ conditions }: { conditions: Schemas['ModelInput'] }) {
  const { t } = useTranslation('rules');
  const parts = conditions.bodyParts ?? [];
  return (
    <span className={cells.stack}>
      <span>{[conditions.modality, ...conditions.modalities ?? []].map(modality => <Tag key={modality}>{modality}</Tag>)}</span>
      <span className={cells.minor}>
        {parts.length === 0 ? t('takes.every') : <bdi>{parts.join(', ')}</bdi>}
        {conditions.minSlices > 1 && <> · {t('takes.slices', { count: conditions.minSlices })}</>}
      </span>
    </span>
  );
}

function Switch({ rule, tenant, onClose }: { rule: Rule; tenant: string; onClose: () => void }) {
  const { t } = useTranslation('rules');
  const say = useToast();
  const queries = useQueryClient();
  const to = rule.isActive ? 'off' : 'on';
  const change = useMutation({
    mutationFn: () => api.put('/t/{tenant}/rules/{id}', { path: { tenant, id: rule.id }, body: { ...requestOf(rule), isActive: !rule.isActive } }),
    onSuccess: () => {
      say(t(`${to}.done`, { name: rule.name }));
      onClose();
    },
    onSettled: () => Promise.all([['rules', tenant], ['models', tenant]].map(queryKey => queries.invalidateQueries({ queryKey }))),
  });
  return (
    <Dialog title={t(`${to}.title`, { name: rule.name })} onClose={onClose} actions={(
      <>
        <Button onClick={onClose}>{t('cancel')}</Button>
        <Button variant="primary" busy={change.isPending} onClick={() => change.mutate()}>{t(`${to}.action`)}</Button>
      </>
    )}>
      <p>{t(`${to}.text`)}</p>
      {change.isError && <Notice tone="bad" isNews>{change.error instanceof ApiProblem && change.error.detail !== '' ? <span lang="en">{change.error.detail}</span> : t('failed')}</Notice>}
    </Dialog>
  );
}

function LoadingRows() {
  return <Loading><div className={cells.skeletons}>{[16, 20, 14].map(width => <Skeleton key={width} width={`${width}rem`} height="1rem" />)}</div></Loading>;
}
