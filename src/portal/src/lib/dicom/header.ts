import { arraySource, blobSource, readUpTo, type ByteSource } from './bytes';
import { ElementWalk, type Encoding } from './elements';
import { MEDIA_STORAGE_DIRECTORY, Syntax, Tag } from './tags';
import { decodeText } from './text';

/** What the portal reads of an instance before it is sent. Texts are as in the file and stay in the browser. */
export interface DicomHeader {
  readonly kind: 'instance';
  readonly transferSyntaxUid: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly modality: string;
  readonly patientName: string;
  readonly patientId: string;
  readonly patientBirthDate: string;
  readonly patientSex: string;
  readonly studyDate: string;
  readonly studyDescription: string;
  readonly seriesDescription: string;
  readonly seriesNumber: number | null;
  readonly instanceNumber: number | null;
  readonly bodyPart: string;
  readonly frames: number;
}

/** A DICOMDIR: the table of a medium, and the files it names, as paths from its own folder. */
export interface DicomDirectory {
  readonly kind: 'directory';
  readonly files: readonly string[];
}

/** Why a file is not sent: it is not DICOM, it ends inside its header, or it lacks the UIDs that name an instance. */
export interface NotAnInstance {
  readonly kind: 'none';
  readonly why: 'empty' | 'not-dicom' | 'cut' | 'no-uids';
}

export type Inspection = DicomHeader | DicomDirectory | NotAnInstance;

const PREAMBLE = 128;
const INFLATED_HEADER = 4 << 20;
const META_GROUP = 0x0002;
const MAX_DIRECTORY_FILES = 20_000;
const WANTED: ReadonlySet<number> = new Set<number>(
  Object.values(Tag).filter((tag) => tag >>> 16 !== META_GROUP && tag >>> 16 !== 0x0004 && tag < Tag.FloatPixelData),
);
const WANTED_OF_META: ReadonlySet<number> = new Set<number>([
  Tag.MediaStorageSopClassUid,
  Tag.MediaStorageSopInstanceUid,
  Tag.TransferSyntaxUid,
]);
const WANTED_OF_DIRECTORY: ReadonlySet<number> = new Set<number>([Tag.DirectoryRecordSequence, Tag.ReferencedFileId]);

/** Reads as much of a file as tells what it is. Never throws for what is in it, only when it can't be read. */
export async function inspect(file: Blob): Promise<Inspection> {
  const source = blobSource(file);
  if (source.size === 0) {
    return { kind: 'none', why: 'empty' };
  }
  const start = await source.read(0, PREAMBLE + 16);
  const isPart10 = ascii(start.subarray(PREAMBLE, PREAMBLE + 4)) === 'DICM';
  const metaStart = isPart10 ? PREAMBLE + 4 : 0;
  const first = start.subarray(metaStart);
  const hasMeta = first.length >= 8 && first[0] === META_GROUP && first[1] === 0;
  if (!isPart10 && !hasMeta && !looksLikeDataSet(first, source.size)) {
    return { kind: 'none', why: 'not-dicom' };
  }

  // The meta header is always explicit little endian (PS3.10 §7.1).
  const meta = new Map<number, Uint8Array>();
  let datasetStart = metaStart;
  if (hasMeta) {
    const walk = new ElementWalk(
      source,
      metaStart,
      { isExplicit: true, isLittleEndian: true },
      WANTED_OF_META,
      (element) => meta.set(element.tag, element.value),
      META_GROUP,
    );
    const end = await walk.run();
    if (end !== 'end') {
      return { kind: 'none', why: end === 'cut' ? 'cut' : 'not-dicom' };
    }
    datasetStart = walk.position;
  }

  const syntax = uid(meta.get(Tag.TransferSyntaxUid));
  let data: ByteSource = source;
  if (syntax === Syntax.DeflatedExplicitLittleEndian) {
    const inflated = file.slice(datasetStart).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    try {
      data = arraySource(await readUpTo(inflated, INFLATED_HEADER));
    } catch {
      return { kind: 'none', why: 'cut' };
    }
    datasetStart = 0;
  }

  const encoding = await encodingOf(data, datasetStart, syntax);
  if (uid(meta.get(Tag.MediaStorageSopClassUid)) === MEDIA_STORAGE_DIRECTORY) {
    return { kind: 'directory', files: await readDirectory(data, datasetStart, encoding) };
  }
  return readInstance(data, datasetStart, encoding, syntax);
}

async function readInstance(data: ByteSource, start: number, encoding: Encoding, syntax: string): Promise<Inspection> {
  const values = new Map<number, Uint8Array>();
  const walk = new ElementWalk(data, start, encoding, WANTED, (element) => {
    if (element.depth === 0) {
      values.set(element.tag, element.value);
    }
  });
  const end = await walk.run();

  const terms = ascii(values.get(Tag.SpecificCharacterSet)).split('\\').map((term) => term.trim());
  const text = (tag: number, isPersonName = false) => {
    const bytes = values.get(tag);
    return bytes === undefined ? '' : decodeText(bytes, terms, isPersonName);
  };
  const integer = (tag: number) => {
    const parsed = Number.parseInt(ascii(values.get(tag)), 10);
    return Number.isNaN(parsed) ? null : parsed;
  };

  const sopInstanceUid = uid(values.get(Tag.SopInstanceUid));
  const studyInstanceUid = uid(values.get(Tag.StudyInstanceUid));
  const seriesInstanceUid = uid(values.get(Tag.SeriesInstanceUid));
  if (sopInstanceUid === '' || studyInstanceUid === '' || seriesInstanceUid === '') {
    return { kind: 'none', why: values.size === 0 && end === 'broken' ? 'not-dicom' : end === 'cut' ? 'cut' : 'no-uids' };
  }
  return {
    kind: 'instance',
    transferSyntaxUid: syntax,
    sopClassUid: uid(values.get(Tag.SopClassUid)),
    sopInstanceUid,
    studyInstanceUid,
    seriesInstanceUid,
    modality: text(Tag.Modality),
    patientName: text(Tag.PatientName, true),
    patientId: text(Tag.PatientId),
    patientBirthDate: text(Tag.PatientBirthDate),
    patientSex: text(Tag.PatientSex),
    studyDate: text(Tag.StudyDate),
    studyDescription: text(Tag.StudyDescription),
    seriesDescription: text(Tag.SeriesDescription),
    seriesNumber: integer(Tag.SeriesNumber),
    instanceNumber: integer(Tag.InstanceNumber),
    bodyPart: text(Tag.BodyPartExamined),
    frames: integer(Tag.NumberOfFrames) ?? 1,
  };
}

async function readDirectory(data: ByteSource, start: number, encoding: Encoding): Promise<string[]> {
  const files: string[] = [];
  const walk = new ElementWalk(data, start, encoding, WANTED_OF_DIRECTORY, (element) => {
    const path = ascii(element.value).split('\\').map((part) => part.trim()).filter((part) => part !== '');
    if (element.tag === Tag.ReferencedFileId && path.length > 0 && files.length < MAX_DIRECTORY_FILES) {
      files.push(path.join('/'));
    }
  });
  await walk.run();
  return files;
}

/** The encoding that the first element really has, which some writers do not declare. */
async function encodingOf(data: ByteSource, start: number, syntax: string): Promise<Encoding> {
  const first = await data.read(start, 8);
  const isLittleEndian = syntax !== Syntax.ExplicitBigEndian || (first[0] ?? 0) > (first[1] ?? 0);
  return { isExplicit: /^[A-Z]{2}$/.test(ascii(first.subarray(4, 6))), isLittleEndian };
}

/** A file without preamble and meta header: does it begin with an element of group 0008 that fits in it? */
function looksLikeDataSet(first: Uint8Array, size: number): boolean {
  if (first.length < 8 || first[0] !== 0x08 || first[1] !== 0x00 || (first[3] ?? 1) > 0x10) {
    return false;
  }
  const view = new DataView(first.buffer, first.byteOffset, first.byteLength);
  return /^(UI|UL|CS|DA|TM|SH|LO|PN|DT)$/.test(ascii(first.subarray(4, 6))) || view.getUint32(4, true) <= Math.min(size, 4096);
}

function ascii(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : String.fromCharCode(...bytes.subarray(0, 4096));
}

function uid(bytes: Uint8Array | undefined): string {
  const value = ascii(bytes).replace(/[\s\0]+$/, '').trim();
  return /^[0-9.]{1,64}$/.test(value) ? value : '';
}
