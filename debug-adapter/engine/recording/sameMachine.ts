import {
  baseChanged,
  recordedDriveMissing,
  recordedWithOther,
  recordedWithoutDrive,
} from '../../messages/recording.ts';
import type { RecordedDrive, RecordedMachine, RecordingHeader } from './header.ts';

export interface MachineOptionsGiven {
  machine: Partial<RecordedMachine>;
  append?: string;
  kernelAddress?: number;
  /**
   * The load addresses that the user requested for the files with the role `load`; null for a file without a requested
   * address.
   */
  loads?: readonly (number | null)[];
  /** The drives in slot order. Their digests are computed from the current contents of the base images. */
  drives: readonly RequestedDrive[];
}

export type RequestedDrive = Pick<
  RecordedDrive,
  'id' | 'format' | 'readOnly' | 'lengthBytes' | 'contentDigest' | 'image' | 'slot' | 'virtio'
>;

/**
 * Checks, before a replay starts, that its options match the recording's header. Throws a UserError for the first
 * difference. Record and replay accept the same options; options that the user did not give (undefined) are taken from
 * the recording. The contents of boot files are not checked, because the recording contains them; a rebuilt kernel is
 * therefore not an error. The idle mode is not checked either, because its effects are recorded. `file` is the
 * recording's file name.
 */
export function checkMachineMatches(file: string, header: RecordingHeader, requested: MachineOptionsGiven): void {
  const check: Check = (option, recorded, now) => {
    if (now === undefined || now === recorded) return;
    throw recordedWithOther({ file, option, recorded: String(recorded), requested: String(now) });
  };
  const { kind, memoryBytes, harts, isa, mmu, rngSeed, noReboot, semihosting } = requested.machine;
  check('machine', header.machine.kind, kind);
  check('memory', memoryText(header.machine.memoryBytes), memoryBytes && memoryText(memoryBytes));
  check('harts', header.machine.harts, harts);
  check('instruction set', header.machine.isa, isa);
  check('page tables', header.machine.mmu!, mmu);
  check('rng seed', seedText(header.machine.rngSeed), rngSeed === undefined ? undefined : seedText(rngSeed));
  check('no reboot', onOff(header.machine.noReboot), noReboot === undefined ? undefined : onOff(noReboot));
  check('semihosting', onOff(header.machine.semihosting), semihosting === undefined ? undefined : onOff(semihosting));
  check('append', quoted(header.append), requested.append === undefined ? undefined : quoted(requested.append));
  checkAddresses(header, requested, check);
  checkDrives(file, header.drives, requested.drives);
}

type Check = (option: string, recorded: string | number, now: string | number | undefined) => void;

/** Checks that the load addresses of boot files match. */
function checkAddresses(
  { bootFiles }: RecordingHeader,
  { kernelAddress, loads }: MachineOptionsGiven,
  check: Check,
): void {
  const kernel = bootFiles.find(({ role }) => role === 'kernel');
  check('kernel address', addressText(kernel?.address), kernelAddress && addressText(kernelAddress));
  if (!loads) return;
  const recorded = bootFiles.filter(({ role }) => role === 'load');
  check('files to load', recorded.length, loads.length);
  recorded.forEach(({ name, address }, i) => {
    check(`address of ${name}`, addressText(address), addressText(loads[i] ?? undefined));
  });
}

function checkDrives(file: string, recorded: readonly RecordedDrive[], requested: readonly RequestedDrive[]): void {
  for (const { id, image } of recorded) {
    if (!requested.some((drive) => drive.id === id)) throw recordedDriveMissing({ file, drive: id, image });
  }
  for (const { id } of requested) {
    if (!recorded.some((drive) => drive.id === id)) throw recordedWithoutDrive({ file, drive: id });
  }
  // Both lists are known to contain the same drives, so only their order can differ. The order matters because the
  // guest identifies drives by their slots.
  const order = (drives: readonly { id: string }[]) => drives.map((drive) => drive.id).join(', ');
  if (order(recorded) !== order(requested)) {
    throw recordedWithOther({
      file,
      option: 'order of drives',
      recorded: order(recorded),
      requested: order(requested),
    });
  }
  recorded.forEach((drive, slot) => checkDrive(file, drive, requested[slot]));
}

function checkDrive(file: string, recorded: RecordedDrive, requested: RequestedDrive): void {
  const check = (option: string, was: string, now: string) => {
    if (was !== now)
      throw recordedWithOther({ file, option: `drive ${recorded.id}: ${option}`, recorded: was, requested: now });
  };
  check('format', recorded.format, requested.format);
  check('slot', String(recorded.slot), String(requested.slot));
  check('virtio', String(recorded.virtio), String(requested.virtio));
  check('readonly', onOff(recorded.readOnly), onOff(requested.readOnly));
  check('length', `${recorded.lengthBytes} bytes`, `${requested.lengthBytes} bytes`);
  if (recorded.contentDigest !== requested.contentDigest) {
    throw baseChanged({ file, drive: recorded.id, image: requested.image });
  }
}

const MIB = 1 << 20;

function memoryText(bytes: number): string {
  return bytes % MIB === 0 ? `${bytes / MIB} MiB` : `${bytes} bytes`;
}

const onOff = (flag: boolean | undefined): string => (flag ? 'on' : 'off');
const seedText = (seed: string | null | undefined): string => seed?.toLowerCase() ?? 'none';
const addressText = (address: number | undefined): string =>
  address === undefined ? 'none' : `0x${address.toString(16)}`;
const quoted = (text: string): string => JSON.stringify(text);
