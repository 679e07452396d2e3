import { readUpTo } from '@/lib/dicom/bytes';

/** Budgets of one archive; an archive over one of them is refused whole. */
export const ZipBudget = {
  entries: 10_000,
  directoryBytes: 32 << 20,
  /** Inflated to deflated, after the first MiB. */
  ratio: 100,
  ratioFreeBytes: 1 << 20,
  entryBytes: 2 ** 31,
} as const;

export type ZipProblem = 'not-a-zip' | 'cut' | 'too-many-entries' | 'directory-too-large' | 'encrypted' | 'method' | 'ratio' | 'too-large' | 'damaged';

export class ZipError extends Error {
  constructor(readonly problem: ZipProblem) {
    super(`zip: ${problem}`);
    this.name = 'ZipError';
  }
}

export interface ZipEntry {
  /** Path in the archive, with "/". */
  readonly path: string;
  /** Bytes when inflated, as the archive declares. */
  readonly size: number;
  /** The first bytes, inflated. */
  head(length: number): Promise<Blob>;
  /** All of it, inflated and checked against its declared size. */
  blob(): Promise<Blob>;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const MAX32 = 0xffffffff;
const MAX16 = 0xffff;
const STORED = 0;
const DEFLATED = 8;

export function looksLikeZip(start: Uint8Array): boolean {
  return start[0] === 0x50 && start[1] === 0x4b && (start[2] === 3 || start[2] === 5) && (start[3] === 4 || start[3] === 6);
}

/** The files of an archive, by its central directory (APPNOTE 6.3 §4.3); no byte of them is read yet. */
export async function openZip(file: Blob): Promise<ZipEntry[]> {
  const { offset, size, count } = await findDirectory(file);
  if (count > ZipBudget.entries) {
    throw new ZipError('too-many-entries');
  }
  if (size > ZipBudget.directoryBytes) {
    throw new ZipError('directory-too-large');
  }
  const directory = await view(file, offset, size);
  const entries: ZipEntry[] = [];
  for (let at = 0; at + 46 <= directory.byteLength; ) {
    if (directory.getUint32(at, true) !== CENTRAL) {
      break;
    }
    const nameLength = directory.getUint16(at + 28, true);
    const extraLength = directory.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + directory.getUint16(at + 32, true);
    if (next > directory.byteLength) {
      throw new ZipError('cut');
    }
    if (entries.length === ZipBudget.entries) {
      throw new ZipError('too-many-entries');
    }
    const entry = readEntry(file, directory, at, nameLength, extraLength);
    if (entry !== null) {
      entries.push(entry);
    }
    at = next;
  }
  return entries;
}

async function findDirectory(file: Blob): Promise<{ offset: number; size: number; count: number }> {
  const tailStart = Math.max(0, file.size - 22 - MAX16);
  const tail = await view(file, tailStart, file.size - tailStart);
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== END) {
    end--;
  }
  if (end < 0) {
    const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
    throw new ZipError(looksLikeZip(start) ? 'cut' : 'not-a-zip');
  }
  const count = tail.getUint16(end + 10, true);
  const size = tail.getUint32(end + 12, true);
  const offset = tail.getUint32(end + 16, true);
  if (count !== MAX16 && size !== MAX32 && offset !== MAX32) {
    return { offset, size, count };
  }

  const locatorAt = tailStart + end - 20;
  const locator = await view(file, Math.max(0, locatorAt), 20);
  if (locatorAt < 0 || locator.byteLength < 20 || locator.getUint32(0, true) !== LOCATOR64) {
    return { offset, size, count };
  }
  const end64 = await view(file, large(locator, 8), 56);
  if (end64.byteLength < 56 || end64.getUint32(0, true) !== END64) {
    throw new ZipError('cut');
  }
  return { count: large(end64, 32), size: large(end64, 40), offset: large(end64, 48) };
}

function readEntry(file: Blob, directory: DataView, at: number, nameLength: number, extraLength: number): ZipEntry | null {
  const flags = directory.getUint16(at + 8, true);
  const method = directory.getUint16(at + 10, true);
  let deflated = directory.getUint32(at + 20, true);
  let size = directory.getUint32(at + 24, true);
  let local = directory.getUint32(at + 42, true);
  const path = readName(directory, at + 46, nameLength, (flags & 0x800) !== 0);
  if (path.endsWith('/')) {
    return null;
  }

  // Zip64 extended information (APPNOTE §4.5.3): only what does not fit stands in it, in this order.
  for (let extra = at + 46 + nameLength, end = extra + extraLength; extra + 4 <= end; ) {
    const id = directory.getUint16(extra, true);
    const length = directory.getUint16(extra + 2, true);
    let field = extra + 4;
    extra = field + length;
    if (id === 0x0001 && extra <= end) {
      if (size === MAX32 && field + 8 <= extra) {
        size = large(directory, field);
        field += 8;
      }
      if (deflated === MAX32 && field + 8 <= extra) {
        deflated = large(directory, field);
        field += 8;
      }
      if (local === MAX32 && field + 8 <= extra) {
        local = large(directory, field);
      }
    }
  }

  const content = async (limit: number): Promise<Blob> => {
    if ((flags & 1) !== 0) {
      throw new ZipError('encrypted');
    }
    if (size > ZipBudget.entryBytes) {
      throw new ZipError('too-large');
    }
    const header = await view(file, local, 30);
    if (header.byteLength < 30 || header.getUint32(0, true) !== LOCAL) {
      throw new ZipError('damaged');
    }
    const start = local + 30 + header.getUint16(26, true) + header.getUint16(28, true);
    const packed = file.slice(start, start + deflated);
    if (packed.size < deflated) {
      throw new ZipError('cut');
    }
    if (method === STORED) {
      return packed.slice(0, limit);
    }
    if (method !== DEFLATED) {
      throw new ZipError('method');
    }
    return inflate(packed, size, limit);
  };
  return {
    path,
    size,
    head: (length) => content(length),
    blob: async () => {
      const whole = await content(Infinity);
      if (whole.size !== size) {
        throw new ZipError('damaged');
      }
      return whole;
    },
  };
}

/** Inflates at most `limit` bytes; more than declared, or more than the ratio allows, is refused while it comes. */
async function inflate(packed: Blob, declared: number, limit: number): Promise<Blob> {
  if (declared > ZipBudget.ratioFreeBytes && declared > packed.size * ZipBudget.ratio) {
    throw new ZipError('ratio');
  }
  // Bytes after the stream's end are an error to the decompressor, so only the entry's own go in.
  const stream = packed.stream().pipeThrough(new DecompressionStream('deflate-raw'));
  try {
    if (limit < declared) {
      return new Blob([(await readUpTo(stream, limit)) as Uint8Array<ArrayBuffer>]);
    }
    let length = 0;
    const counted = stream.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(chunk, controller) {
          length += chunk.length;
          if (length > declared) {
            controller.error(new ZipError('damaged'));
          } else {
            controller.enqueue(chunk);
          }
        },
      }),
    );
    return await new Response(counted).blob();
  } catch (error) {
    throw error instanceof ZipError ? error : new ZipError('damaged');
  }
}

function readName(directory: DataView, at: number, length: number, isUtf8: boolean): string {
  const bytes = new Uint8Array(directory.buffer, directory.byteOffset + at, length);
  let name: string;
  try {
    name = new TextDecoder('utf-8', { fatal: !isUtf8 }).decode(bytes);
  } catch {
    // Windows in China writes names in its own code page without saying so.
    name = new TextDecoder('gb18030').decode(bytes);
  }
  return name.replaceAll('\\', '/');
}

function large(of: DataView, at: number): number {
  const value = of.getBigUint64(at, true);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}

async function view(file: Blob, offset: number, length: number): Promise<DataView> {
  return new DataView(await file.slice(offset, offset + length).arrayBuffer());
}
