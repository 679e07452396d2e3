import type { ByteSource } from './bytes';
import { Tag } from './tags';

export interface Encoding {
  readonly isExplicit: boolean;
  readonly isLittleEndian: boolean;
}

/** How a walk over a data set ended. */
export type WalkEnd = 'end' | 'pixel-data' | 'cut' | 'broken' | 'over-budget';

export interface ElementSeen {
  readonly tag: number;
  /** Nesting: 0 in the data set itself, 1 in an item of one of its sequences … */
  readonly depth: number;
  readonly value: Uint8Array;
}

const MAX_ELEMENTS = 100_000;
const MAX_DEPTH = 64;
const MAX_VALUE = 64 << 10;
const CHUNK = 64 << 10;
const UNDEFINED = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const LONG_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

interface Frame {
  readonly end: number;
  readonly isExplicit: boolean;
  readonly isSequence: boolean;
}

/**
 * Walks the elements of a data set (PS3.5 §7) without recursion, stopping at pixel data; hands over the values of wanted tags. A sequence of
 * known length is jumped over unless it is wanted too; one of undefined length must be walked through.
 */
export class ElementWalk {
  private chunk = new Uint8Array(0);
  private chunkStart = 0;

  /** Where the walk stands; after 'pixel-data', the first byte after the tag, VR and length of it. */
  position: number;

  /** Length that pixel data declares; undefined when it is undefined. */
  pixelDataLength: number | undefined;

  constructor(
    private readonly source: ByteSource,
    start: number,
    private readonly encoding: Encoding,
    private readonly wanted: ReadonlySet<number>,
    private readonly onElement: (element: ElementSeen) => void,
    private readonly stopAfterGroup?: number,
  ) {
    this.position = start;
  }

  async run(): Promise<WalkEnd> {
    const frames: Frame[] = [];
    const { isLittleEndian } = this.encoding;
    for (let elements = 0; ; elements++) {
      while (frames.length > 0 && this.position >= (frames.at(-1)?.end ?? 0)) {
        frames.pop();
      }
      if (elements > MAX_ELEMENTS || frames.length > 2 * MAX_DEPTH) {
        return 'over-budget';
      }
      if (this.position >= this.source.size) {
        return frames.length === 0 ? 'end' : 'cut';
      }

      const start = this.position;
      const isExplicit = frames.at(-1)?.isExplicit ?? this.encoding.isExplicit;
      const view = await this.view(start, 12);
      if (view.byteLength < 8) {
        return 'cut';
      }
      const tag = ((view.getUint16(0, isLittleEndian) << 16) | view.getUint16(2, isLittleEndian)) >>> 0;
      const group = tag >>> 16;
      if (this.stopAfterGroup !== undefined && frames.length === 0 && group > this.stopAfterGroup) {
        return 'end';
      }

      let vr = '';
      let header = 8;
      let length: number;
      if (group === 0xfffe || !isExplicit) {
        length = view.getUint32(4, isLittleEndian);
      } else {
        vr = String.fromCharCode(view.getUint8(4), view.getUint8(5));
        if (!/^[A-Z]{2}$/.test(vr)) {
          return 'broken';
        }
        if (LONG_VRS.has(vr)) {
          if (view.byteLength < 12) {
            return 'cut';
          }
          header = 12;
          length = view.getUint32(8, isLittleEndian);
        } else {
          length = view.getUint16(6, isLittleEndian);
        }
      }
      this.position = start + header;

      if (tag === ITEM_END || tag === SEQUENCE_END) {
        frames.pop();
        continue;
      }
      if (tag === ITEM) {
        if (length === UNDEFINED || frames.at(-1)?.isSequence === true) {
          const end = length === UNDEFINED ? Infinity : this.position + length;
          frames.push({ end, isExplicit, isSequence: false });
        } else {
          this.position += length;
        }
        continue;
      }

      const depth = frames.filter((frame) => !frame.isSequence).length;
      if (depth === 0 && (tag === Tag.PixelData || tag === Tag.FloatPixelData || tag === Tag.DoubleFloatPixelData)) {
        this.pixelDataLength = length === UNDEFINED ? undefined : length;
        return 'pixel-data';
      }
      if (length === UNDEFINED) {
        // UN of undefined length holds implicit VR (PS3.5 §6.2.2 note 4).
        frames.push({ end: Infinity, isExplicit: isExplicit && vr !== 'UN', isSequence: true });
        continue;
      }
      if (this.wanted.has(tag)) {
        if (vr === 'SQ' || tag === Tag.DirectoryRecordSequence) {
          frames.push({ end: this.position + length, isExplicit, isSequence: true });
          continue;
        }
        if (length <= MAX_VALUE) {
          const value = await this.view(this.position, length);
          if (value.byteLength < length) {
            return 'cut';
          }
          this.onElement({ tag, depth, value: new Uint8Array(value.buffer, value.byteOffset, length) });
        }
      }
      this.position += length;
      if (this.position > this.source.size) {
        return 'cut';
      }
    }
  }

  /** `length` bytes at `offset`, or what there is of them. */
  private async view(offset: number, length: number): Promise<DataView> {
    const inChunk = offset - this.chunkStart;
    if (inChunk < 0 || inChunk + length > this.chunk.length) {
      const end = Math.min(this.source.size, offset + length);
      if (inChunk < 0 || this.chunkStart + this.chunk.length < end) {
        this.chunk = Uint8Array.from(await this.source.read(offset, Math.max(length, CHUNK)));
        this.chunkStart = offset;
      }
    }
    const at = offset - this.chunkStart;
    const available = Math.max(0, Math.min(length, this.chunk.length - at));
    return new DataView(this.chunk.buffer, this.chunk.byteOffset + Math.min(at, this.chunk.length), available);
  }
}
