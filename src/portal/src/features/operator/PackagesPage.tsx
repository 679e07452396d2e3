import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ApiProblem, send, type Schemas } from '@/lib/api';
import { useFormat } from '@/lib/format';
import {
  Badge, Button, Dialog, EmptyState, ErrorState, Facts, Icon, Inset, Loading, Notice, Page, Panel, Progress, Section, Skeleton, Table, useToast, type Column, type Tone,
} from '@/ui';
import cells from '@/ui/cells.module.css';
import { Log, logKey } from './Log';
import styles from './Operator.module.css';

type Package = Schemas['ListPackagesItem'];
type Step = 'approve' | 'withdraw';

const key = ['packages'];

/** The model packages of the platform: uploaded and checked, approved for all hospitals, or withdrawn from them. */
export default function PackagesPage() {
  const { t } = useTranslation('operator');
  const read = useQuery({ queryKey: key, queryFn: ({ signal }) => api.get('/models', { signal }) });
  const [asked, setAsked] = useState<{ step: Step; of: Package }>();
  const [told, setTold] = useState<Package>();
  const packages = read.data?.packages;
  return (
    <Page title={t('packages.title')}>
      {read.isError && packages !== undefined && (
        <Notice tone="warn" isNews actions={<Button size="small" icon="refresh" onClick={() => void read.refetch()}>{t('again')}</Button>}>{t('packages.stale')}</Notice>
      )}
      {packages === undefined && read.isError
        ? <Panel><ErrorState error={read.error} onRetry={() => void read.refetch()} /></Panel>
        : (
          <>
            <Upload />
            <Section title={t('packages.listed')}>
              {packages === undefined
                ? <Loading><div className={cells.skeletons}>{[18, 14, 16].map(width => <Skeleton key={width} width={`${width}rem`} height="1rem" />)}</div></Loading>
                : packages.length === 0
                  ? <EmptyState icon="folder" title={t('packages.empty.title')}>{t('packages.empty.text')}</EmptyState>
                  : <PackageTable packages={packages} onTell={setTold} onAsk={(step, of) => setAsked({ step, of })} />}
            </Section>
            <Log />
          </>
        )}
      {told && (
        <Dialog title={`${titleOf(told)} ${told.version}`} isWide onClose={() => setTold(undefined)} actions={<Button onClick={() => setTold(undefined)}>{t('close')}</Button>}>
          <About of={told} />
        </Dialog>
      )}
      {asked && <Confirm asked={asked} onClose={() => setAsked(undefined)} />}
    </Page>
  );
}

const titleOf = (of: Package) => of.text.title ?? of.name;

const tones: Record<Schemas['PackageStatus'], Tone> = { Uploaded: 'warn', Approved: 'good', Withdrawn: 'neutral' };

function PackageTable({ packages, onTell, onAsk }: { packages: readonly Package[]; onTell: (of: Package) => void; onAsk: (step: Step, of: Package) => void }) {
  const { t } = useTranslation('operator');
  const format = useFormat();
  const columns: Column<Package>[] = [
    {
      key: 'package', title: t('column.package'), narrow: 'plain',
      cell: of => (
        <span className={cells.stack}>
          <button type="button" className={cells.name} onClick={() => onTell(of)}><bdi>{titleOf(of)}</bdi></button>
          <span className={cells.minor}><bdi>{of.name}</bdi></span>
        </span>
      ),
    },
    { key: 'version', title: t('column.version'), cell: of => of.version },
    { key: 'state', title: t('column.state'), narrow: 'corner', cell: of => <Badge tone={tones[of.status]} title={t(`status.${of.status}Why`)}>{t(`status.${of.status}`)}</Badge> },
    { key: 'signedBy', title: t('column.signedBy'), cell: of => (of.signedBy === null ? <span className={cells.soft}>{t('unsigned')}</span> : <code className={styles.code}>{of.signedBy}</code>) },
    { key: 'length', title: t('column.length'), align: 'end', cell: of => format.bytes(of.length) },
    { key: 'uploaded', title: t('column.uploaded'), cell: of => <time dateTime={of.uploadedAt}>{format.dateTime(of.uploadedAt)}</time> },
    {
      key: 'action', title: t('column.action'), align: 'end', isTitleHidden: true,
      cell: of => (of.status === 'Approved'
        ? <Button size="small" aria-label={t('withdraw.of', { name: titleOf(of), version: of.version })} onClick={() => onAsk('withdraw', of)}>{t('withdraw.action')}</Button>
        : <Button size="small" aria-label={t('approve.of', { name: titleOf(of), version: of.version })} onClick={() => onAsk('approve', of)}>{t('approve.action')}</Button>),
    },
  ];
  return <Table caption={t('packages.caption')} columns={columns} rows={packages} rowKey={of => of.hash} />;
}

function About({ of }: { of: Package }) {
  const { t } = useTranslation('operator');
  const said = (value: string | null) => (value === null ? t('about.unsaid') : <span lang="en">{value}</span>);
  return (
    <Facts facts={[
      { name: t('about.description'), value: said(of.text.description) },
      { name: t('about.intendedUse'), value: said(of.text.intendedUse) },
      { name: t('about.limitations'), value: of.text.limitations.length === 0 ? t('about.unsaid') : <ul lang="en">{of.text.limitations.map(one => <li key={one}>{one}</li>)}</ul> },
      { name: t('about.licence'), value: said(of.text.licence) },
      { name: t('column.signedBy'), value: of.signedBy === null ? t('unsigned') : <code>{of.signedBy}</code> },
      { name: 'SHA-256', value: <code>{of.hash}</code> },
    ]} />
  );
}

/** Before a decision one reads what the author says. */
function Confirm({ asked: { step, of }, onClose }: { asked: { step: Step; of: Package }; onClose: () => void }) {
  const { t } = useTranslation('operator');
  const say = useToast();
  const queries = useQueryClient();
  const values = { name: titleOf(of), version: of.version };
  const decide = useMutation({
    mutationFn: () => api.post(`/models/{hash}/${step}`, { path: { hash: of.hash } }),
    onSuccess: () => {
      say(t(`${step}.done`, values));
      onClose();
    },
    onSettled: () => Promise.all([key, logKey].map(queryKey => queries.invalidateQueries({ queryKey }))),
  });
  return (
    <Dialog title={t(`${step}.title`, values)} isWide={step === 'approve'} onClose={onClose} actions={(
      <>
        <Button onClick={onClose}>{t('cancel')}</Button>
        <Button variant={step === 'withdraw' ? 'danger' : 'primary'} busy={decide.isPending} onClick={() => decide.mutate()}>{t(`${step}.action`)}</Button>
      </>
    )}>
      <p>{t(`${step}.text`, values)}</p>
      {step === 'approve' && <About of={of} />}
      {decide.isError && (
        <Notice tone="bad" isNews>{decide.error instanceof ApiProblem && decide.error.detail !== '' ? <span lang="en">{decide.error.detail}</span> : t('failed')}</Notice>
      )}
    </Dialog>
  );
}

/** Refusals with a sentence of their own; for the others the guide is named. */
const refusals = [
  'unsigned', 'signature-malformed', 'signature-untrusted', 'not-a-zip', 'zip-damaged', 'package-size', 'package-incomplete', 'manifest', 'manifest-unfilled', 'model-hash',
  'external-data', 'custom-operator',
] as const;
const isKnown = (code: string | undefined): code is (typeof refusals)[number] => refusals.some(one => one === code);

/** A zip, and the signature that stands beside it. */
function Upload() {
  const { t } = useTranslation('operator');
  const format = useFormat();
  const queries = useQueryClient();
  const say = useToast();
  const zipInput = useRef<HTMLInputElement>(null);
  const signatureInput = useRef<HTMLInputElement>(null);
  const [zip, setZip] = useState<File>();
  const [signature, setSignature] = useState<File>();
  const [sent, setSent] = useState(0);
  const stop = useRef<AbortController>(undefined);
  const upload = useMutation({
    mutationFn: async (file: File) => {
      stop.current = new AbortController();
      setSent(0);
      return send<Schemas['UploadPackageResponse']>('/models', file, {
        headers: { 'content-type': 'application/zip', ...(signature && { 'package-signature': base64(await signature.arrayBuffer()) }) },
        signal: stop.current.signal,
        onSent: setSent,
      });
    },
    onSuccess: answer => {
      say(t('upload.done', { name: answer.name, version: answer.version }));
      setZip(undefined);
      setSignature(undefined);
    },
    onSettled: () => Promise.all([key, logKey].map(queryKey => queries.invalidateQueries({ queryKey }))),
  });
  const choose = (set: (file: File | undefined) => void) => (event: React.ChangeEvent<HTMLInputElement>) => {
    set(event.currentTarget.files?.[0]);
    event.currentTarget.value = '';
    upload.reset();
  };
  const share = zip === undefined || zip.size === 0 ? 0 : sent / zip.size;
  return (
    <Section title={t('upload.title')} text={t('upload.text')}>
      <Inset>
        <input ref={zipInput} type="file" hidden accept=".zip,application/zip" aria-label={t('upload.zip')} onChange={choose(setZip)} />
        <input ref={signatureInput} type="file" hidden accept=".sig" aria-label={t('upload.signature')} onChange={choose(setSignature)} />
        <ul className={styles.files}>
          <ChosenFile label={t('upload.zip')} file={zip} isBusy={upload.isPending} onChoose={() => zipInput.current?.click()} onRemove={() => setZip(undefined)} />
          <ChosenFile label={t('upload.signature')} file={signature} isBusy={upload.isPending} onChoose={() => signatureInput.current?.click()} onRemove={() => setSignature(undefined)} />
        </ul>
        {upload.isPending && (
          <div className={styles.sending}>
            <Progress value={share < 1 ? share : undefined} label={t('upload.progress')} />
            <p className={cells.soft} role="status">{share < 1 ? t('upload.sending', { sent: format.bytes(sent), all: format.bytes(zip?.size ?? 0) }) : t('upload.checking')}</p>
          </div>
        )}
        {upload.isError && <Refusal error={upload.error} />}
        <div className={styles.buttons}>
          <Button variant="primary" icon="upload" disabled={zip === undefined} busy={upload.isPending} onClick={() => zip && upload.mutate(zip)}>{t('upload.action')}</Button>
          {upload.isPending && <Button onClick={() => stop.current?.abort()}>{t('cancel')}</Button>}
        </div>
      </Inset>
    </Section>
  );
}

interface ChosenFileProps {
  label: string;
  file: File | undefined;
  isBusy: boolean;
  onChoose: () => void;
  onRemove: () => void;
}

function ChosenFile({ label, file, isBusy, onChoose, onRemove }: ChosenFileProps) {
  const { t } = useTranslation('operator');
  const format = useFormat();
  return (
    <li className={styles.file}>
      <span className={styles.fileLabel}>{label}</span>
      {file === undefined
        ? <Button size="small" icon="folder" aria-label={t('upload.chooseOf', { label })} onClick={onChoose}>{t('upload.choose')}</Button>
        : (
          <span className={styles.chosen}>
            <Icon name="check" size={16} /><bdi>{file.name}</bdi> <span className={cells.soft}>{format.bytes(file.size)}</span>
            <Button size="small" variant="quiet" icon="close" disabled={isBusy} aria-label={t('upload.removeOf', { label })} onClick={onRemove} />
          </span>
        )}
    </li>
  );
}

function Refusal({ error }: { error: Error }) {
  const { t } = useTranslation('operator');
  if (!(error instanceof ApiProblem)) {
    return <Notice tone="warn" isNews title={t('upload.cut.title')}>{t('upload.cut.text')}</Notice>;
  }
  const known = isKnown(error.code) ? error.code : undefined;
  return (
    <Notice tone="bad" isNews title={t('upload.refused')}>
      {error.detail !== '' && <p lang="en">{error.detail}</p>}
      {error.code !== undefined && <p>{known ? t(`refusal.${known}`) : t('upload.guide')}</p>}
      {error.code !== undefined && <p className={cells.minor}>{t('upload.code')} <code className={styles.code}>{error.code}</code></p>}
      {error.status === 413 && <p>{t('refusal.package-size')}</p>}
    </Notice>
  );
}

function base64(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes).subarray(0, 4096))); // a signature has about 70 bytes
}
