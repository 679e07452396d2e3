import { useDeferredValue, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useFormat } from '@/lib/format';
import {
  displayName, forgetAllPatients, forgetPatient, readPatientFile, rememberPatients, usePatients, writePatientFile, type Patient,
} from '@/lib/patients';
import { useCan, useTenant } from '@/lib/session';
import {
  Button, Dialog, EmptyState, LinkButton, Loading, Notice, Page, Panel, SearchField, Skeleton, Table, useToast, type Column,
} from '@/ui';
import styles from './PatientsPage.module.css';

type Asked = { kind: 'one'; patient: Patient } | { kind: 'all' };

/** Which patient of the hospital a pseudonym is. The list is this browser's; the platform never sees a name. */
export default function PatientsPage() {
  const { t } = useTranslation('patients');
  const tenant = useTenant();
  const canStore = useCan('storeStudies');
  const list = usePatients(tenant);
  const say = useToast();
  const [search, setSearch] = useState('');
  const sought = useDeferredValue(search.trim().toLowerCase());
  const [asked, setAsked] = useState<Asked>();
  const file = useRef<HTMLInputElement>(null);

  const patients = list.state === 'ready' ? [...list.byPseudonym.values()] : [];
  const shown = patients.filter(patient => textOf(patient).includes(sought));

  const save = () => {
    const url = URL.createObjectURL(new Blob([writePatientFile(patients)], { type: 'application/json' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `patients-${tenant}.json`;
    link.click();
    URL.revokeObjectURL(url);
  };

  const load = async (chosen: File) => {
    const read = readPatientFile(await chosen.text(), tenant);
    if (!read) {
      say(t('import.notOurs'), 'bad');
      return;
    }
    await rememberPatients(read);
    say(t('import.done', { count: read.length }));
  };

  const forget = async (what: Asked) => {
    setAsked(undefined);
    await (what.kind === 'all' ? forgetAllPatients(tenant) : forgetPatient(tenant, what.patient.pseudonym));
    say(t('forget.done'));
  };

  const failed = () => say(t('failed'), 'bad');
  const choose = <Button icon="upload" onClick={() => file.current?.click()}>{t('import.action')}</Button>;

  return (
    <Page title={t('title')} actions={list.state === 'ready' && (
      <>
        {choose}
        {patients.length > 0 && <Button icon="download" onClick={save}>{t('export')}</Button>}
        {patients.length > 0 && <Button variant="quiet" icon="trash" onClick={() => setAsked({ kind: 'all' })}>{t('forget.all')}</Button>}
      </>
    )}>
      <input ref={file} type="file" hidden accept="application/json,.json" aria-label={t('import.action')} onChange={event => {
        const chosen = event.target.files?.[0];
        event.target.value = '';
        if (chosen) {
          load(chosen).catch(failed);
        }
      }} />
      <Notice>{t('where')}</Notice>
      {list.state === 'failed' && <Notice tone="bad" title={t('cannot.title')}>{t('cannot.text')}</Notice>}
      {patients.length > 0 && <SearchField label={t('search')} value={search} onChange={event => setSearch(event.target.value)} />}
      {list.state !== 'failed' && (
        <Panel>
          {list.state === 'loading'
            ? <Loading><div className={styles.loading}><Skeleton height="1rem" width="14rem" /><Skeleton height="1rem" width="18rem" /></div></Loading>
            : patients.length === 0
              ? (
                <EmptyState icon="patients" title={t('empty.title')} actions={canStore
                  ? <LinkButton variant="primary" icon="upload" to={`/${tenant}/upload`}>{t('empty.upload')}</LinkButton>
                  : undefined}>
                  {t('empty.text')}
                </EmptyState>
              )
              : shown.length === 0
                ? <EmptyState icon="search" title={t('noMatch.title')}>{t('noMatch.text')}</EmptyState>
                : <PatientTable patients={shown} tenant={tenant} onForget={patient => setAsked({ kind: 'one', patient })} />}
        </Panel>
      )}
      {asked && (
        <Dialog title={asked.kind === 'all' ? t('forget.allTitle', { count: patients.length }) : t('forget.oneTitle', { name: nameOf(asked.patient) })}
          onClose={() => setAsked(undefined)}
          actions={(
            <>
              <Button onClick={() => setAsked(undefined)}>{t('forget.cancel')}</Button>
              <Button variant="danger" onClick={() => void forget(asked).catch(failed)}>{t('forget.confirm')}</Button>
            </>
          )}>
          <p>{t('forget.text')}</p>
        </Dialog>
      )}
    </Page>
  );
}

const nameOf = (patient: Patient) => displayName(patient.patientName) || patient.patientId || patient.pseudonym;

const textOf = (patient: Patient) =>
  [patient.patientName, displayName(patient.patientName), patient.patientId, patient.pseudonym, patient.birthDate].join('\n').toLowerCase();

function PatientTable({ patients, tenant, onForget }: { patients: readonly Patient[]; tenant: string; onForget: (patient: Patient) => void }) {
  const { t } = useTranslation('patients');
  const format = useFormat();
  const columns: Column<Patient>[] = [
    { key: 'name', title: t('column.name'), narrow: 'plain', cell: patient => <strong className={styles.name}>{nameOf(patient)}</strong> },
    { key: 'id', title: t('column.id'), narrow: 'inline', cell: patient => patient.patientId },
    { key: 'birthDate', title: t('column.birthDate'), narrow: 'inline', cell: patient => (patient.birthDate === '' ? '' : format.dicomDate(patient.birthDate)) },
    { key: 'sex', title: t('column.sex'), narrow: 'inline', cell: patient => (isSex(patient.sex) ? t(`sex.${patient.sex}`) : patient.sex) },
    { key: 'pseudonym', title: t('column.pseudonym'), cell: patient => <code className={styles.code}>{patient.pseudonym}</code> },
    {
      key: 'studies', title: t('column.studies'),
      cell: patient => (
        <span className={styles.studies}>
          {patient.studyUids.map((uid, i) => <Link key={uid} to={`/${tenant}/studies/${uid}`}>{t('study', { number: i + 1 })}</Link>)}
        </span>
      ),
    },
    {
      key: 'forget', title: t('column.forget'), narrow: 'corner', align: 'end', isTitleHidden: true, width: '4rem',
      cell: patient => <Button variant="quiet" size="small" icon="trash" aria-label={t('forget.one', { name: nameOf(patient) })} onClick={() => onForget(patient)} />,
    },
  ];
  return <Table caption={t('caption')} columns={columns} rows={patients} rowKey={patient => patient.pseudonym} />;
}

const isSex = (sex: string): sex is 'M' | 'F' | 'O' => sex === 'M' || sex === 'F' || sex === 'O';
