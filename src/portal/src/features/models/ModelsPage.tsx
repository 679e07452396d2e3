import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, ApiProblem, type Schemas } from '@/lib/api';
import { useFormat } from '@/lib/format';
import { useCan, useTenant } from '@/lib/session';
import {
  Badge, Button, CheckField, Dialog, EmptyState, ErrorState, Facts, Loading, NoPermission, Notice, Page, Panel, Section, Skeleton, Table, Tag, useToast, type Column, type Tone,
} from '@/ui';
import cells from '@/ui/cells.module.css';
import styles from './ModelsPage.module.css';

type Model = Schemas['ListModelsItem'];
type Offer = Schemas['ListOffersItem'];
type Step = 'activate' | 'deactivate' | 'rollback';
type Asked = { step: Step; model: Model } | { step: 'take'; offer: Offer };

/** What the platform's operator decides shows by itself. */
const readEveryMs = 15_000;

const modelsKey = (tenant: string) => ['models', tenant];
const offersKey = (tenant: string) => ['offers', tenant];

/** Which AI models the hospital has, which version of each runs, and what the platform offers besides. */
export default function ModelsPage() {
  const { t } = useTranslation('models');
  return useCan('manageModels') ? <Models /> : <Page title={t('title')}><Panel><NoPermission>{t('noPermission')}</NoPermission></Panel></Page>;
}

function Models() {
  const { t } = useTranslation('models');
  const tenant = useTenant();
  const models = useQuery({
    queryKey: modelsKey(tenant), queryFn: ({ signal }) => api.get('/t/{tenant}/models', { path: { tenant }, signal }), refetchInterval: readEveryMs, staleTime: 0,
  });
  const offers = useQuery({
    queryKey: offersKey(tenant), queryFn: ({ signal }) => api.get('/t/{tenant}/models/offers', { path: { tenant }, signal }), refetchInterval: readEveryMs, staleTime: 0,
  });
  const [asked, setAsked] = useState<Asked>();
  const [told, setTold] = useState<Model>();
  const all = models.data?.models;
  const open = offers.data?.packages.filter(offer => offer.modelId === null);
  const isStale = (models.isError && all !== undefined) || (offers.isError && open !== undefined);
  const again = () => {
    void models.refetch();
    void offers.refetch();
  };
  return (
    <Page title={t('title')}>
      {isStale && <Notice tone="warn" isNews actions={<Button size="small" icon="refresh" onClick={again}>{t('again')}</Button>}>{t('stale')}</Notice>}
      <Section title={t('here.title')} text={all !== undefined && all.length > 0 ? t('here.text') : undefined}>
        {all === undefined
          ? models.isError ? <ErrorState error={models.error} onRetry={again} /> : <LoadingRows />
          : all.length === 0
            ? <EmptyState icon="ai" title={t('here.empty.title')}>{t('here.empty.text')}</EmptyState>
            : <ModelTable models={all} tenant={tenant} onTell={setTold} onAsk={(step, model) => setAsked({ step, model })} />}
      </Section>
      {!(models.isError && all === undefined) && (
        <Section title={t('offers.title')} text={open !== undefined && open.length > 0 ? t('offers.text') : undefined}>
          {open === undefined
            ? offers.isError ? <ErrorState error={offers.error} onRetry={again} /> : <LoadingRows />
            : open.length === 0
              ? <EmptyState icon="folder" title={t('offers.empty.title')}>{t('offers.empty.text')}</EmptyState>
              : <ul className={styles.offers}>{open.map(offer => <OfferCard key={offer.hash} offer={offer} onTake={() => setAsked({ step: 'take', offer })} />)}</ul>}
        </Section>
      )}
      {told && (
        <Dialog title={t('about.title', { name: titleOf(told), version: told.version })} isWide onClose={() => setTold(undefined)}
          actions={<Button onClick={() => setTold(undefined)}>{t('about.close')}</Button>}>
          <About text={told.text} hash={told.hash} signed={told.signedBy ?? t(told.offer === null ? 'signed.installed' : 'signed.nobody')} />
        </Dialog>
      )}
      {asked && <Confirm asked={asked} models={all ?? []} tenant={tenant} onClose={() => setAsked(undefined)} />}
    </Page>
  );
}

const titleOf = (model: { name: string; text: Schemas['PackageText'] }) => model.text.title ?? model.name;

/** The earlier versions of a model that may run; a rollback takes the latest of them. */
const earlierOf = (model: Model, models: readonly Model[]) => models
  .filter(one => one.name === model.name && one.createdAt < model.createdAt && one.offer !== 'Withdrawn' && one.offer !== 'Uploaded')
  .toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));

function stateOf(model: Model): { state: 'runs' | 'idle' | 'challenges' | 'withdrawn' | 'off'; tone: Tone } {
  if (model.offer === 'Withdrawn') {
    return { state: 'withdrawn', tone: 'bad' };
  }
  if (!model.isActive) {
    return model.rules.some(rule => rule.isActive && rule.isShadow) ? { state: 'challenges', tone: 'busy' } : { state: 'off', tone: 'neutral' };
  }
  return model.rules.some(rule => rule.isActive) ? { state: 'runs', tone: 'good' } : { state: 'idle', tone: 'warn' };
}

interface ModelTableProps {
  models: readonly Model[];
  tenant: string;
  onTell: (model: Model) => void;
  onAsk: (step: Step, model: Model) => void;
}

function ModelTable({ models, tenant, onTell, onAsk }: ModelTableProps) {
  const { t } = useTranslation('models');
  const format = useFormat();
  const columns: Column<Model>[] = [
    {
      key: 'model', title: t('column.model'), narrow: 'plain',
      cell: model => (
        <span className={cells.stack}>
          <button type="button" className={cells.name} onClick={() => onTell(model)}><bdi>{titleOf(model)}</bdi></button>
          <span className={cells.minor}><bdi>{model.name}</bdi></span>
        </span>
      ),
    },
    { key: 'version', title: t('column.version'), cell: model => <span className={styles.version}>{model.version}</span> },
    { key: 'state', title: t('column.state'), narrow: 'corner', cell: model => <Badge tone={stateOf(model).tone} title={t(`state.${stateOf(model).state}Why`)}>{t(`state.${stateOf(model).state}`)}</Badge> },
    {
      key: 'rules', title: t('column.rules'),
      cell: model => <Link to={`/${tenant}/rules`}>{t('rules', { count: model.rules.filter(rule => rule.isActive).length })}</Link>,
    },
    { key: 'since', title: t('column.since'), cell: model => <time dateTime={model.createdAt}>{format.date(model.createdAt)}</time> },
    {
      key: 'action', title: t('column.action'), align: 'end', isTitleHidden: true,
      cell: model => {
        const name = `${titleOf(model)} ${model.version}`;
        return model.offer === 'Withdrawn' && !model.isActive ? null : (
          <span className={cells.buttons}>
            {model.isActive && earlierOf(model, models).length > 0
              && <Button size="small" variant="quiet" icon="back" aria-label={t('rollback.of', { name })} onClick={() => onAsk('rollback', model)}>{t('rollback.action')}</Button>}
            {model.isActive && <Button size="small" aria-label={t('deactivate.of', { name })} onClick={() => onAsk('deactivate', model)}>{t('deactivate.action')}</Button>}
            {!model.isActive && model.offer !== 'Withdrawn'
              && <Button size="small" aria-label={t('activate.of', { name })} onClick={() => onAsk('activate', model)}>{t('activate.action')}</Button>}
          </span>
        );
      },
    },
  ];
  return <Table caption={t('here.caption')} columns={columns} rows={models} rowKey={model => model.id} />;
}

function OfferCard({ offer, onTake }: { offer: Offer; onTake: () => void }) {
  const { t } = useTranslation('models');
  const format = useFormat();
  const name = `${titleOf(offer)} ${offer.version}`;
  return (
    <li>
      <article className={styles.offer} aria-label={name}>
        <header className={styles.offerHead}>
          <div>
            <h3><bdi>{titleOf(offer)}</bdi></h3>
            <p className={cells.minor}><bdi>{offer.name}</bdi> <Tag>{offer.version}</Tag> · {format.bytes(offer.length)}{offer.approvedAt !== null && <> · {t('offers.approved', { date: format.date(offer.approvedAt) })}</>}</p>
          </div>
          <Button variant="primary" icon="download" aria-label={t('take.of', { name })} onClick={onTake}>{t('take.action')}</Button>
        </header>
        <About text={offer.text} hash={offer.hash} signed={offer.signedBy ?? t('signed.nobody')} />
      </article>
    </li>
  );
}

/** What the author says of a model, in the author's language. */
function About({ text, hash, signed }: { text: Schemas['PackageText']; hash: string; signed: string }) {
  const { t } = useTranslation('models');
  const said = (value: string | null) => value !== null && <span lang="en">{value}</span>;
  return (
    <Facts facts={[
      { name: t('about.description'), value: said(text.description) || t('about.unsaid') },
      { name: t('about.intendedUse'), value: said(text.intendedUse) || t('about.unsaid') },
      { name: t('about.limitations'), value: text.limitations.length === 0 ? t('about.unsaid') : <ul lang="en">{text.limitations.map(one => <li key={one}>{one}</li>)}</ul> },
      { name: t('about.licence'), value: said(text.licence) || t('about.unsaid') },
      { name: t('about.signedBy'), value: <code>{signed}</code> },
      { name: t('about.hash'), value: <code>{hash}</code> },
    ]} />
  );
}

function Confirm({ asked, models, tenant, onClose }: { asked: Asked; models: readonly Model[]; tenant: string; onClose: () => void }) {
  const { t } = useTranslation('models');
  const say = useToast();
  const queries = useQueryClient();
  const thing = asked.step === 'take' ? asked.offer : asked.model;
  const values = {
    name: titleOf(thing),
    version: thing.version,
    earlier: asked.step === 'rollback' ? earlierOf(asked.model, models)[0]?.version ?? '' : '',
    running: models.find(one => one.name === thing.name && one.isActive && one.hash !== thing.hash)?.version ?? '',
  };
  const [isToRun, setIsToRun] = useState(true);
  const change = useMutation({
    mutationFn: async () => {
      if (asked.step === 'take') {
        await api.post('/t/{tenant}/models', { path: { tenant }, body: { hash: asked.offer.hash, activate: isToRun } });
      } else {
        await api.post(`/t/{tenant}/models/{id}/${asked.step}`, { path: { tenant, id: asked.model.id } });
      }
    },
    onSuccess: () => {
      say(t(asked.step === 'take' && !isToRun ? 'take.doneBeside' : `${asked.step}.done`, values));
      onClose();
    },
    onSettled: () => Promise.all([modelsKey(tenant), offersKey(tenant), ['rules', tenant]].map(queryKey => queries.invalidateQueries({ queryKey }))),
  });
  return (
    <Dialog title={t(`${asked.step}.title`, values)} onClose={onClose} actions={(
      <>
        <Button onClick={onClose}>{t('cancel')}</Button>
        <Button variant="primary" busy={change.isPending} onClick={() => change.mutate()}>{t(`${asked.step}.action`)}</Button>
      </>
    )}>
      <p>{t(`${asked.step}.text`, values)}</p>
      {asked.step === 'take' && <CheckField label={t('take.run')} checked={isToRun} onChange={event => setIsToRun(event.currentTarget.checked)} />}
      {asked.step === 'take' && !isToRun && <p>{t('take.beside')}</p>}
      {(asked.step === 'activate' || (asked.step === 'take' && isToRun)) && values.running !== '' && <p>{t('replaces', values)}</p>}
      {change.isError && (
        <Notice tone="bad" isNews>
          {change.error instanceof ApiProblem && change.error.detail !== '' ? <span lang="en">{change.error.detail}</span> : t('failed')}
        </Notice>
      )}
    </Dialog>
  );
}

function LoadingRows() {
  return (
    <Loading>
      <div className={cells.skeletons}>{[16, 20, 14].map(width => <Skeleton key={width} width={`${width}rem`} height="1rem" />)}</div>
    </Loading>
  );
}
