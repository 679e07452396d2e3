import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A series as a scanner would write it; every value of it is made up here. */
export interface Series {
  readonly modality: 'MR' | 'CT';
  readonly patientName: string;
  readonly patientId: string;
  readonly studyDescription: string;
  readonly bodyPart: string;
  readonly columns: number;
  readonly rows: number;
  readonly slices: number;
  /** Between columns, rows and slices, mm. */
  readonly spacing: readonly [number, number, number];
  /** Stored value at column, row, slice. */
  readonly voxel: (i: number, j: number, k: number) => number;
  readonly rescaleIntercept?: number;
  readonly window: readonly [centre: number, width: number];
  /** Another one gives other UIDs. */
  readonly seed: string;
}

const mrImage = '1.2.840.10008.5.1.4.1.1.4';
const ctImage = '1.2.840.10008.5.1.4.1.1.2';
const explicitLittleEndian = '1.2.840.10008.1.2.1';

/** The hippocampus phantom that is a golden case of the model: 33 slices on which it finds one. */
export function hippocampus(seed: string, patientName: string): Series {
  const [columns, rows, slices] = [44, 60, 33];
  const bytes = readFileSync(join(__dirname, '../../src/models/hippocampus-volume/golden/sample.volume.bin'));
  return {
    modality: 'MR', patientName, patientId: 'P-0042', studyDescription: 'Hippocampus', bodyPart: 'BRAIN',
    columns, rows, slices, spacing: [0.9, 0.9, 1.2], window: [500, 1000], seed,
    voxel: (i, j, k) => bytes.readUInt16LE(2 * (i + columns * (j + rows * k))),
  };
}

/** A cylinder of water with a rod of bone in it, which no model takes. */
export function knee(seed: string, slices = 24, columns = 128): Series {
  const middle = (columns - 1) / 2;
  return {
    modality: 'CT', patientName: 'Phantom^Kurt', patientId: 'P-0043', studyDescription: 'Knee', bodyPart: 'KNEE',
    columns, rows: columns, slices, spacing: [1.2, 1.2, 3], window: [50, 400], rescaleIntercept: -1024, seed,
    voxel: (i, j, k) => {
      const [x, y] = [(i - middle) / middle, (j - middle) / middle];
      const grain = ((i * 7919 + j * 104729 + k * 1299709) % 23) - 11;
      const rod = Math.hypot(x - 0.2 * Math.sin(k / 4), y + 0.1) < 0.22;
      return Math.max(0, (rod ? 1900 : Math.hypot(x, y) < 0.8 ? 1064 : 24) + grain);
    },
  };
}

/** The knee with two lines of letters over it, as a device draws them. */
export function annotated(seed: string): Series {
  const letters = [['#...#', '#...#', '#####', '#...#', '#...#', '#...#', '#...#'], ['#####', '..#..', '..#..', '..#..', '..#..', '..#..', '..#..'],
    ['#....', '#....', '#....', '#....', '#....', '#....', '#####']];
  const plain = knee(seed, 3);
  return {
    ...plain,
    voxel: (i, j, k) => {
      const [letter, column, row] = [Math.floor((i - 8) / 7), (i - 8) % 7, (j - 6) % 12];
      const isInk = i >= 8 && letter < 12 && j >= 6 && j < 30 && letters[letter % 3]?.[row]?.[column] === '#';
      return isInk ? 4095 : plain.voxel(i, j, k);
    },
  };
}

/** Writes the series into a folder, one file a slice. */
export function write(series: Series, folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  return Array.from({ length: series.slices }, (_, k) => {
    const path = join(folder, `IM${String(k + 1).padStart(4, '0')}`);
    writeFileSync(path, instance(series, k));
    return path;
  });
}

function instance(series: Series, k: number): Buffer {
  const { columns, rows, spacing, slices } = series;
  const uid = (of: string) => `2.25.${BigInt(`0x${createHash('sha256').update(`${series.seed} ${of}`).digest('hex').slice(0, 30)}`)}`;
  const sop = uid(`instance ${k}`);
  const sopClass = series.modality === 'MR' ? mrImage : ctImage;
  const position = [-((columns - 1) / 2) * spacing[0], -((rows - 1) / 2) * spacing[1], (k - (slices - 1) / 2) * spacing[2]];
  const pixels = Buffer.alloc(columns * rows * 2);
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++) {
      pixels.writeUInt16LE(series.voxel(i, j, k), 2 * (i + columns * j));
    }
  }

  const body = Buffer.concat([
    element(0x0008, 0x0005, 'CS', 'ISO_IR 192'),
    element(0x0008, 0x0008, 'CS', series.modality === 'MR' ? 'ORIGINAL\\PRIMARY\\OTHER' : 'ORIGINAL\\PRIMARY\\AXIAL'),
    element(0x0008, 0x0016, 'UI', sopClass),
    element(0x0008, 0x0018, 'UI', sop),
    element(0x0008, 0x0020, 'DA', '20260301'),
    element(0x0008, 0x0030, 'TM', '101500'),
    element(0x0008, 0x0060, 'CS', series.modality),
    element(0x0008, 0x0070, 'LO', 'Platform'),
    element(0x0008, 0x1030, 'LO', series.studyDescription),
    element(0x0008, 0x103e, 'LO', `${series.modality} ${series.studyDescription}`),
    element(0x0010, 0x0010, 'PN', series.patientName),
    element(0x0010, 0x0020, 'LO', series.patientId),
    element(0x0010, 0x0030, 'DA', '19500417'),
    element(0x0010, 0x0040, 'CS', 'O'),
    element(0x0018, 0x0015, 'CS', series.bodyPart),
    element(0x0018, 0x0050, 'DS', String(spacing[2])),
    element(0x0018, 0x5100, 'CS', 'HFS'),
    element(0x0020, 0x000d, 'UI', uid('study')),
    element(0x0020, 0x000e, 'UI', uid('series')),
    element(0x0020, 0x0011, 'IS', '1'),
    element(0x0020, 0x0013, 'IS', String(k + 1)),
    element(0x0020, 0x0032, 'DS', position.map(part => part.toFixed(4)).join('\\')),
    element(0x0020, 0x0037, 'DS', '1\\0\\0\\0\\1\\0'),
    element(0x0020, 0x0052, 'UI', uid('frame of reference')),
    element(0x0028, 0x0002, 'US', 1),
    element(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
    element(0x0028, 0x0010, 'US', rows),
    element(0x0028, 0x0011, 'US', columns),
    element(0x0028, 0x0030, 'DS', `${spacing[1]}\\${spacing[0]}`),
    element(0x0028, 0x0100, 'US', 16),
    element(0x0028, 0x0101, 'US', 16),
    element(0x0028, 0x0102, 'US', 15),
    element(0x0028, 0x0103, 'US', 0),
    element(0x0028, 0x1050, 'DS', String(series.window[0])),
    element(0x0028, 0x1051, 'DS', String(series.window[1])),
    ...(series.rescaleIntercept === undefined ? [] : [element(0x0028, 0x1052, 'DS', String(series.rescaleIntercept)), element(0x0028, 0x1053, 'DS', '1')]),
    element(0x7fe0, 0x0010, 'OW', pixels),
  ]);
  const meta = Buffer.concat([
    element(0x0002, 0x0001, 'OB', Buffer.from([0, 1])),
    element(0x0002, 0x0002, 'UI', sopClass),
    element(0x0002, 0x0003, 'UI', sop),
    element(0x0002, 0x0010, 'UI', explicitLittleEndian),
    element(0x0002, 0x0012, 'UI', '2.25.1'),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), element(0x0002, 0x0000, 'UL', length), meta, body]);
}

/** Explicit VR, little endian (PS3.5 §7.1.2). */
function element(group: number, number: number, vr: string, value: string | number | Buffer): Buffer {
  let bytes: Buffer;
  if (typeof value === 'number') {
    bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(value);
  } else {
    bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  }
  if (bytes.length % 2 === 1) {
    bytes = Buffer.concat([bytes, Buffer.from([vr === 'UI' ? 0 : 0x20])]);
  }
  const isLong = vr === 'OB' || vr === 'OW';
  const header = Buffer.alloc(isLong ? 12 : 8);
  header.writeUInt16LE(group, 0);
  header.writeUInt16LE(number, 2);
  header.write(vr, 4, 'latin1');
  if (isLong) {
    header.writeUInt32LE(bytes.length, 8);
  } else {
    header.writeUInt16LE(bytes.length, 6);
  }
  return Buffer.concat([header, bytes]);
}
