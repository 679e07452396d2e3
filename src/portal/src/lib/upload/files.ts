/** A file that a person has dropped or chosen, with the folders above it. */
export interface FoundFile {
  /** Path from what was dropped, with "/". */
  readonly path: string;
  readonly size: number;
  /** Milliseconds since 1970, as the file system says. */
  readonly modified: number;
  /** The first bytes. */
  head(length: number): Promise<Blob>;
  /** All of it. Rejects when the file has gone or changed since. */
  blob(): Promise<Blob>;
}

/** What a person has dropped: files, and handles by which the browser can find them again after the tab was closed. */
export interface Dropped {
  readonly files: AsyncIterable<FoundFile>;
  readonly handles: readonly FileSystemHandle[];
}

const MAX_DEPTH = 32;
const SYSTEM_FILES = new Set(['.ds_store', 'thumbs.db', 'desktop.ini']);

/** The files of an <input>; `webkitRelativePath` holds the folders. */
export function fromList(list: Iterable<File>): Dropped {
  const files = [...list];
  return { files: each(files, (file) => found(file, file.webkitRelativePath || file.name)), handles: [] };
}

/** Must be called within the drop event: its items are gone when the event is over. */
export function fromDrop(transfer: DataTransfer): Dropped | Promise<Dropped> {
  const items = [...transfer.items].filter((item) => item.kind === 'file');
  if (items.some((item) => 'getAsFileSystemHandle' in item)) {
    const entries = items.map((item) => item.webkitGetAsEntry());
    const promises = items.map((item) =>
      (item as DataTransferItem & { getAsFileSystemHandle(): Promise<FileSystemHandle | null> }).getAsFileSystemHandle(),
    );
    return Promise.all(promises).then(
      (handles) => fromHandles(handles.filter((handle) => handle !== null)),
      // Refused for some sources (a network drive, an archive's preview): the older interface still reads them.
      () => ({ files: walkEntries(entries), handles: [] }),
    );
  }
  return { files: walkEntries(items.map((item) => item.webkitGetAsEntry())), handles: [] };
}

export function fromHandles(handles: readonly FileSystemHandle[]): Dropped {
  return { files: walkHandles(handles), handles };
}

async function* each<T>(list: readonly T[], map: (item: T) => FoundFile): AsyncGenerator<FoundFile> {
  for (const item of list) {
    yield await Promise.resolve(map(item));
  }
}

async function* walkHandles(roots: readonly FileSystemHandle[]): AsyncGenerator<FoundFile> {
  const stack = roots.map((handle) => ({ handle, path: handle.name, depth: 0 })).reverse();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { handle, path, depth } = next;
    if (handle.kind === 'file') {
      const file = await (handle as FileSystemFileHandle).getFile();
      yield found(file, path);
    } else if (depth < MAX_DEPTH) {
      const children: { handle: FileSystemHandle; path: string; depth: number }[] = [];
      for await (const child of (handle as FileSystemDirectoryHandle).values()) {
        children.push({ handle: child, path: `${path}/${child.name}`, depth: depth + 1 });
      }
      children.sort((a, b) => compareNames(b.path, a.path));
      stack.push(...children);
    }
  }
}

async function* walkEntries(roots: readonly (FileSystemEntry | null)[]): AsyncGenerator<FoundFile> {
  const stack = roots.flatMap((entry) => (entry === null ? [] : [{ entry, depth: 0 }])).reverse();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { entry, depth } = next;
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => {
        (entry as FileSystemFileEntry).file(resolve, reject);
      });
      yield found(file, entry.fullPath.replace(/^\//, ''));
    } else if (depth < MAX_DEPTH) {
      const children: FileSystemEntry[] = [];
      const reader = (entry as FileSystemDirectoryEntry).createReader();
      // It gives a hundred at a time, and nothing at the end.
      for (;;) {
        const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
          reader.readEntries(resolve, reject);
        });
        if (some.length === 0) {
          break;
        }
        children.push(...some);
      }
      children.sort((a, b) => compareNames(b.name, a.name));
      stack.push(...children.map((child) => ({ entry: child, depth: depth + 1 })));
    }
  }
}

function found(file: File, path: string): FoundFile {
  return {
    path,
    size: file.size,
    modified: file.lastModified,
    head: (length) => Promise.resolve(file.slice(0, length)),
    blob: () => Promise.resolve(file),
  };
}

/** Files that an operating system leaves in folders; nobody means to send them. */
export function isSystemFile(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  return SYSTEM_FILES.has(name) || name.startsWith('._') || path.includes('__MACOSX/');
}

const collator = new Intl.Collator('en', { numeric: true });

function compareNames(a: string, b: string): number {
  return collator.compare(a, b);
}
