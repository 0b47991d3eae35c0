/** A node of a device tree. */
export interface FdtNode {
  /** The name with its unit address, such as `memory@80000000`; empty for the root. */
  name: string;
  properties: { [name: string]: FdtValue };
  children?: FdtNode[];
}

/** A string, several strings, 32-bit cells, bytes, or `true` for a property without a value. */
export type FdtValue = string | string[] | number[] | Uint8Array | true;

/**
 * Writes a flattened device tree, version 17 (Devicetree Specification 0.4, chapter 5): header, an empty memory
 * reservation block, structure and strings, packed as libfdt's fdt_pack packs them. This function works for any device
 * tree, not just this machine's.
 */
export function writeFdt(root: FdtNode): Uint8Array {
  const strings = new StringTable();
  const structure = new ByteWriter();
  writeNode(root, structure, strings);
  structure.u32(TOKEN_END);

  const structureOffset = HEADER_BYTES + RESERVATION_BYTES;
  const stringsOffset = structureOffset + structure.length;
  const totalBytes = stringsOffset + strings.bytes.length;
  const blob = new ByteWriter();
  const header = [
    MAGIC,
    totalBytes,
    structureOffset,
    stringsOffset,
    HEADER_BYTES, // off_mem_rsvmap
    VERSION,
    LAST_COMPATIBLE_VERSION,
    0, // boot_cpuid_phys
    strings.bytes.length,
    structure.length,
  ];
  for (const word of header) blob.u32(word);
  blob.bytes(new Uint8Array(RESERVATION_BYTES));
  blob.bytes(structure.result());
  blob.bytes(strings.bytes.result());
  return blob.result();
}

/** An address or size as two cells, for #address-cells = 2. */
export function cells64(value: number): [number, number] {
  return [Math.floor(value / 2 ** 32), value % 2 ** 32];
}

// Devicetree Specification 0.4, 5.2 to 5.4.
const MAGIC = 0xd00dfeed;
const VERSION = 17;
const LAST_COMPATIBLE_VERSION = 16;
const HEADER_BYTES = 40;
/** The size of the all-zero entry that terminates the reservation block. */
const RESERVATION_BYTES = 16;
const TOKEN_BEGIN_NODE = 1;
const TOKEN_END_NODE = 2;
const TOKEN_PROPERTY = 3;
const TOKEN_END = 9;

function writeNode(node: FdtNode, structure: ByteWriter, strings: StringTable): void {
  structure.u32(TOKEN_BEGIN_NODE);
  structure.string(node.name);
  structure.align();
  for (const [name, value] of Object.entries(node.properties)) {
    const bytes = encodeFdtValue(value);
    structure.u32(TOKEN_PROPERTY);
    structure.u32(bytes.length);
    structure.u32(strings.offsetOf(name));
    structure.bytes(bytes);
    structure.align();
  }
  for (const child of node.children ?? []) writeNode(child, structure, strings);
  structure.u32(TOKEN_END_NODE);
}

export function encodeFdtValue(value: FdtValue): Uint8Array {
  const writer = new ByteWriter();
  if (typeof value === 'string') writer.string(value);
  else if (value instanceof Uint8Array) writer.bytes(value);
  else if (value !== true) {
    for (const item of value) {
      if (typeof item === 'string') writer.string(item);
      else writer.u32(item);
    }
  }
  return writer.result();
}

/** The strings block: the names of all properties, each stored once. */
class StringTable {
  readonly bytes = new ByteWriter();
  private readonly offsets = new Map<string, number>();

  offsetOf(name: string): number {
    const known = this.offsets.get(name);
    if (known !== undefined) return known;
    const offset = this.bytes.length;
    this.offsets.set(name, offset);
    this.bytes.string(name);
    return offset;
  }
}

/** Writes numbers in big-endian order, as a device tree requires. */
class ByteWriter {
  length = 0;
  private buffer = new Uint8Array(256);

  u32(value: number): void {
    const offset = this.append(4);
    new DataView(this.buffer.buffer).setUint32(offset, value);
  }

  /** Appends a string as UTF-8 with a terminating zero. */
  string(text: string): void {
    this.bytes(new TextEncoder().encode(text));
    this.append(1);
  }

  bytes(bytes: Uint8Array): void {
    const offset = this.append(bytes.length);
    this.buffer.set(bytes, offset);
  }

  align(): void {
    this.append(-this.length & 3);
  }

  result(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  /** Appends zero bytes and returns the offset of the first one. */
  private append(count: number): number {
    const offset = this.length;
    this.length += count;
    if (this.length > this.buffer.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.buffer);
      this.buffer = larger;
    }
    return offset;
  }
}
