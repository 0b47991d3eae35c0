import {
  DRIVES_MAX,
  isAppend,
  isDriveId,
  isFileName,
  isHartCount,
  isMemorySize,
  isOwnSnapshotName,
  isRngSeed,
  isSlot,
  LOADS_MAX,
} from '../base/limits.ts';
import { xxh64 } from '../base/xxhash64.ts';
import { headerTooLong } from '../errors/recording.ts';
import { ByteSink, ByteSource, decodeText, Malformed } from './bytes.ts';
import { FORMAT_VERSION, MAX_HEADER_PAYLOAD_BYTES } from './chunk.ts';

/**
 * What a recording says of itself before the first event: which machine, which drives, which boot files. It is JSON, so
 * that anyone can read it, and it is taken apart field by field when it is read: fields that a later version adds are
 * left alone, fields that are missing, of another type or beyond what can be recorded make the recording unreadable, so
 * that whoever uses a header has one that is possible. The boot files themselves
 * follow it, one chunk each, compressed, so that a rebuilt kernel does not orphan the recording.
 */
export interface RecordingHeader {
  formatVersion: number;
  /** The version that recorded, such as `0.1.0`. */
  blkreplayVersion: string;
  machine: RecordedMachine;
  idle: IdleMode;
  /** The kernel's command line; empty when none was given. */
  append: string;
  /** The first snapshot's name. */
  rrsnapshot: string;
  drives: RecordedDrive[];
  /** The state-only qcow2 that keeps the snapshots when no drive is writable. */
  stateFile: string | null;
  bootFiles: RecordedBootFile[];
}

export interface RecordedMachine {
  kind: 'virt';
  memoryBytes: number;
  harts: number;
  /** As in the device tree, such as `rv64imafdc_zicsr_zifencei`: exactly what the machine has (machine/cpu/extensions.ts). */
  isa: string;
  /** The deepest page tables, as in the device tree; before there were others: Sv39. */
  mmu?: 'sv39' | 'sv48';
  /** Whether there is a virtio-rng; before it could be asked for there was none. */
  rng?: boolean;
  /** `/chosen/rng-seed` in the device tree, 64 hexadecimal digits; null, or left out as it once was, for none. */
  rngSeed?: string | null;
  /** Whether a reset by the guest ended the run; before that could be asked for it did not. */
  noReboot?: boolean;
  /** Whether the guest could make semihosting calls; before that could be asked for it could not. */
  semihosting?: boolean;
}

export type IdleMode = 'warp' | 'realtime';

export interface RecordedDrive {
  id: string;
  format: 'raw' | 'qcow2';
  readOnly: boolean;
  lengthBytes: number;
  /** The base's visible bytes before the recording: 16 hexadecimal digits. */
  contentDigest: string;
  /** As the user gave it. */
  image: string;
  overlay: string | null;
  /** Its virtio slot and transport; before they could be chosen: its place among the drives, and modern. */
  slot?: number;
  virtio?: 'modern' | 'legacy';
}

/** `load` is a file beside the others, of which there may be several; `dtb` a device tree in place of the machine's. */
export type BootFileRole = 'kernel' | 'bios' | 'initrd' | 'load' | 'dtb';

export interface RecordedBootFile {
  role: BootFileRole;
  /** As the user gave it. */
  name: string;
  lengthBytes: number;
  /** XXH64: 16 hexadecimal digits. */
  digest: string;
  /** Where it was told to be loaded; not there for an ELF file, and where the machine chooses. */
  address?: number;
}

/** A boot file on its way into or out of a recording. */
export interface BootFile {
  role: BootFileRole;
  name: string;
  bytes: Uint8Array;
  address?: number;
}

/** All of the header but what the writer knows itself. */
export type HeaderToWrite = Omit<RecordingHeader, 'formatVersion' | 'bootFiles'>;

/** 64 bits as the header writes them. */
export function digestText(digest: bigint): string {
  return digest.toString(16).padStart(16, '0');
}

export function completeHeader(header: HeaderToWrite, bootFiles: readonly BootFile[]): RecordingHeader {
  return {
    formatVersion: FORMAT_VERSION,
    ...header,
    bootFiles: bootFiles.map((file) => lineOf(file, digestText(xxh64(file.bytes)))),
  };
}

/** Throws when a reader would refuse the header for its length: before a file is made for it. */
export function checkHeaderFits(header: HeaderToWrite, bootFiles: readonly BootFile[], rrfile: string): void {
  const lines = bootFiles.map((file) => lineOf(file, ANY_DIGEST));
  const { length } = encodeHeader({ formatVersion: FORMAT_VERSION, ...header, bootFiles: lines });
  if (length > MAX_HEADER_PAYLOAD_BYTES) throw headerTooLong(rrfile, { length, most: MAX_HEADER_PAYLOAD_BYTES });
}

function lineOf({ role, name, bytes, address }: BootFile, digest: string): RecordedBootFile {
  return { role, name, lengthBytes: bytes.length, digest, ...(address !== undefined && { address }) };
}

const ANY_DIGEST = digestText(0n);

export function encodeHeader(header: RecordingHeader): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(header));
}

/** Throws `Malformed`. */
export function decodeHeader(payload: Uint8Array): RecordingHeader {
  let json: unknown;
  try {
    json = JSON.parse(decodeText(payload));
  } catch {
    throw new Malformed('is not JSON');
  }
  const top = new Fields(json, 'header');
  const machine = decodeMachine(top.object('machine'));
  return {
    formatVersion: top.count('formatVersion'),
    blkreplayVersion: top.word('blkreplayVersion'),
    machine,
    idle: top.oneOf('idle', ['warp', 'realtime']),
    append: top.text('append', isAppend),
    rrsnapshot: top.text('rrsnapshot', isOwnSnapshotName),
    drives: decodeDrives(top, machine.rng ? DRIVES_MAX - 1 : DRIVES_MAX),
    stateFile: top.fileOrNull('stateFile'),
    bootFiles: decodeBootFiles(top),
  };
}

/** No machine has more memory: what goes beyond is not allocated for. */
const BOOT_FILE_BYTES_MAX = 2 ** 31;
/** Their numbers are in the chunks: there are only ever more of them. */
const ROLES: readonly BootFileRole[] = ['kernel', 'bios', 'initrd', 'load', 'dtb'];

/** The start of a boot file's chunk; the compressed bytes follow it. */
export function encodeBootFileChunk(file: BootFile, compressed: Uint8Array): Uint8Array {
  const sink = new ByteSink(compressed.length + 512);
  sink.byte(ROLES.indexOf(file.role));
  sink.text(file.name);
  sink.varint(file.bytes.length);
  sink.bytes(compressed);
  return sink.view();
}

/** Of Zstandard: a block of 128 KiB takes four bytes at least (RFC 8878, 3.1.1.2). Deflate's is 1032. */
const SHRINKING_MAX = (128 << 10) / 4;

/** Throws `Malformed`, also when the chunk is not the file that the header's line announces. */
export function decodeBootFileChunk(payload: Uint8Array, line: RecordedBootFile): Uint8Array {
  const source = new ByteSource(payload);
  const role = ROLES[source.byte()];
  const name = source.text();
  const lengthBytes = source.varint();
  if (role !== line.role || name !== line.name || lengthBytes !== line.lengthBytes) {
    throw new Malformed('is not the boot file that the header names');
  }
  const compressed = source.bytes(source.remaining);
  if (lengthBytes > (compressed.length + 1) * SHRINKING_MAX)
    throw new Malformed('states a length that its data cannot have');
  return compressed;
}

function decodeMachine(fields: Fields): Required<RecordedMachine> {
  return {
    kind: fields.oneOf('kind', ['virt']),
    memoryBytes: fields.count('memoryBytes', isMemorySize),
    harts: fields.count('harts', isHartCount),
    isa: fields.text('isa', (isa) => isa.length <= ISA_LENGTH_MAX),
    mmu: fields.has('mmu') ? fields.oneOf<'sv39' | 'sv48'>('mmu', ['sv39', 'sv48']) : 'sv39',
    rng: fields.has('rng') && fields.flag('rng'),
    rngSeed: fields.has('rngSeed') ? fields.textOrNull('rngSeed', isRngSeed) : null,
    noReboot: fields.has('noReboot') && fields.flag('noReboot'),
    semihosting: fields.has('semihosting') && fields.flag('semihosting'),
  };
}

/** No two of them share what a drive has for itself. */
function decodeDrives(top: Fields, countMax: number): RecordedDrive[] {
  const lines = top.list('drives', countMax);
  const drives = lines.map(decodeDrive);
  const isShared = (value: unknown, key: 'id' | 'slot' | 'overlay') =>
    value !== null && drives.filter((drive) => drive[key] === value).length > 1;
  for (const key of ['id', 'slot', 'overlay'] as const) {
    const index = drives.findIndex((drive) => isShared(drive[key], key));
    if (index >= 0) lines[index].bad(key);
  }
  return drives;
}

function decodeDrive(fields: Fields, index: number): RecordedDrive {
  return {
    id: fields.text('id', isDriveId),
    format: fields.oneOf('format', ['raw', 'qcow2']),
    readOnly: fields.flag('readOnly'),
    lengthBytes: fields.count('lengthBytes'),
    contentDigest: fields.text('contentDigest', isDigest),
    image: fields.text('image', isFileName),
    overlay: fields.fileOrNull('overlay'),
    slot: fields.has('slot') ? fields.count('slot', isSlot) : index,
    virtio: fields.has('virtio') ? fields.oneOf<'modern' | 'legacy'>('virtio', ['modern', 'legacy']) : 'modern',
  };
}

/** One of each role, but for files to load. */
function decodeBootFiles(top: Fields): RecordedBootFile[] {
  const lines = top.list('bootFiles', ROLES.length - 1 + LOADS_MAX);
  const files = lines.map(decodeBootFileLine);
  files.forEach(({ role }, index) => {
    const before = files.slice(0, index).filter((file) => file.role === role).length;
    if (before >= (role === 'load' ? LOADS_MAX : 1)) lines[index].bad('role');
  });
  return files;
}

function decodeBootFileLine(fields: Fields): RecordedBootFile {
  const file = {
    role: fields.oneOf('role', ROLES),
    name: fields.text('name', isFileName),
    lengthBytes: fields.count('lengthBytes', (length) => length <= BOOT_FILE_BYTES_MAX),
    digest: fields.text('digest', isDigest),
  };
  return fields.has('address') ? { ...file, address: fields.count('address') } : file;
}

const isDigest = (text: string): boolean => /^[0-9a-f]{16}$/.test(text);

const WORD_LENGTH_MAX = 200;
/** All extensions that QEMU 10 knows are some 900 characters. */
const ISA_LENGTH_MAX = 2000;

/** A JSON object whose fields are asked for by type, and by what they can be. */
class Fields {
  readonly #value: object;
  readonly #where: string;

  constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Malformed(`has a bad ${where}`);
    this.#value = value;
    this.#where = where;
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  text(name: string, isPossible: (value: string) => boolean = () => true): string {
    const value = this.#get(name);
    return typeof value === 'string' && isPossible(value) ? value : this.bad(name);
  }

  /** Such as a version: short. */
  word(name: string): string {
    return this.text(name, (text) => text.length <= WORD_LENGTH_MAX);
  }

  textOrNull(name: string, isPossible: (value: string) => boolean): string | null {
    return this.#get(name) === null ? null : this.text(name, isPossible);
  }

  fileOrNull(name: string): string | null {
    return this.textOrNull(name, isFileName);
  }

  count(name: string, isPossible: (value: number) => boolean = () => true): number {
    const value = this.#get(name);
    const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
    return isCount && isPossible(value) ? value : this.bad(name);
  }

  flag(name: string): boolean {
    const value = this.#get(name);
    return typeof value === 'boolean' ? value : this.bad(name);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.text(name);
    return allowed.find((one) => one === value) ?? this.bad(name);
  }

  object(name: string): Fields {
    return new Fields(this.#get(name), `${this.#where}.${name}`);
  }

  list(name: string, countMax: number): Fields[] {
    const value = this.#get(name);
    if (!Array.isArray(value) || value.length > countMax) return this.bad(name);
    return value.map((item, index) => new Fields(item, `${this.#where}.${name}[${index}]`));
  }

  bad(name: string): never {
    throw new Malformed(`has no valid ${this.#where}.${name}`);
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.#value, name) ? (this.#value as Record<string, unknown>)[name] : undefined;
  }
}
