import { deviceTreeIsBad, deviceTreeDamage } from '../../../messages/boot.ts';
import { encodeFdtValue, type FdtValue } from './fdt.ts';

/**
 * An existing device tree (`--dtb FILE`) that is validated and then edited in place (Devicetree Specification 0.4,
 * chapter 5). Unchanged parts keep their bytes and order. As in libfdt, which QEMU uses, the value of an existing
 * property is replaced in place, and a new property becomes its node's first property.
 */
export class EditableFdt {
  private reservations: Uint8Array;
  private structure: Uint8Array;
  private strings: Uint8Array;
  private bootHart: number;

  /** Throws a UserError if the file is not a device tree or is damaged. `name` is the file name used in the message. */
  constructor(bytes: Uint8Array, name: string) {
    const fail = (what: string): never => {
      throw deviceTreeIsBad({ name, what });
    };
    if (bytes.length < HEADER_BYTES) fail(deviceTreeDamage.tooShort());
    const view = viewOf(bytes);
    const field = (index: number) => view.getUint32(4 * index);
    if (field(HEADER.magic) !== MAGIC) fail(deviceTreeDamage.notOne());
    if (field(HEADER.version) < VERSION || field(HEADER.lastCompatible) > VERSION) {
      fail(deviceTreeDamage.version(field(HEADER.version), VERSION));
    }
    const totalBytes = field(HEADER.totalBytes);
    if (totalBytes > bytes.length) fail(deviceTreeDamage.truncated());
    const part = (start: number, length: number) => {
      if (start < HEADER_BYTES || start + length > totalBytes) fail(deviceTreeDamage.header());
      return bytes.slice(start, start + length);
    };
    const reservationsAt = field(HEADER.reservations);
    this.structure = part(field(HEADER.structure), field(HEADER.structureBytes));
    this.strings = part(field(HEADER.strings), field(HEADER.stringsBytes));
    this.reservations = part(reservationsAt, reservationBytes(view, reservationsAt, totalBytes) ?? totalBytes);
    this.bootHart = field(HEADER.bootHart);
    const damage = checkStructure(this.structure, this.strings);
    if (damage !== undefined) fail(damage);
  }

  /** Sets a property of a direct child of the root; adds the node if it does not exist. */
  setProperty(node: string, property: string, value: FdtValue | Uint8Array): void {
    const bytes = value instanceof Uint8Array ? value : encodeFdtValue(value);
    const propertiesStart = findNode(this.structure, node) ?? this.addNode(node);
    const name = new TextEncoder().encode(`${property}\0`);
    const old = propertiesOf(this.structure, propertiesStart).find(({ nameOffset }) =>
      matchesAt(this.strings, nameOffset, name),
    );
    const entry = propertyBytes(old?.nameOffset ?? this.offsetOfString(name), bytes);
    this.structure = old
      ? spliced(this.structure, old.start, old.end, entry)
      : spliced(this.structure, propertiesStart, propertiesStart, entry);
  }

  /** Reserves memory in addition to the tree's own reservations. */
  reserveMemory(start: number, lengthBytes: number): void {
    const entry = new Uint8Array(RESERVATION_BYTES);
    viewOf(entry).setBigUint64(0, BigInt(start));
    viewOf(entry).setBigUint64(8, BigInt(lengthBytes));
    this.reservations = spliced(this.reservations, 0, 0, entry);
  }

  /** The edited tree, with its parts packed without gaps. */
  toBytes(): Uint8Array {
    const reservationsAt = HEADER_BYTES;
    const structureAt = reservationsAt + this.reservations.length;
    const stringsAt = structureAt + this.structure.length;
    const bytes = new Uint8Array(stringsAt + this.strings.length);
    const fields = {
      ...{ magic: MAGIC, totalBytes: bytes.length, structure: structureAt, strings: stringsAt },
      ...{ reservations: reservationsAt, version: VERSION, lastCompatible: LAST_COMPATIBLE_VERSION },
      ...{ bootHart: this.bootHart, stringsBytes: this.strings.length, structureBytes: this.structure.length },
    };
    const view = viewOf(bytes);
    for (const [name, index] of Object.entries(HEADER)) view.setUint32(4 * index, fields[name as keyof typeof HEADER]);
    bytes.set(this.reservations, reservationsAt);
    bytes.set(this.structure, structureAt);
    bytes.set(this.strings, stringsAt);
    return bytes;
  }

  /** Adds a node after the root's properties. Returns the offset at which the new node's properties begin. */
  private addNode(name: string): number {
    const root = findRoot(this.structure);
    const at = propertiesOf(this.structure, root).at(-1)?.end ?? root;
    const text = padded(new TextEncoder().encode(`${name}\0`));
    const node = new Uint8Array(8 + text.length);
    viewOf(node).setUint32(0, TOKEN.beginNode);
    node.set(text, 4);
    viewOf(node).setUint32(4 + text.length, TOKEN.endNode);
    this.structure = spliced(this.structure, at, at, node);
    return at + 4 + text.length;
  }

  private offsetOfString(text: Uint8Array): number {
    const end = this.strings.length;
    for (let at = 0; at + text.length <= end; at++) if (matchesAt(this.strings, at, text)) return at;
    this.strings = spliced(this.strings, end, end, text);
    return end;
  }
}

const MAGIC = 0xd00dfeed;
const VERSION = 17;
const LAST_COMPATIBLE_VERSION = 16;
const HEADER_BYTES = 40;
const RESERVATION_BYTES = 16;
/** The indexes of the header's 32-bit words (5.2). */
const HEADER = {
  ...{ magic: 0, totalBytes: 1, structure: 2, strings: 3, reservations: 4, version: 5, lastCompatible: 6 },
  ...{ bootHart: 7, stringsBytes: 8, structureBytes: 9 },
} as const;
const TOKEN = { beginNode: 1, endNode: 2, property: 3, nop: 4, end: 9 } as const;

interface Token {
  kind: number;
  start: number;
  end: number;
  /** The node's name. */
  name: string;
  /** The offset of a property's name in the strings block. */
  nameOffset: number;
}

/** Yields the tokens up to the end token. Stops at an invalid token, which is yielded with kind 0. */
function* tokensOf(structure: Uint8Array, from = 0): Generator<Token, void, undefined> {
  const view = viewOf(structure);
  for (let start = from; start + 4 <= structure.length;) {
    const kind = view.getUint32(start);
    const token: Token = { kind, start, end: start + 4, name: '', nameOffset: 0 };
    if (kind === TOKEN.beginNode) {
      const zero = structure.indexOf(0, start + 4);
      if (zero < 0) return yield { ...token, kind: 0 };
      token.name = textAt(structure, start + 4);
      token.end = aligned(zero + 1);
    } else if (kind === TOKEN.property) {
      if (start + 12 > structure.length) return yield { ...token, kind: 0 };
      token.nameOffset = view.getUint32(start + 8);
      token.end = aligned(start + 12 + view.getUint32(start + 4));
    }
    yield token.end > structure.length ? { ...token, kind: 0 } : token;
    if (kind === TOKEN.end || token.end > structure.length) return;
    start = token.end;
  }
}

/** Describes the first error in the structure block; undefined if there is none. */
function checkStructure(structure: Uint8Array, strings: Uint8Array): string | undefined {
  let depth = 0;
  let roots = 0;
  const lastName = strings.lastIndexOf(0);
  for (const { kind, name, nameOffset } of tokensOf(structure)) {
    switch (kind) {
      case TOKEN.nop:
        break;
      case TOKEN.beginNode:
        if (depth === 0 && (roots++ > 0 || name !== '')) return deviceTreeDamage.roots();
        depth++;
        break;
      case TOKEN.endNode:
        if (depth-- === 0) return deviceTreeDamage.nodeWithoutStart();
        break;
      case TOKEN.property:
        if (depth === 0) return deviceTreeDamage.propertyOutside();
        if (nameOffset > lastName) return deviceTreeDamage.propertyUnnamed();
        break;
      case TOKEN.end:
        return depth === 0 && roots === 1 ? undefined : deviceTreeDamage.nodeNotEnded();
      default:
        return deviceTreeDamage.structure();
    }
  }
  return deviceTreeDamage.structureNotEnded();
}

/** The offset at which the root's properties begin. */
function findRoot(structure: Uint8Array): number {
  for (const { kind, end } of tokensOf(structure)) if (kind === TOKEN.beginNode) return end;
  return 0;
}

/** The offset at which the properties of a direct child of the root begin; undefined if the child does not exist. */
function findNode(structure: Uint8Array, name: string): number | undefined {
  let depth = 0;
  for (const token of tokensOf(structure)) {
    if (token.kind === TOKEN.endNode) depth--;
    if (token.kind !== TOKEN.beginNode) continue;
    if (depth === 1 && token.name === name) return token.end;
    depth++;
  }
  return undefined;
}

/** Returns the property tokens of a node; `from` is the offset at which they begin. */
function propertiesOf(structure: Uint8Array, from: number): Token[] {
  const properties: Token[] = [];
  for (const token of tokensOf(structure, from)) {
    if (token.kind === TOKEN.property) properties.push(token);
    else if (token.kind !== TOKEN.nop) break;
  }
  return properties;
}

function propertyBytes(nameOffset: number, value: Uint8Array): Uint8Array {
  const entry = new Uint8Array(12 + aligned(value.length));
  const view = viewOf(entry);
  view.setUint32(0, TOKEN.property);
  view.setUint32(4, value.length);
  view.setUint32(8, nameOffset);
  entry.set(value, 12);
  return entry;
}

/** The length of the reservation list, which ends with an all-zero entry; undefined if that entry is missing. */
function reservationBytes(view: DataView, start: number, end: number): number | undefined {
  for (let at = start; at + RESERVATION_BYTES <= end; at += RESERVATION_BYTES) {
    const isLast = view.getBigUint64(at) === 0n && view.getBigUint64(at + 8) === 0n;
    if (isLast) return at + RESERVATION_BYTES - start;
  }
  return undefined;
}

function spliced(bytes: Uint8Array, start: number, end: number, by: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length - (end - start) + by.length);
  result.set(bytes.subarray(0, start));
  result.set(by, start);
  result.set(bytes.subarray(end), start + by.length);
  return result;
}

function matchesAt(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  return text.every((byte, i) => bytes[at + i] === byte);
}

function textAt(bytes: Uint8Array, start: number): string {
  return new TextDecoder('latin1').decode(bytes.subarray(start, bytes.indexOf(0, start)));
}

const aligned = (length: number): number => Math.ceil(length / 4) * 4;

function padded(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(aligned(bytes.length));
  result.set(bytes);
  return result;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
