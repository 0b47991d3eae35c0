import { limits } from '../engine/index.ts';
import { driveBad, drivesShare, driveTwice, tooManyDrives, type DriveProblem, driveProblems } from '../messages/cli.ts';
import { expected } from '../messages/expected.ts';

/** A drive from the command line. */
export interface DriveOption {
  id: string;
  image: string;
  format: limits.DriveFormat;
  /** If null, a writable drive gets a temporary overlay, and a read-only drive does not get an overlay. */
  overlay: string | null;
  readOnly: boolean;
  /** If omitted, the drive gets the first free slot. */
  slot?: number;
  /** If omitted, `modern`. */
  virtio?: limits.VirtioVersion;
}

const FIELDS = ['id', 'image', 'format', 'overlay', 'readonly', 'slot', 'virtio'];

/**
 * Parses `--drive id=hd0,image=F,format=raw|qcow2[,overlay=F][,readonly][,slot=N][,virtio=modern|legacy]`: a
 * comma-separated list of fields. As in QEMU, a comma within a value is written twice, and `readonly` may also be
 * written as `readonly=on|off`.
 */
export function parseDrive(text: string): DriveOption {
  const fail = (why: DriveProblem): never => {
    throw driveBad({ drive: text, why });
  };
  const fields = fieldsOf(text, fail);
  const need = (name: string) => fields.get(name) || fail(driveProblems.missing(name));
  const drive: DriveOption = {
    id: checkId(need('id'), fail),
    image: need('image'),
    format: checkWord('format', need('format'), limits.DRIVE_FORMATS, fail),
    overlay: fields.get('overlay') ?? null,
    readOnly: checkFlag(fields.get('readonly') ?? 'off', fail),
  };
  const [slot, virtio] = [fields.get('slot'), fields.get('virtio')];
  if (slot !== undefined) drive.slot = checkSlot(slot, fail);
  if (virtio !== undefined) drive.virtio = checkWord('virtio', virtio, limits.VIRTIO_VERSIONS, fail);
  if (drive.overlay === '') fail(driveProblems.emptyOverlay());
  if (drive.overlay !== null && drive.readOnly) {
    fail(driveProblems.readOnlyWithOverlay());
  }
  if (drive.overlay === drive.image) fail(driveProblems.overlayIsImage());
  return drive;
}

/**
 * Checks that drives do not share IDs, slots or overlays, and that no overlay is another drive's image. An entropy
 * source (virtio-rng) occupies one of the slots.
 */
export function checkDrivesAreDistinct(drives: readonly DriveOption[], { rng = false } = {}): void {
  const drivesMax = limits.driveCountMax(rng);
  if (drives.length > drivesMax) throw tooManyDrives(drives.length, drivesMax);
  const shared = limits.sharedByDrives(drives);
  if (shared?.what === 'id') throw driveTwice(shared.first.id);
  if (shared) {
    const what = shared.what === 'slot' ? 'slot' : 'file';
    const value = String(shared.first[shared.what]);
    throw drivesShare({ first: shared.first.id, second: shared.second.id, what, value });
  }
  drives.forEach(({ id, image, overlay }, i) => {
    const first = drives.slice(0, i).find((other) => other.overlay === image || other.image === overlay);
    const value = first?.overlay === image ? image : overlay;
    if (first) throw drivesShare({ first: first.id, second: id, what: 'file', value: value! });
  });
}

type Fail = (why: DriveProblem) => never;

function fieldsOf(text: string, fail: Fail): Map<string, string> {
  const fields = new Map<string, string>();
  for (const field of splitAtCommas(text)) {
    const equals = field.indexOf('=');
    const name = equals < 0 ? field : field.slice(0, equals);
    if (!FIELDS.includes(name)) fail(driveProblems.unknownField(name));
    if (equals < 0 && name !== 'readonly') fail(driveProblems.noValue(name));
    if (fields.has(name)) fail(driveProblems.twice(name));
    fields.set(name, equals < 0 ? 'on' : field.slice(equals + 1));
  }
  return fields;
}

/** Splits at single commas. A double comma stands for a comma within a value. */
function splitAtCommas(text: string): string[] {
  return text.match(/(?:[^,]|,,)+/g)?.map((field) => field.replaceAll(',,', ',')) ?? [];
}

function checkId(id: string, fail: Fail): string {
  if (limits.isDriveId(id)) return id;
  return fail(driveProblems.badValue('id', id, expected.driveId(limits.DRIVE_ID_LENGTH_MAX)));
}

function checkWord<T extends string>(field: string, value: string, words: readonly T[], fail: Fail): T {
  return words.find((word) => word === value) ?? fail(driveProblems.badValue(field, value, expected.oneOf(words)));
}

function checkSlot(value: string, fail: Fail): number {
  if (/^\d$/.test(value) && limits.isSlot(Number(value))) return Number(value);
  return fail(driveProblems.badValue('slot', value, expected.numberBetween(0, limits.VIRTIO_SLOTS - 1)));
}

function checkFlag(value: string, fail: Fail): boolean {
  return checkWord('readonly', value, ['on', 'off'], fail) === 'on';
}
