import { limits } from '../engine/index.ts';
import { optionBadValue } from '../messages/cli.ts';
import type { GdbListenAddress } from '../gdb/index.ts';
import { expected } from '../messages/expected.ts';

const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, K: 1 << 10, M: 1 << 20, G: 1 << 30 };

/**
 * Parses `128M`, `1G`, `262144K` or a number of bytes. Like the other functions in this file, it throws a UserError
 * that names the option and the values that it accepts.
 */
export function parseMemory(option: string, value: string): number {
  const match = /^(\d+)([KMG]?)$/i.exec(value);
  const bytes = match ? Number(match[1]) * UNIT_BYTES[match[2].toUpperCase()] : NaN;
  if (limits.isMemorySize(bytes)) return bytes;
  const { min, max } = limits.MEMORY_MIB;
  throw optionBadValue({ option, value, expected: expected.memoryOption(min, max) });
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

const PORT_MAX = 65535;

/** Parses `1234` (0 for any port), `unix:PATH` or `stdio`. */
export function parseGdbListenAddress(option: string, value: string): GdbListenAddress {
  if (value === 'stdio') return { kind: 'stdio' };
  const path = /^unix:(.+)$/s.exec(value)?.[1];
  if (path !== undefined) return { kind: 'unix', path };
  const port = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  if (port <= PORT_MAX) return { kind: 'port', port };
  throw optionBadValue({ option, value, expected: expected.gdbOption(PORT_MAX) });
}

/** Checks the name of the first snapshot, or a new name for a snapshot. */
export function parseSnapshotName(option: string, value: string): string {
  if (limits.isUserSnapshotName(value)) return value;
  throw optionBadValue({ option, value, expected: expected.snapshotName(limits.SNAPSHOT_NAME_BYTES_MAX) });
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
