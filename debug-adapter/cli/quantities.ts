import { limits } from '../engine/index.ts';
import { optionBadValue } from '../messages/cli.ts';
import type { GdbListenAddress } from '../gdb/index.ts';
import { expected } from '../messages/expected.ts';

/**
 * Parses `128M`, `1G`, `262144K` or a number of bytes. Like the other functions in this file, it throws a UserError
 * that contains the name of the option and describes its valid values.
 */
export function parseMemory(option: string, value: string): number {
  const bytes = limits.parseMemorySize(value);
  if (bytes !== undefined) return bytes;
  throw optionBadValue({ option, value, expected: expected.memoryOption(limits.MEMORY_MIB) });
}

/** Like `parseMemory`, but parses the disk space for automatic snapshots. */
export function parseSnapshotSpace(option: string, value: string): number {
  const bytes = limits.parseSnapshotSpace(value);
  if (bytes !== undefined) return bytes;
  throw optionBadValue({ option, value, expected: expected.spaceOption(limits.SNAPSHOT_SPACE_MIB) });
}

export function parseHarts(option: string, value: string): number {
  const harts = /^\d$/.test(value) ? Number(value) : NaN;
  if (limits.isHartCount(harts)) return harts;
  throw optionBadValue({ option, value, expected: expected.numberBetween(1, limits.HARTS_MAX) });
}

/** Parses `1000000` or `1_000_000`. */
export function parsePosition(option: string, value: string): number {
  const position = /^\d+(_\d+)*$/.test(value) ? Number(value.replaceAll('_', '')) : NaN;
  if (Number.isSafeInteger(position)) return position;
  throw optionBadValue({
    option,
    value,
    expected: expected.position(),
  });
}

/** Parses `1234` (0 for any port), `unix:PATH` or `stdio`. */
export function parseGdbListenAddress(option: string, value: string): GdbListenAddress {
  if (value === 'stdio') return { kind: 'stdio' };
  const path = /^unix:(.+)$/s.exec(value)?.[1];
  if (path !== undefined) return { kind: 'unix', path };
  const port = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  if (port <= limits.PORT_MAX) return { kind: 'port', port };
  throw optionBadValue({ option, value, expected: expected.gdbOption(limits.PORT_MAX) });
}

/** Checks the name of the first snapshot, or a new name for a snapshot. */
export function parseSnapshotName(option: string, value: string): string {
  if (limits.isUserSnapshotName(value)) return value;
  const { SNAPSHOT_NAME_BYTES_MAX, AUTOMATIC_PREFIX } = limits;
  throw optionBadValue({ option, value, expected: expected.snapshotName(SNAPSHOT_NAME_BYTES_MAX, AUTOMATIC_PREFIX) });
}

/** Checks the value of the device tree's rng-seed. */
export function parseRngSeed(option: string, value: string): string {
  if (value === 'none' || limits.isRngSeed(value)) return value;
  throw optionBadValue({ option, value, expected: expected.rngSeed() });
}

/** Checks the kernel's command line. */
export function parseAppend(option: string, value: string): string {
  if (limits.isAppend(value)) return value;
  throw optionBadValue({ option, value, expected: expected.append(limits.APPEND_LENGTH_MAX) });
}
