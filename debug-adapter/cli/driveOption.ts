import { limits } from '../engine/index.ts';
import { driveBad, drivesShare, driveTwice, tooManyDrives } from '../engine/errors/cli.ts';

/** A drive from the command line. */
export interface DriveOption {
  id: string;
  image: string;
  format: 'raw' | 'qcow2';
  /** Null means a temporary overlay, or none for a read-only drive. */
  overlay: string | null;
  readOnly: boolean;
  /** Omitted: the first free slot. */
  slot?: number;
  /** Omitted: modern. */
  virtio?: 'modern' | 'legacy';
}

const { DRIVES_MAX } = limits;
const FIELDS = ['id', 'image', 'format', 'overlay', 'readonly', 'slot', 'virtio'];
const SHAPE = 'write id=NAME,image=FILE,format=raw|qcow2[,overlay=FILE][,readonly][,slot=0..7][,virtio=modern|legacy]';

/**
 * Parses `--drive id=hd0,image=F,format=raw|qcow2[,overlay=F][,readonly][,slot=N][,virtio=modern|legacy]`: a list of
 * fields separated by commas. As in QEMU, a comma within a value is doubled, and a flag may also be written
 * `readonly=on|off`.
 */
export function parseDrive(text: string): DriveOption {
  const fail = (problem: string, allowed = SHAPE): never => {
    throw driveBad({ drive: text, problem, allowed });
  };
  const fields = fieldsOf(text, fail);
  const need = (name: string) => fields.get(name) || fail(`has no ${name}`);
  const drive: DriveOption = {
    id: checkId(need('id'), fail),
    image: need('image'),
    format: checkFormat(need('format'), fail),
    overlay: fields.get('overlay') ?? null,
    readOnly: checkFlag(fields.get('readonly') ?? 'off', fail),
  };
  const [slot, virtio] = [fields.get('slot'), fields.get('virtio')];
  if (slot !== undefined) drive.slot = checkSlot(slot, fail);
  if (virtio !== undefined) drive.virtio = checkVirtio(virtio, fail);
  if (drive.overlay === '')
    fail('has an empty overlay', 'give the overlay a file name, or leave it out for a temporary one');
  if (drive.overlay !== null && drive.readOnly) {
    fail('has both readonly and an overlay', 'leave one out, for an overlay is what takes the writes');
  }
  if (drive.overlay === drive.image) fail('has one file as image and overlay', 'give the overlay another name');
  return drive;
}

/**
 * Checks that drives do not share IDs, slots or overlays, and that no overlay is another drive's image. An entropy
 * source (virtio-rng) occupies one of the slots.
 */
export function drivesShareNothing(drives: readonly DriveOption[], { rng = false } = {}): void {
  const most = rng ? DRIVES_MAX - 1 : DRIVES_MAX;
  if (drives.length > most) throw tooManyDrives(drives.length, most);
  drives.forEach((second, index) => {
    for (const first of drives.slice(0, index)) {
      if (first.id === second.id) throw driveTwice(first.id);
      if (first.slot !== undefined && first.slot === second.slot) {
        throw drivesShare({ first: first.id, second: second.id, what: 'slot', value: String(first.slot) });
      }
      const shared = [second.overlay, second.image].find((file) => file !== null && file === first.overlay);
      const file = shared ?? (second.overlay === first.image ? first.image : undefined);
      if (file !== undefined) throw drivesShare({ first: first.id, second: second.id, what: 'file', value: file });
    }
  });
}

type Fail = (problem: string, allowed?: string) => never;

function fieldsOf(text: string, fail: Fail): Map<string, string> {
  const fields = new Map<string, string>();
  for (const field of splitAtCommas(text)) {
    const equals = field.indexOf('=');
    const name = equals < 0 ? field : field.slice(0, equals);
    if (!FIELDS.includes(name)) fail(`has an unknown field ${JSON.stringify(name)}`);
    if (equals < 0 && name !== 'readonly') fail(`has ${name} without a value`);
    if (fields.has(name)) fail(`has ${name} twice`);
    fields.set(name, equals < 0 ? 'on' : field.slice(equals + 1));
  }
  return fields;
}

/** Splits at single commas; a double comma is a comma within a value. */
function splitAtCommas(text: string): string[] {
  return text.match(/(?:[^,]|,,)+/g)?.map((field) => field.replaceAll(',,', ',')) ?? [];
}

function checkId(id: string, fail: Fail): string {
  if (limits.isDriveId(id)) return id;
  return fail(
    `has the id ${JSON.stringify(id)}`,
    'give a letter and then up to 31 letters, digits, dots, dashes or underscores',
  );
}

function checkFormat(format: string, fail: Fail): 'raw' | 'qcow2' {
  if (format === 'raw' || format === 'qcow2') return format;
  return fail(`has the format ${JSON.stringify(format)}`, 'give format=raw or format=qcow2');
}

function checkSlot(value: string, fail: Fail): number {
  if (/^[0-7]$/.test(value)) return Number(value);
  return fail(`has slot=${value}`, `give slot=0 to slot=${DRIVES_MAX - 1}`);
}

function checkVirtio(value: string, fail: Fail): 'modern' | 'legacy' {
  if (value === 'modern' || value === 'legacy') return value;
  return fail(`has virtio=${value}`, 'give virtio=modern or virtio=legacy');
}

function checkFlag(value: string, fail: Fail): boolean {
  if (value === 'on' || value === 'off') return value === 'on';
  return fail(`has readonly=${value}`, 'give readonly, readonly=on or readonly=off');
}
