/**
 * Text by Specific Character Set (0008,0005): PS3.3 §C.12.1.1.2, PS3.5 §6.1. Only for names that are shown here;
 * nothing decoded by this leaves the browser.
 */

// Terms without code extension, and what a G1 set is called where an escape sequence chooses it.
const SINGLE: Readonly<Record<string, string>> = {
  '13': 'shift_jis',
  '100': 'iso-8859-1',
  '101': 'iso-8859-2',
  '109': 'iso-8859-3',
  '110': 'iso-8859-4',
  '126': 'iso-8859-7',
  '127': 'iso-8859-6',
  '138': 'iso-8859-8',
  '144': 'iso-8859-5',
  '148': 'windows-1254',
  '166': 'windows-874',
  '203': 'iso-8859-15',
};

// Escape sequences of PS3.3 Tables C.12-3 and C.12-4 after ESC, the longer ones first.
const ESCAPES: readonly { bytes: string; g0?: 'ascii' | 'jis0208' | 'jis0212'; g1?: string }[] = [
  { bytes: '$(D', g0: 'jis0212' },
  { bytes: '$)C', g1: 'euc-kr' },
  { bytes: '$)A', g1: 'gb18030' },
  { bytes: '$B', g0: 'jis0208' },
  { bytes: '$@', g0: 'jis0208' },
  { bytes: '(B', g0: 'ascii' },
  { bytes: '(J', g0: 'ascii' },
  { bytes: ')I', g1: 'shift_jis' },
  { bytes: '-A', g1: 'iso-8859-1' },
  { bytes: '-B', g1: 'iso-8859-2' },
  { bytes: '-C', g1: 'iso-8859-3' },
  { bytes: '-D', g1: 'iso-8859-4' },
  { bytes: '-F', g1: 'iso-8859-7' },
  { bytes: '-G', g1: 'iso-8859-6' },
  { bytes: '-H', g1: 'iso-8859-8' },
  { bytes: '-L', g1: 'iso-8859-5' },
  { bytes: '-M', g1: 'windows-1254' },
  { bytes: '-T', g1: 'windows-874' },
  { bytes: '-b', g1: 'iso-8859-15' },
];

const ESC = 0x1b;

function canonical(term: string): string {
  return term.replace(/[^A-Za-z0-9]/g, '').toUpperCase();
}

function wholeLabel(term: string): string | undefined {
  switch (canonical(term)) {
    case 'ISOIR192':
    case 'ISO2022IR192':
    case 'UTF8':
      return 'utf-8';
    case 'GB18030':
    case 'ISOIRGB18030':
      return 'gb18030';
    case 'GBK':
    case 'GB2312':
      return 'gbk';
    default:
      return undefined;
  }
}

function singleLabel(term: string): string | undefined {
  return SINGLE[/IR(\d+)$/.exec(canonical(term))?.[1] ?? ''];
}

function decode(label: string, bytes: readonly number[]): string {
  return new TextDecoder(label).decode(Uint8Array.from(bytes));
}

/** The text of LO, LT, PN and their like. `terms` is the value of (0008,0005), split at its backslashes. */
export function decodeText(bytes: Uint8Array, terms: readonly string[], isPersonName = false): string {
  const first = terms[0] ?? '';
  const whole = wholeLabel(first);
  if (whole !== undefined) {
    return trim(new TextDecoder(whole).decode(bytes));
  }
  if (!bytes.some((byte) => byte >= 0x80 || byte === ESC)) {
    return trim(new TextDecoder('utf-8').decode(bytes));
  }
  if (terms.length < 2 && !bytes.includes(ESC)) {
    const declared = singleLabel(first);
    // Without a declared set: UTF-8 if it is that, else Latin 1, which never fails.
    return trim(declared === undefined ? utf8OrLatin1(bytes) : new TextDecoder(declared).decode(bytes));
  }
  return trim(decodeExtended(bytes, singleLabel(first) ?? 'iso-8859-1', isPersonName));
}

function utf8OrLatin1(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('iso-8859-1').decode(bytes);
  }
}

/** ISO 2022 code extension: runs of bytes under one G0 and one G1, both back to the first term's at a delimiter (PS3.5 §6.1.2.5.3). */
function decodeExtended(bytes: Uint8Array, initialG1: string, isPersonName: boolean): string {
  let text = '';
  let run: number[] = [];
  let runLabel = '';
  let g0: 'ascii' | 'jis0208' | 'jis0212' = 'ascii';
  let g1 = initialG1;
  const flush = () => {
    if (run.length > 0) {
      text += decode(runLabel, run);
      run = [];
    }
  };
  const push = (label: string, ...more: number[]) => {
    if (label !== runLabel) {
      flush();
      runLabel = label;
    }
    run.push(...more);
  };

  for (let i = 0; i < bytes.length; ) {
    const byte = bytes[i] ?? 0;
    if (byte === ESC) {
      const rest = String.fromCharCode(...bytes.subarray(i + 1, i + 4));
      const escape = ESCAPES.find((e) => rest.startsWith(e.bytes));
      if (escape !== undefined) {
        flush();
        g0 = escape.g0 ?? g0;
        g1 = escape.g1 ?? g1;
        i += 1 + escape.bytes.length;
        continue;
      }
    }
    const isDelimiter =
      g0 === 'ascii' &&
      (byte === 0x5c || byte === 0x0a || byte === 0x0d || byte === 0x0c || byte === 0x09 || (isPersonName && (byte === 0x5e || byte === 0x3d)));
    if (isDelimiter) {
      push('utf-8', byte);
      g1 = initialG1;
      i++;
    } else if (byte >= 0x80) {
      const isDouble = g1 === 'euc-kr' || g1 === 'gb18030';
      const next = bytes[i + 1];
      if (isDouble && next !== undefined) {
        push(g1, byte, next);
        i += 2;
      } else {
        push(g1, byte);
        i++;
      }
    } else if (g0 !== 'ascii' && byte > 0x20) {
      const next = bytes[i + 1] ?? 0x21;
      push('euc-jp', ...(g0 === 'jis0212' ? [0x8f] : []), byte | 0x80, next | 0x80);
      i += 2;
    } else {
      push('utf-8', byte);
      i++;
    }
  }
  flush();
  return text;
}

function trim(text: string): string {
  // Padding is a space or, from some writers, NUL.
  return text.replace(/^[\s\0]+|[\s\0]+$/g, '');
}
