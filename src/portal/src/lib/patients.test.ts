import 'fake-indexeddb/auto';
import { expect, test } from 'vitest';
import {
  displayName, findPatient, forgetAllPatients, forgetPatient, listPatients, readPatientFile, rememberPatient, rememberPatients, writePatientFile, type Patient,
} from './patients';

const patient = (changes: Partial<Patient>): Patient => ({
  tenant: 'a', pseudonym: 'P1', patientId: '17', patientName: 'PHANTOM^ONE', birthDate: '19700101', sex: 'O', studyUids: ['1.2'], ...changes,
});

test('a patient is found by pseudonym in its own tenant only', async () => {
  await rememberPatient(patient({ tenant: 'found' }));
  expect(await findPatient('found', 'P1')).toMatchObject({ patientId: '17' });
  expect(await findPatient('other', 'P1')).toBeUndefined();
});

test('remembering again keeps the studies of both times', async () => {
  await rememberPatient(patient({ tenant: 'again' }));
  await rememberPatient(patient({ tenant: 'again', patientName: 'PHANTOM^NEW', studyUids: ['1.3', '1.2'] }));
  expect(await listPatients('again')).toEqual([patient({ tenant: 'again', patientName: 'PHANTOM^NEW', studyUids: ['1.2', '1.3'] })]);
});

test('the list is by name, of one tenant, and forgetting leaves the others', async () => {
  await rememberPatients([
    patient({ tenant: 'list', pseudonym: 'P2', patientName: 'B' }),
    patient({ tenant: 'list', pseudonym: 'P1', patientName: 'C' }),
    patient({ tenant: 'list', pseudonym: 'P3', patientName: 'A' }),
    patient({ tenant: 'list2' }),
  ]);
  expect((await listPatients('list')).map(p => p.pseudonym)).toEqual(['P3', 'P2', 'P1']);
  await forgetPatient('list', 'P2');
  expect(await listPatients('list')).toHaveLength(2);
  await forgetAllPatients('list');
  expect(await listPatients('list')).toEqual([]);
  expect(await listPatients('list2')).toHaveLength(1);
});

test('a written file is read into the tenant that is named', () => {
  const text = writePatientFile([patient({})]);
  expect(text).not.toContain('"tenant"');
  expect(readPatientFile(text, 'b')).toEqual([patient({ tenant: 'b' })]);
});

test.each(['', '[]', '{"format":"something"}', '{"format":"platform-patients","version":1,"patients":[{}]}', '{"format":"platform-patients","version":2,"patients":[]}'])(
  'a file that is not a list of patients is refused: %s', text => expect(readPatientFile(text, 'a')).toBeNull());

test.each([
  ['PHANTOM^ONE', 'PHANTOM, ONE'],
  ['PHANTOM^ONE^MIDDLE^Dr^Jr', 'PHANTOM, Dr ONE MIDDLE Jr'],
  ['Yamada^Tarou=山田^太郎', 'Yamada, Tarou'],
  ['=山田^太郎', '山田太郎'],
  ['王^小东', '王小东'],
  ['', ''],
])('%s is shown as %s', (stored, shown) => expect(displayName(stored)).toBe(shown));
