import { decodeText, Malformed } from '../base/bytes.ts';
import {
  driveCountMax,
  DRIVE_FORMATS,
  isDriveId,
  isSlot,
  sharedByDrives,
  VIRTIO_VERSIONS,
} from '../base/driveRules.ts';
import { isAppend, isFileName, isHartCount, isMemorySize, isRngSeed, LOAD_FILES_MAX } from '../base/limits.ts';
import { isUserSnapshotName } from '../base/snapshotNames.ts';
import {
  BOOT_FILE_ROLES,
  type RecordedBootFile,
  type RecordedDrive,
  type RecordedMachine,
  type RecordingHeader,
} from './header.ts';
import { chunkFlaws } from '../../messages/recordingDamage.ts';

/** Decodes and validates a header. Throws `Malformed` if it is invalid. */
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

/** Decodes the list of drives. Their ids, slots and overlays must be unique. */
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

/**
 * Decodes the list of boot files. There may be several files with the role `load`, but at most one file with each of
 * the other roles.
 */
function decodeBootFiles(top: Fields): RecordedBootFile[] {
  const lines = top.list('bootFiles', BOOT_FILE_ROLES.length - 1 + LOAD_FILES_MAX);
  const files = lines.map(decodeBootFileEntry);
  files.forEach(({ role }, index) => {
    const before = files.slice(0, index).filter((file) => file.role === role).length;
    if (before >= (role === 'load' ? LOAD_FILES_MAX : 1)) lines[index].invalid('role');
  });
  return files;
}

function decodeBootFileEntry(fields: Fields): RecordedBootFile {
  const file = {
    role: fields.oneOf('role', BOOT_FILE_ROLES),
    name: fields.text('name', isFileName),
    lengthBytes: fields.count('lengthBytes', (length) => length <= BOOT_FILE_BYTES_MAX),
    digest: fields.text('digest', isDigest),
  };
  return fields.has('address') ? { ...file, address: fields.count('address') } : file;
}

const isDigest = (text: string): boolean => /^[0-9a-f]{16}$/.test(text);

/** No machine has more memory than this. Larger boot files are rejected before memory is allocated for them. */
const BOOT_FILE_BYTES_MAX = 2 ** 31;
const WORD_LENGTH_MAX = 200;
/** A list of all extensions supported by QEMU 10 is about 900 characters long. */
const ISA_LENGTH_MAX = 2000;

/** A JSON object. Each method reads one field and checks the field's type and value. */
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
