import type { FoundInstance } from './scan';

export interface SeriesSummary {
  readonly uid: string;
  readonly modality: string;
  readonly description: string;
  readonly number: number | null;
  readonly bodyPart: string;
  instances: number;
  bytes: number;
}

export interface StudySummary {
  readonly uid: string;
  readonly date: string;
  readonly description: string;
  readonly patient: PatientSummary;
  readonly series: SeriesSummary[];
  instances: number;
  bytes: number;
}

export interface PatientSummary {
  readonly name: string;
  readonly id: string;
  readonly birthDate: string;
  readonly sex: string;
}

export interface FoundSummary {
  readonly studies: readonly StudySummary[];
  readonly patients: number;
  readonly series: number;
  readonly instances: number;
  readonly bytes: number;
}

/** Patients, studies and series in the order in which they were found. */
export function summarize(instances: readonly FoundInstance[]): FoundSummary {
  const studies = new Map<string, StudySummary>();
  const series = new Map<string, SeriesSummary>();
  const patients = new Set<string>();
  let bytes = 0;
  for (const { file, header } of instances) {
    bytes += file.size;
    patients.add(`${header.patientId}\0${header.patientName}`);
    let study = studies.get(header.studyInstanceUid);
    if (study === undefined) {
      study = {
        uid: header.studyInstanceUid,
        date: header.studyDate,
        description: header.studyDescription,
        patient: { name: header.patientName, id: header.patientId, birthDate: header.patientBirthDate, sex: header.patientSex },
        series: [],
        instances: 0,
        bytes: 0,
      };
      studies.set(study.uid, study);
    }
    const key = `${header.studyInstanceUid}\0${header.seriesInstanceUid}`;
    let one = series.get(key);
    if (one === undefined) {
      one = {
        uid: header.seriesInstanceUid,
        modality: header.modality,
        description: header.seriesDescription,
        number: header.seriesNumber,
        bodyPart: header.bodyPart,
        instances: 0,
        bytes: 0,
      };
      series.set(key, one);
      study.series.push(one);
    }
    one.instances++;
    one.bytes += file.size;
    study.instances++;
    study.bytes += file.size;
  }
  for (const study of studies.values()) {
    study.series.sort((a, b) => (a.number ?? Infinity) - (b.number ?? Infinity));
  }
  return { studies: [...studies.values()], patients: patients.size, series: series.size, instances: instances.length, bytes };
}
