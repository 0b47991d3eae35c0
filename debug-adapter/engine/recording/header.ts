import {
  driveCountMax,
  DRIVE_FORMATS,
  type DriveFormat,
  isDriveId,
  isSlot,
  sharedByDrives,
  VIRTIO_VERSIONS,
  type VirtioVersion,
} from '../base/driveRules.ts';
import { isAppend, isFileName, isHartCount, isMemorySize, isRngSeed, LOAD_FILES_MAX } from '../base/limits.ts';
import { isUserSnapshotName } from '../base/snapshotNames.ts';
import { xxh64 } from '../base/xxhash64.ts';
import { headerTooLong } from '../../messages/recording.ts';
import { ByteWriter, ByteReader, decodeText, Malformed } from '../base/bytes.ts';
import { FORMAT_VERSION, MAX_HEADER_PAYLOAD_BYTES } from './chunk.ts';
import { chunkFlaws } from '../../messages/recordingDamage.ts';

/**
 * The header of a recording: its machine, drives and boot files. The header is JSON, so that it can be read without
 * special tools. Every field is validated: unknown fields from later versions are ignored, and a recording is refused
 * if a field is missing, has the wrong type or is outside its limits. Every decoded header is therefore valid.
 *
 * The boot files themselves follow the header, each in one compressed chunk. A recording therefore remains usable if
 * the user rebuilds the kernel.
 */
export interface RecordingHeader {
  formatVersion: number;
  /** The version of blkreplay that made the recording, such as `0.1.0`. */
  blkreplayVersion: string;
  machine: RecordedMachine;
  idle: IdleMode;
  /** The kernel command line; empty by default. */
  append: string;
  /** The name of the snapshot at the start of the recording. */
  rrsnapshot: string;
  drives: RecordedDrive[];
  /** The state-only qcow2 image that contains the snapshots if no drive is writable. */
  stateFile: string | null;
  bootFiles: RecordedBootFile[];
}

export interface RecordedMachine {
  kind: 'virt';
  memoryBytes: number;
  harts: number;
  /**
   * The instruction set in the format of the device tree, such as `rv64imafdc_zicsr_zifencei`. It lists exactly the
   * extensions of the machine (machine/cpu/extensions.ts).
   */
  isa: string;
  /**
   * The page table format with the most levels that the harts support, as in the device tree. If the field is missing,
   * as in older recordings, the format is Sv39.
   */
  mmu?: 'sv39' | 'sv48';
  /**
   * Whether the machine has a virtio-rng device. If the field is missing, as in older recordings, the machine has none.
   */
  rng?: boolean;
  /**
   * The value of `/chosen/rng-seed` in the device tree as 64 hexadecimal digits, or null if there is no seed. If the
   * field is missing, as in older recordings, the value is null.
   */
  rngSeed?: string | null;
  /** Whether a guest reset ends the run. If the field is missing, as in older recordings, the value is false. */
  noReboot?: boolean;
  /**
   * Whether the guest can make semihosting calls. If the field is missing, as in older recordings, the value is false.
   */
  semihosting?: boolean;
}

export type IdleMode = 'warp' | 'realtime';

export interface RecordedDrive {
  id: string;
  format: DriveFormat;
  readOnly: boolean;
  lengthBytes: number;
  /**
   * The digest of all bytes of the base image that the guest can read, computed before the recording: 16 hexadecimal
   * digits.
   */
  contentDigest: string;
  /** The image's path as the user typed it. */
  image: string;
  overlay: string | null;
  /**
   * The drive's virtio slot and virtio version. In older recordings, which lack these fields, the slot is the drive's
   * index and the version is `modern`.
   */
  slot?: number;
  virtio?: VirtioVersion;
}

/**
 * What a boot file is used for. `load` is an additional file; there may be several. `dtb` is a device tree that
 * replaces the one that the machine generates.
 */
export type BootFileRole = 'kernel' | 'bios' | 'initrd' | 'load' | 'dtb';

export interface RecordedBootFile {
  role: BootFileRole;
  /** The file's path as the user typed it. */
  name: string;
  lengthBytes: number;
  /** The XXH64 of the contents: 16 hexadecimal digits. */
  digest: string;
  /** The load address that the user requested. Missing for an ELF file, or if the machine chooses the address. */
  address?: number;
}

/** A boot file that will be written to a recording or was read from one. */
export interface BootFile {
  role: BootFileRole;
  name: string;
  bytes: Uint8Array;
  address?: number;
}

/** The header fields that the caller provides. The writer adds the other fields. */
export type HeaderFields = Omit<RecordingHeader, 'formatVersion' | 'bootFiles'>;

/** A 64-bit digest in the header's format: 16 hexadecimal digits. */
export function digestText(digest: bigint): string {
  return digest.toString(16).padStart(16, '0');
}

export function completeHeader(header: HeaderFields, bootFiles: readonly BootFile[]): RecordingHeader {
  return {
    formatVersion: FORMAT_VERSION,
    ...header,
    bootFiles: bootFiles.map((file) => bootFileEntry(file, digestText(xxh64(file.bytes)))),
  };
}

/** Throws a UserError if the header would be longer than readers accept. Called before the file is created. */
export function checkHeaderLength(header: HeaderFields, bootFiles: readonly BootFile[], rrfile: string): void {
  const lines = bootFiles.map((file) => bootFileEntry(file, ANY_DIGEST));
  const { length } = encodeHeader({ formatVersion: FORMAT_VERSION, ...header, bootFiles: lines });
  if (length > MAX_HEADER_PAYLOAD_BYTES) throw headerTooLong(rrfile, { length, most: MAX_HEADER_PAYLOAD_BYTES });
}

function bootFileEntry({ role, name, bytes, address }: BootFile, digest: string): RecordedBootFile {
  return { role, name, lengthBytes: bytes.length, digest, ...(address !== undefined && { address }) };
}

const ANY_DIGEST = digestText(0n);

export function encodeHeader(header: RecordingHeader): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(header));
}

/** Decodes and validates a header. Throws `Malformed`. */
export function decodeHeader(payload: Uint8Array): RecordingHeader {
  let json: unknown;
  try {
    json = JSON.parse(decodeText(payload));
  } catch {
    throw new Malformed(chunkFlaws.notJson());
  }
  const top = new Fields(json, 'header');
  const machine = decodeMachine(top.object('machine'));
  return {
    formatVersion: top.count('formatVersion'),
    blkreplayVersion: top.shortText('blkreplayVersion'),
    machine,
    idle: top.oneOf('idle', ['warp', 'realtime']),
    append: top.text('append', isAppend),
    rrsnapshot: top.text('rrsnapshot', isUserSnapshotName),
    drives: decodeDrives(top, driveCountMax(machine.rng)),
    stateFile: top.fileOrNull('stateFile'),
    bootFiles: decodeBootFiles(top),
  };
}

/** No machine has more memory than this. Larger boot files are rejected before memory is allocated for them. */
const BOOT_FILE_BYTES_MAX = 2 ** 31;
/** Chunks contain indexes into this list, so new roles may only be appended. */
const ROLES: readonly BootFileRole[] = ['kernel', 'bios', 'initrd', 'load', 'dtb'];

/** Encodes the payload for a boot file's chunk: metadata, followed by the compressed bytes. */
export function encodeBootFileChunk(file: BootFile, compressed: Uint8Array): Uint8Array {
  const sink = new ByteWriter(compressed.length + 512);
  sink.byte(ROLES.indexOf(file.role));
  sink.text(file.name);
  sink.varint(file.bytes.length);
  sink.bytes(compressed);
  return sink.view();
}

/**
 * The maximum compression ratio of Zstandard: a block of 128 KiB takes at least four bytes (RFC 8878, 3.1.1.2). The
 * maximum ratio of deflate is 1032.
 */
const COMPRESSION_RATIO_MAX = (128 << 10) / 4;

/**
 * Decodes the payload of a boot file's chunk and returns the compressed bytes. Throws `Malformed` if the payload is
 * invalid or does not match its entry in the header.
 */
export function decodeBootFileChunk(payload: Uint8Array, line: RecordedBootFile): Uint8Array {
  const source = new ByteReader(payload);
  const role = ROLES[source.byte()];
  const name = source.text();
  const lengthBytes = source.varint();
  if (role !== line.role || name !== line.name || lengthBytes !== line.lengthBytes) {
    throw new Malformed(chunkFlaws.otherBootFile());
  }
  const compressed = source.bytes(source.remaining);
  if (lengthBytes > (compressed.length + 1) * COMPRESSION_RATIO_MAX) throw new Malformed(chunkFlaws.impossibleLength());
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

/** Decodes the drives, whose ids, slots and overlays must be unique. */
function decodeDrives(top: Fields, countMax: number): RecordedDrive[] {
  const lines = top.list('drives', countMax);
  const drives = lines.map(decodeDrive);
  const shared = sharedByDrives(drives);
  if (shared) lines[drives.indexOf(shared.first)].invalid(shared.what);
  return drives;
}

function decodeDrive(fields: Fields, index: number): RecordedDrive {
  return {
    id: fields.text('id', isDriveId),
    format: fields.oneOf('format', DRIVE_FORMATS),
    readOnly: fields.flag('readOnly'),
    lengthBytes: fields.count('lengthBytes'),
    contentDigest: fields.text('contentDigest', isDigest),
    image: fields.text('image', isFileName),
    overlay: fields.fileOrNull('overlay'),
    slot: fields.has('slot') ? fields.count('slot', isSlot) : index,
    virtio: fields.has('virtio') ? fields.oneOf('virtio', VIRTIO_VERSIONS) : 'modern',
  };
}

/** Decodes the list of boot files. There may be several files to load, but at most one file with each other role. */
function decodeBootFiles(top: Fields): RecordedBootFile[] {
  const lines = top.list('bootFiles', ROLES.length - 1 + LOAD_FILES_MAX);
  const files = lines.map(decodeBootFileEntry);
  files.forEach(({ role }, index) => {
    const before = files.slice(0, index).filter((file) => file.role === role).length;
    if (before >= (role === 'load' ? LOAD_FILES_MAX : 1)) lines[index].invalid('role');
  });
  return files;
}

function decodeBootFileEntry(fields: Fields): RecordedBootFile {
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
/** A list of all extensions supported by QEMU 10 is about 900 characters long. */
const ISA_LENGTH_MAX = 2000;

/** A JSON object. Its methods read one field each and check the field's type and value. */
class Fields {
  private readonly value: object;
  private readonly where: string;

  constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Malformed(`has a bad ${where}`);
    this.value = value;
    this.where = where;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  text(name: string, isValid: (value: string) => boolean = () => true): string {
    const value = this.get(name);
    return typeof value === 'string' && isValid(value) ? value : this.invalid(name);
  }

  /** A short string, such as a version number. */
  shortText(name: string): string {
    return this.text(name, (text) => text.length <= WORD_LENGTH_MAX);
  }

  textOrNull(name: string, isValid: (value: string) => boolean): string | null {
    return this.get(name) === null ? null : this.text(name, isValid);
  }

  fileOrNull(name: string): string | null {
    return this.textOrNull(name, isFileName);
  }

  count(name: string, isValid: (value: number) => boolean = () => true): number {
    const value = this.get(name);
    const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
    return isCount && isValid(value) ? value : this.invalid(name);
  }

  flag(name: string): boolean {
    const value = this.get(name);
    return typeof value === 'boolean' ? value : this.invalid(name);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.text(name);
    return allowed.find((one) => one === value) ?? this.invalid(name);
  }

  object(name: string): Fields {
    return new Fields(this.get(name), `${this.where}.${name}`);
  }

  list(name: string, countMax: number): Fields[] {
    const value = this.get(name);
    if (!Array.isArray(value) || value.length > countMax) return this.invalid(name);
    return value.map((item, index) => new Fields(item, `${this.where}.${name}[${index}]`));
  }

  invalid(name: string): never {
    throw new Malformed(chunkFlaws.badField(`${this.where}.${name}`));
  }

  private get(name: string): unknown {
    return Object.hasOwn(this.value, name) ? (this.value as Record<string, unknown>)[name] : undefined;
  }
}
