import { useEffect, useState } from 'react';

/**
 * Who a pseudonym is, known in this browser alone: the hospital finds its own patient again, and no name ever leaves.
 * An IndexedDB database per origin; every tenant sees its own entries.
 */
export interface Patient {
  tenant: string;
  /** The PatientID that the API stores, and lists as `patientPseudonym`. */
  pseudonym: string;
  /** As the hospital's own files say: PatientID, PatientName (`FAMILY^GIVEN`), PatientBirthDate (`YYYYMMDD`), PatientSex. */
  patientId: string;
  patientName: string;
  birthDate: string;
  sex: string;
  /** Stored Study Instance UIDs, as the API lists them. */
  studyUids: string[];
}

const databaseName = 'platform-patients';
const storeName = 'patients';

let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(databaseName, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(storeName, { keyPath: ['tenant', 'pseudonym'] });
    request.onsuccess = () => {
      // Another tab's newer portal wants to change the schema: let it, and open again at the next use.
      request.result.onversionchange = () => {
        request.result.close();
        opened = undefined;
      };
      resolve(request.result);
    };
    request.onerror = () => {
      opened = undefined;
      reject(request.error ?? new Error('IndexedDB cannot be opened.'));
    };
  });
  return opened;
}

async function run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const transaction = (await open()).transaction(storeName, mode, { durability: 'strict' });
  const request = work(transaction.objectStore(storeName));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error ?? new Error('The change was not stored.'));
  });
}

const listeners = new Set<() => void>();
const otherTabs = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(databaseName);
otherTabs?.addEventListener('message', () => listeners.forEach(listener => listener()));

function tell(): void {
  listeners.forEach(listener => listener());
  otherTabs?.postMessage('changed');
}

const ofTenant = (tenant: string) => IDBKeyRange.bound([tenant], [tenant, []]);

/** Every patient of the tenant, by name. */
export async function listPatients(tenant: string): Promise<Patient[]> {
  const patients = await run<Patient[]>('readonly', store => store.getAll(ofTenant(tenant)) as IDBRequest<Patient[]>);
  return patients.sort((a, b) => a.patientName.localeCompare(b.patientName) || a.patientId.localeCompare(b.patientId));
}

export async function findPatient(tenant: string, pseudonym: string): Promise<Patient | undefined> {
  return run<Patient | undefined>('readonly', store => store.get([tenant, pseudonym]) as IDBRequest<Patient | undefined>);
}

/** Adds the patient, or brings the entry of that pseudonym up to date; its studies are the union of the old and the new. */
export async function rememberPatient(patient: Patient): Promise<void> {
  await rememberPatients([patient]);
}

export async function rememberPatients(patients: readonly Patient[]): Promise<void> {
  if (patients.length === 0) {
    return;
  }
  const transaction = (await open()).transaction(storeName, 'readwrite', { durability: 'strict' });
  const store = transaction.objectStore(storeName);
  for (const patient of patients) {
    const found = store.get([patient.tenant, patient.pseudonym]) as IDBRequest<Patient | undefined>;
    found.onsuccess = () =>
      store.put({ ...patient, studyUids: [...new Set([...(found.result?.studyUids ?? []), ...patient.studyUids])] });
  }
  await new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('The change was not stored.'));
  });
  tell();
}

export async function forgetPatient(tenant: string, pseudonym: string): Promise<void> {
  await run('readwrite', store => store.delete([tenant, pseudonym]));
  tell();
}

export async function forgetAllPatients(tenant: string): Promise<void> {
  await run('readwrite', store => store.delete(ofTenant(tenant)));
  tell();
}

const fileFormat = 'platform-patients';

/** A tenant's patients as the text of a file that {@link readPatientFile} reads: it holds names, so it belongs in the hospital only. */
export function writePatientFile(patients: readonly Patient[]): string {
  const entries = patients.map(({ pseudonym, patientId, patientName, birthDate, sex, studyUids }) => (
    { pseudonym, patientId, patientName, birthDate, sex, studyUids }));
  return JSON.stringify({ format: fileFormat, version: 1, patients: entries }, null, 2) + '\n';
}

/** Reads such a file into the tenant's patients; null where the text is something else. */
export function readPatientFile(text: string, tenant: string): Patient[] | null {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(file) || file.format !== fileFormat || file.version !== 1 || !Array.isArray(file.patients)) {
    return null;
  }
  const patients: Patient[] = [];
  for (const entry of file.patients as unknown[]) {
    if (!isRecord(entry) || typeof entry.pseudonym !== 'string' || entry.pseudonym === '') {
      return null;
    }
    const textOf = (name: string) => (typeof entry[name] === 'string' ? entry[name] : '');
    const uids = Array.isArray(entry.studyUids) ? entry.studyUids.filter(uid => typeof uid === 'string') : [];
    patients.push({
      tenant,
      pseudonym: entry.pseudonym,
      patientId: textOf('patientId'),
      patientName: textOf('patientName'),
      birthDate: textOf('birthDate'),
      sex: textOf('sex'),
      studyUids: uids,
    });
  }
  return patients;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Waiting, the patients by pseudonym, or the reason why this browser cannot keep them. */
export type PatientList =
  | { state: 'loading' }
  | { state: 'ready'; byPseudonym: ReadonlyMap<string, Patient> }
  | { state: 'failed'; error: unknown };

/** The tenant's patients, kept current while shown, also when another tab changes them. */
export function usePatients(tenant: string): PatientList {
  const [list, setList] = useState<PatientList>({ state: 'loading' });
  useEffect(() => {
    let isShown = true;
    const read = () => {
      listPatients(tenant).then(
        patients => isShown && setList({ state: 'ready', byPseudonym: new Map(patients.map(p => [p.pseudonym, p])) }),
        (error: unknown) => isShown && setList({ state: 'failed', error }),
      );
    };
    listeners.add(read);
    read();
    return () => {
      isShown = false;
      listeners.delete(read);
    };
  }, [tenant]);
  return list;
}

/** `FAMILY^GIVEN^MIDDLE` of a DICOM PN as people write it; the first of its alphabetic, ideographic, phonetic groups that has one. */
export function displayName(personName: string): string {
  const group = personName.split('=').find(part => part.trim() !== '') ?? '';
  const [family = '', given = '', middle = '', prefix = '', suffix = ''] = group.split('^').map(part => part.trim());
  const isHan = /^\p{Script=Han}+$/u.test(family + given);
  if (isHan) {
    return family + given;
  }
  const first = [prefix, given, middle].filter(Boolean).join(' ');
  return [family, first].filter(Boolean).join(', ') + (suffix ? ` ${suffix}` : '');
}
