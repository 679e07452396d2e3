/**
 * Remembers an unfinished upload in this browser, so that a closed tab or a power cut does not begin it anew: what was to be sent, what has
 * been stored, and, where the browser allows it, the folder's handle. All of it is forgotten when the upload is finished.
 */
export interface Unfinished {
  readonly id: number;
  readonly startedAt: number;
  readonly total: number;
  readonly stored: number;
  readonly handles: readonly FileSystemHandle[];
  /** Paths of the files that are not stored yet. */
  readonly missing: readonly string[];
}

export interface Remembered {
  readonly path: string;
  readonly size: number;
  readonly modified: number;
  readonly sopInstanceUid: string;
}

interface UploadRow {
  readonly id?: number;
  readonly tenant: string;
  readonly startedAt: number;
  readonly handles: readonly FileSystemHandle[];
}

interface ItemRow {
  readonly upload: number;
  readonly key: string;
  readonly path: string;
  readonly stored: 0 | 1;
}

const NAME = 'platform-uploads';
const VERSION = 1;

/** The same file again: same object, same length, not written since. */
export function keyOf(item: Remembered): string {
  return `${item.sopInstanceUid}|${String(item.size)}|${String(item.modified)}`;
}

export class UploadMemory {
  private constructor(private readonly db: IDBDatabase) {}

  /** Null where the browser keeps nothing (private windows of some). */
  static async open(): Promise<UploadMemory | null> {
    try {
      const request = indexedDB.open(NAME, VERSION);
      request.onupgradeneeded = () => {
        const { result } = request;
        result.createObjectStore('uploads', { keyPath: 'id', autoIncrement: true });
        result.createObjectStore('items', { keyPath: ['upload', 'key', 'path'] });
      };
      return new UploadMemory(await done(request));
    } catch {
      return null;
    }
  }

  async begin(tenant: string, items: readonly (Remembered & { isStored: boolean })[], handles: readonly FileSystemHandle[]): Promise<number> {
    const row: UploadRow = { tenant, startedAt: Date.now(), handles };
    const transaction = this.db.transaction(['uploads', 'items'], 'readwrite');
    const uploads = transaction.objectStore('uploads');
    let key: IDBValidKey;
    try {
      key = await done(uploads.add(row));
    } catch (error) {
      if (handles.length === 0) {
        throw error;
      }
      return this.begin(tenant, items, []); // some browsers can't keep handles
    }
    const id = Number(key);
    for (const item of items) {
      const entry: ItemRow = { upload: id, key: keyOf(item), path: item.path, stored: item.isStored ? 1 : 0 };
      transaction.objectStore('items').put(entry);
    }
    await finished(transaction);
    return id;
  }

  async stored(id: number, items: readonly Remembered[]): Promise<void> {
    const transaction = this.db.transaction('items', 'readwrite');
    for (const item of items) {
      const entry: ItemRow = { upload: id, key: keyOf(item), path: item.path, stored: 1 };
      transaction.objectStore('items').put(entry);
    }
    await finished(transaction);
  }

  async forget(id: number): Promise<void> {
    const transaction = this.db.transaction(['uploads', 'items'], 'readwrite');
    transaction.objectStore('uploads').delete(id);
    transaction.objectStore('items').delete(itemsOf(id));
    await finished(transaction);
  }

  /** The unfinished uploads of a tenant, the newest first. */
  async unfinished(tenant: string): Promise<Unfinished[]> {
    const transaction = this.db.transaction(['uploads', 'items']);
    const uploads = (await done(transaction.objectStore('uploads').getAll())) as (UploadRow & { id: number })[];
    const found: Unfinished[] = [];
    for (const upload of uploads.filter((row) => row.tenant === tenant)) {
      const items = (await done(transaction.objectStore('items').getAll(itemsOf(upload.id)))) as ItemRow[];
      found.push({
        id: upload.id,
        startedAt: upload.startedAt,
        handles: upload.handles,
        total: items.length,
        stored: items.filter((item) => item.stored === 1).length,
        missing: items.filter((item) => item.stored === 0).map((item) => item.path),
      });
    }
    return found.reverse();
  }

  /** Keys of what unfinished uploads of a tenant have stored. */
  async storedKeys(tenant: string): Promise<Set<string>> {
    const transaction = this.db.transaction(['uploads', 'items']);
    const uploads = (await done(transaction.objectStore('uploads').getAll())) as (UploadRow & { id: number })[];
    const keys = new Set<string>();
    for (const upload of uploads.filter((row) => row.tenant === tenant)) {
      for (const item of (await done(transaction.objectStore('items').getAll(itemsOf(upload.id)))) as ItemRow[]) {
        if (item.stored === 1) {
          keys.add(item.key);
        }
      }
    }
    return keys;
  }
}

function itemsOf(id: number): IDBKeyRange {
  return IDBKeyRange.bound([id], [id, []]);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error('IndexedDB'));
    };
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = transaction.onerror = () => {
      reject(transaction.error ?? new Error('IndexedDB'));
    };
  });
}
