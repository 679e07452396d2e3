/** One instance of a request, as STOW-RS answers it (PS3.18 §10.5.3 and Annex I). */
export type InstanceOutcome =
  | { readonly kind: 'stored' }
  | { readonly kind: 'refused'; readonly code: number; readonly comment: string }
  /** The answer does not speak of it: the body broke before it. */
  | { readonly kind: 'unknown' };

interface Attribute {
  readonly vr?: string;
  readonly Value?: readonly unknown[];
}
type DataSet = Readonly<Record<string, Attribute | undefined>>;

const FAILED_SOP_SEQUENCE = '00081198';
const REFERENCED_SOP_SEQUENCE = '00081199';
const OTHER_FAILURES_SEQUENCE = '0008119A';
const FAILURE_REASON = '00081197';
const REFERENCED_SOP_INSTANCE_UID = '00081155';
const ERROR_COMMENT = '00000902';
const ORIGINAL_ATTRIBUTES_SEQUENCE = '04000561';
const MODIFIED_ATTRIBUTES_SEQUENCE = '04000550';
const SOP_INSTANCE_UID = '00080018';

/** multipart/related; type="application/dicom" of these instances. The blobs are not read into memory. */
export function multipart(parts: readonly Blob[], boundary: string): Blob {
  const pieces: BlobPart[] = [];
  for (const part of parts) {
    pieces.push(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`, part, '\r\n');
  }
  pieces.push(`--${boundary}--\r\n`);
  return new Blob(pieces);
}

export function contentType(boundary: string): string {
  return `multipart/related; type="application/dicom"; boundary=${boundary}`;
}

export function newBoundary(): string {
  return `platform-${Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/**
 * The outcome of each instance in the order in which they were sent. An entry names the instance as received: a failure by (0008,1155), a
 * success by Original Attributes where the server gave it another UID. A part that the server did not understand has no name; those come in
 * the order of the parts.
 * @param sent Received SOP Instance UIDs, in the order of the parts.
 */
export function readAnswer(answer: unknown, sent: readonly string[]): InstanceOutcome[] {
  const outcomes = sent.map((): InstanceOutcome => ({ kind: 'unknown' }));
  const root = isDataSet(answer) ? answer : {};
  const settle = (uid: string, outcome: InstanceOutcome) => {
    const index = sent.findIndex((candidate, at) => candidate === uid && outcomes[at]?.kind === 'unknown');
    if (index >= 0) {
      outcomes[index] = outcome;
    }
  };
  for (const item of items(root, REFERENCED_SOP_SEQUENCE)) {
    settle(receivedUid(item), { kind: 'stored' });
  }
  for (const item of items(root, FAILED_SOP_SEQUENCE)) {
    settle(text(item, REFERENCED_SOP_INSTANCE_UID), refusal(item));
  }
  const nameless = items(root, OTHER_FAILURES_SEQUENCE);
  let next = 0;
  for (let at = 0; at < outcomes.length && next < nameless.length; at++) {
    if (outcomes[at]?.kind === 'unknown') {
      outcomes[at] = refusal(nameless[next++] ?? {});
    }
  }
  return outcomes;
}

function receivedUid(item: DataSet): string {
  const original = items(item, ORIGINAL_ATTRIBUTES_SEQUENCE)[0] ?? {};
  const modified = items(original, MODIFIED_ATTRIBUTES_SEQUENCE)[0] ?? {};
  return text(modified, SOP_INSTANCE_UID) || text(item, REFERENCED_SOP_INSTANCE_UID);
}

function refusal(item: DataSet): InstanceOutcome {
  const code = item[FAILURE_REASON]?.Value?.[0];
  return { kind: 'refused', code: typeof code === 'number' ? code : 0x0110, comment: text(item, ERROR_COMMENT) };
}

function items(of: DataSet, tag: string): DataSet[] {
  return (of[tag]?.Value ?? []).filter(isDataSet);
}

function text(of: DataSet, tag: string): string {
  const value = of[tag]?.Value?.[0];
  return typeof value === 'string' ? value : '';
}

function isDataSet(value: unknown): value is DataSet {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
