/** Writes small DICOM files for tests, in every encoding that the reader knows. */
export interface Writing {
  readonly isExplicit?: boolean;
  readonly isLittleEndian?: boolean;
  readonly undefinedLengths?: boolean;
}

export type Value = string | Uint8Array | number | readonly Items[];
export type Items = readonly (readonly [tag: number, vr: string, value: Value])[];

const LONG = new Set(['OB', 'OW', 'SQ', 'UN', 'UT', 'UC', 'UR']);

export function dataset(elements: Items, writing: Writing = {}): Uint8Array {
  const { isExplicit = true, isLittleEndian = true, undefinedLengths = false } = writing;
  const out: number[] = [];
  const u16 = (n: number) => (isLittleEndian ? out.push(n & 0xff, n >>> 8) : out.push(n >>> 8, n & 0xff));
  const u32 = (n: number) => {
    const bytes = [n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, n >>> 24];
    out.push(...(isLittleEndian ? bytes : bytes.reverse()));
  };
  const tagOf = (tag: number) => {
    u16(tag >>> 16);
    u16(tag & 0xffff);
  };
  for (const [tag, vr, value] of elements) {
    tagOf(tag);
    let bytes: Uint8Array;
    let length: number;
    if (Array.isArray(value)) {
      const nested: number[] = [];
      const part = (t: number, content: Uint8Array, isOpen: boolean) => {
        const header = new Uint8Array(8);
        const view = new DataView(header.buffer);
        view.setUint16(0, t >>> 16, isLittleEndian);
        view.setUint16(2, t & 0xffff, isLittleEndian);
        view.setUint32(4, isOpen ? 0xffffffff : content.length, isLittleEndian);
        nested.push(...header, ...content);
      };
      for (const item of value as readonly Items[]) {
        part(0xfffee000, dataset(item, writing), undefinedLengths);
        if (undefinedLengths) {
          part(0xfffee00d, new Uint8Array(0), false);
        }
      }
      if (undefinedLengths) {
        part(0xfffee0dd, new Uint8Array(0), false);
      }
      bytes = Uint8Array.from(nested);
      length = undefinedLengths ? 0xffffffff : bytes.length;
    } else {
      bytes = typeof value === 'string' ? new TextEncoder().encode(value) : typeof value === 'number' ? numberBytes(value, isLittleEndian) : (value as Uint8Array);
      if (bytes.length % 2 === 1) {
        bytes = Uint8Array.from([...bytes, vr === 'UI' ? 0 : 0x20]);
      }
      length = bytes.length;
    }
    if (isExplicit) {
      out.push(vr.charCodeAt(0), vr.charCodeAt(1));
      if (LONG.has(vr)) {
        u16(0);
        u32(length);
      } else {
        u16(length);
      }
    } else {
      u32(length);
    }
    for (const byte of bytes) {
      out.push(byte);
    }
  }
  return Uint8Array.from(out);
}

function numberBytes(value: number, isLittleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(2);
  new DataView(bytes.buffer).setUint16(0, value, isLittleEndian);
  return bytes;
}

/** Preamble, meta header and data set. */
export function part10(syntax: string, body: Uint8Array, sopClass = '1.2.840.10008.5.1.4.1.1.2'): Uint8Array<ArrayBuffer> {
  const meta = dataset([
    [0x00020002, 'UI', sopClass],
    [0x00020003, 'UI', '1.2.3'],
    [0x00020010, 'UI', syntax],
  ]);
  const prefix = [...new Uint8Array(128), ...new TextEncoder().encode('DICM')];
  return Uint8Array.from([...prefix, ...dataset([[0x00020000, 'UL', Uint8Array.from([meta.length, 0, 0, 0])]]), ...meta, ...body]);
}

/** An instance's data set with the attributes that the portal reads. */
export function instance(changes: Partial<Record<number, Value>> = {}): Items {
  const elements: Items = [
    [0x00080005, 'CS', 'ISO_IR 192'],
    [0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.2'],
    [0x00080018, 'UI', '1.2.3.4'],
    [0x00080020, 'DA', '20260102'],
    [0x00080060, 'CS', 'CT'],
    [0x00081030, 'LO', 'Chest'],
    [0x00081140, 'SQ', [[[0x00081155, 'UI', '9.9.9']], [[0x00100010, 'PN', 'Nested^Name']]]],
    [0x00100010, 'PN', '王^小东'],
    [0x00100020, 'LO', 'P-1'],
    [0x0020000d, 'UI', '1.2.3'],
    [0x0020000e, 'UI', '1.2.3.1'],
    [0x00200011, 'IS', '2'],
    [0x7fe00010, 'OW', new Uint8Array(64)],
  ];
  return elements.map(([tag, vr, value]) => [tag, vr, changes[tag] ?? value] as const);
}
