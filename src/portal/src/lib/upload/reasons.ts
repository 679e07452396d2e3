/** Why an instance was not stored: a key of the texts `upload.reason.<key>.what` and `upload.reason.<key>.do`. */
export const refusalReasons = [
  'cut',
  'not-dicom',
  'broken',
  'uids',
  'other-study',
  'class',
  'syntax',
  'pixels-elsewhere',
  'duplicate',
  'burned-in',
  'report-text',
  'document',
  'not-marked',
  'identifies',
  'over-budget',
  'not-authorized',
  'processing',
  'unreadable',
  'request-too-large',
  'request-refused',
  'server-fault',
] as const;

export type RefusalReason = (typeof refusalReasons)[number];

/** Failure reasons of PS3.18 §I.2.2 that the service gives. */
const Code = {
  ProcessingFailure: 0x0110,
  DuplicateInstance: 0x0111,
  SopClassNotSupported: 0x0122,
  NotAuthorized: 0x0124,
  OutOfResources: 0xa700,
  DoesNotMatchSopClass: 0xa900,
  CannotUnderstand: 0xc000,
  TransferSyntaxNotSupported: 0xc122,
} as const;

/** The code says what kind of failure, the service's own comment which of that kind; a comment that is not known falls back to the code. */
export function reasonOf(code: number, comment: string): RefusalReason {
  switch (code) {
    case Code.DuplicateInstance:
      return 'duplicate';
    case Code.SopClassNotSupported:
      return 'class';
    case Code.NotAuthorized:
      return 'not-authorized';
    case Code.OutOfResources:
      return 'over-budget';
    case Code.DoesNotMatchSopClass:
      return comment.includes('another study') ? 'other-study' : 'uids';
    case Code.TransferSyntaxNotSupported:
      return comment.includes('JPIP') ? 'pixels-elsewhere' : 'syntax';
    case Code.CannotUnderstand:
      return comment.includes('ends too early') ? 'cut' : comment.includes('not a DICOM file') ? 'not-dicom' : 'broken';
    default:
      return comment.includes('Burned In')
        ? 'burned-in'
        : comment.includes('structured report')
          ? 'report-text'
          : comment.includes('document')
            ? 'document'
            : comment.includes('Not marked')
              ? 'not-marked'
              : comment.includes('still identifies')
                ? 'identifies'
                : 'processing';
  }
}
