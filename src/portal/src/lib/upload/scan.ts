import { inspect, type DicomHeader } from '@/lib/dicom/header';
import { looksLikeZip, openZip, ZipError, type ZipEntry, type ZipProblem } from '@/lib/zip/zip';
import { isSystemFile, type FoundFile } from './files';

/** An instance that can be sent. */
export interface FoundInstance {
  readonly file: FoundFile;
  readonly header: DicomHeader;
}

/** A file that is not sent, and why. */
export interface SkippedFile {
  readonly path: string;
  readonly size: number;
  readonly why: 'empty' | 'not-dicom' | 'cut' | 'no-uids' | 'unreadable' | 'nested-zip' | `zip-${ZipProblem}`;
}

export interface ScanProgress {
  readonly files: number;
  readonly instances: number;
  readonly skipped: number;
}

export interface ScanResult {
  readonly instances: readonly FoundInstance[];
  readonly skipped: readonly SkippedFile[];
  /** Files that a DICOMDIR names and that are not here. */
  readonly missing: readonly string[];
}

// Enough for nearly every header; a longer one is read whole.
const HEAD = 256 << 10;
const AT_ONCE = 4;

/** Looks into every file: instances, archives of instances, and the rest. */
export async function scan(
  files: AsyncIterable<FoundFile>,
  onProgress: (progress: ScanProgress) => void,
  signal: AbortSignal,
): Promise<ScanResult> {
  const found: { order: number; instance: FoundInstance }[] = [];
  const skipped: SkippedFile[] = [];
  const seen = new Set<string>();
  const named: { folder: string; files: readonly string[] }[] = [];
  let count = 0;

  const look = async (file: FoundFile, order: number, inArchive: boolean) => {
    try {
      const start = new Uint8Array(await (await file.head(4)).arrayBuffer());
      if (looksLikeZip(start)) {
        if (inArchive) {
          skipped.push({ path: file.path, size: file.size, why: 'nested-zip' });
        } else {
          await lookInto(file, order);
        }
        return;
      }
      let result = await inspect(await file.head(HEAD));
      if (file.size > HEAD && ((result.kind === 'none' && result.why === 'cut') || result.kind === 'directory')) {
        result = await inspect(await file.blob());
      }
      if (result.kind === 'instance') {
        found.push({ order, instance: { file, header: result } });
      } else if (result.kind === 'directory') {
        named.push({ folder: file.path.slice(0, file.path.lastIndexOf('/') + 1), files: result.files });
      } else {
        skipped.push({ path: file.path, size: file.size, why: result.why });
      }
    } catch (error) {
      skipped.push({ path: file.path, size: file.size, why: error instanceof ZipError ? `zip-${error.problem}` : 'unreadable' });
    }
  };

  const lookInto = async (archive: FoundFile, order: number) => {
    const entries = await openZip(await archive.blob());
    for (const entry of entries) {
      signal.throwIfAborted();
      const file = ofEntry(archive, entry);
      if (!isSystemFile(file.path)) {
        seen.add(file.path.toUpperCase());
        count++;
        await look(file, order, true);
        report();
      }
    }
  };

  const report = () => {
    onProgress({ files: count, instances: found.length, skipped: skipped.length });
  };

  const running = new Set<Promise<void>>();
  let order = 0;
  for await (const file of files) {
    signal.throwIfAborted();
    if (isSystemFile(file.path)) {
      continue;
    }
    seen.add(file.path.toUpperCase());
    count++;
    const one: Promise<void> = look(file, order++, false).finally(() => {
      running.delete(one);
      report();
    });
    running.add(one);
    if (running.size >= AT_ONCE) {
      await Promise.race(running);
    }
  }
  await Promise.all(running);
  signal.throwIfAborted();

  found.sort((a, b) => a.order - b.order);
  return {
    instances: found.map((one) => one.instance),
    skipped,
    missing: named.flatMap(({ folder, files: paths }) => paths.filter((path) => !isHere(seen, folder + path))),
  };
}

/** Media hold "IM000001." or "im000001;1" where the DICOMDIR says IM000001. */
function isHere(seen: ReadonlySet<string>, path: string): boolean {
  const upper = path.toUpperCase();
  return seen.has(upper) || seen.has(`${upper}.`) || seen.has(`${upper};1`) || seen.has(`${upper}.DCM`);
}

function ofEntry(archive: FoundFile, entry: ZipEntry): FoundFile {
  return {
    path: `${archive.path}/${entry.path}`,
    size: entry.size,
    modified: archive.modified,
    head: (length) => entry.head(length),
    blob: () => entry.blob(),
  };
}
