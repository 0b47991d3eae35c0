import { OP, type ScanProgram } from './scanProgram.ts';

/** Where an entry's name is stored. */
export const NAME = { none: 0, inStrings: 1, inLineStrings: 2, here: 3, byIndex: 4 } as const;

/**
 * Reads the entries of one unit in sequence, without creating an object for each entry. Reading past the end of the
 * bytes yields zeros, and `at` never decreases, so damaged data cannot cause an endless loop.
 */
export class EntryReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  /** The offset of the next entry, or of the next part of the current one. */
  at: number;
  // The current entry's attributes: where its name is stored, and its references to other entries (-1 if an attribute
  // is missing).
  nameKind: number = NAME.none;
  nameOffset = 0;
  /** Offset from the start of the unit. */
  sibling = -1;
  /** The entry that this one completes, as an offset from the start of the unit. */
  origin = -1;
  /** The entry that this one completes, as an offset in `.debug_info`. */
  farOrigin = -1;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = bytes.length;
  }

  /** An unsigned LEB128 number. */
  leb(): number {
    const { bytes } = this;
    let byte = bytes[this.at++];
    if (!(byte >= 0x80)) return byte;
    let value = byte & 0x7f;
    for (let scale = 0x80; byte >= 0x80; scale *= 0x80) {
      byte = bytes[this.at++];
      value += (byte & 0x7f) * scale;
    }
    return value;
  }

  /** Reads an entry's attributes. */
  read({ steps }: Pick<ScanProgram, 'steps'>): void {
    this.nameKind = NAME.none;
    this.sibling = -1;
    this.origin = -1;
    this.farOrigin = -1;
    for (let i = 0; i < steps.length; i += 2) {
      const operand = steps[i + 1];
      switch (steps[i]) {
        case OP.skip:
          this.at += operand;
          break;
        case OP.skipLeb:
          this.leb();
          break;
        case OP.skipBlock:
          this.skipBlock(this.leb());
          break;
        case OP.skipSizedBlock:
          this.skipBlock(this.number(operand));
          break;
        case OP.skipString:
          this.skipString();
          break;
        case OP.nameInStrings:
          this.nameKind = NAME.inStrings;
          this.nameOffset = this.number(operand);
          break;
        case OP.nameInLineStrings:
          this.nameKind = NAME.inLineStrings;
          this.nameOffset = this.number(operand);
          break;
        case OP.nameHere:
          this.nameKind = NAME.here;
          this.nameOffset = this.at;
          this.skipString();
          break;
        case OP.nameByIndex:
          this.nameKind = NAME.byIndex;
          this.nameOffset = this.number(operand);
          break;
        case OP.sibling:
          this.sibling = this.number(operand);
          break;
        case OP.origin:
          this.origin = this.number(operand);
          break;
        case OP.farOrigin:
          this.farOrigin = this.number(operand);
          break;
      }
    }
  }

  /** An unsigned number of the given size; size 0 means LEB128. */
  private number(sizeBytes: number): number {
    if (sizeBytes === 0) return this.leb();
    const { bytes, at } = this;
    this.at = at + sizeBytes;
    if (sizeBytes === 4)
      return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
    let value = 0;
    for (let i = sizeBytes - 1; i >= 0; i--) value = value * 0x100 + (bytes[at + i] | 0);
    return value;
  }

  private skipBlock(lengthBytes: number): void {
    this.at += lengthBytes;
  }

  private skipString(): void {
    const stop = this.at < this.end ? this.bytes.indexOf(0, this.at) : -1;
    this.at = stop < 0 ? this.end + 1 : stop + 1;
  }
}
