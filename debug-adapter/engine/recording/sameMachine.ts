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
  /** The requested addresses of the files to load; null if none was given. */
  loads?: readonly (number | null)[];
  /** The drives in the order of their slots, with the digests of the current bases. */
  drives: readonly RequestedDrive[];
}

export type RequestedDrive = Pick<
  RecordedDrive,
  'id' | 'format' | 'readOnly' | 'lengthBytes' | 'contentDigest' | 'image' | 'slot' | 'virtio'
>;

/**
 * Checks the options of a replay against the recording's header before the replay starts; throws a UserError for the
 * first difference. Record and replay take the same options, and options that are not given (undefined) are taken
 * from the recording. Boot files need no check, because they are in the recording: a rebuilt kernel is not an error.
 * The idle mode does not matter either, because its effects are recorded. `file` is the recording's name.
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

/** Checks the load addresses of boot files. */
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
  // Both sides have the same drives, so only their order can differ; the guest finds them by their slots.
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
