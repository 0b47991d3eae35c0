import { limits } from '../engine/index.ts';
import { optionBadValue } from '../engine/errors/cli.ts';
import type { GdbPlace } from '../gdb/index.ts';

const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, K: 1 << 10, M: 1 << 20, G: 1 << 30 };

/**
 * Parses `128M`, `1G`, `262144K` or a number of bytes. Like the other functions here, it throws a UserError that names
 * the option and its rule.
 */
export function parseMemory(option: string, value: string): number {
  const match = /^(\d+)([KMG]?)$/i.exec(value);
  const bytes = match ? Number(match[1]) * UNIT_BYTES[match[2].toUpperCase()] : NaN;
  if (limits.isMemorySize(bytes)) return bytes;
  const { min, max } = limits.MEMORY_MIB;
  const allowed = `whole MiB from ${min}M to ${max / 1024}G, such as 128M, 1G, 262144K or a number of bytes`;
  throw optionBadValue({ option, value, allowed });
}

export function parseHarts(option: string, value: string): number {
  const harts = /^\d$/.test(value) ? Number(value) : NaN;
  if (limits.isHartCount(harts)) return harts;
  throw optionBadValue({ option, value, allowed: `a number from 1 to ${limits.HARTS_MAX}` });
}

/** Parses `1000000` or `1_000_000`. */
export function parsePosition(option: string, value: string): number {
  const position = /^\d+(_\d+)*$/.test(value) ? Number(value.replaceAll('_', '')) : NaN;
  if (Number.isSafeInteger(position)) return position;
  throw optionBadValue({
    option,
    value,
    allowed: 'a number of steps from 0 to 2^53 - 1, such as 1000000 or 1_000_000',
  });
}

const PORT_MAX = 65535;

/** Parses `1234` (0 for any port), `unix:PATH` or `stdio`. */
export function parseGdbPlace(option: string, value: string): GdbPlace {
  if (value === 'stdio') return { kind: 'stdio' };
  const path = /^unix:(.+)$/s.exec(value)?.[1];
  if (path !== undefined) return { kind: 'unix', path };
  const port = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  if (port <= PORT_MAX) return { kind: 'port', port };
  const allowed = `a port from 1 to ${PORT_MAX}, 0 for any that is free, unix:PATH for a socket, or stdio`;
  throw optionBadValue({ option, value, allowed });
}

/** Checks the name of the first snapshot, or a new name for a snapshot. */
export function parseSnapshotName(option: string, value: string): string {
  if (limits.isOwnSnapshotName(value)) return value;
  const allowed = `a name of 1 to ${limits.SNAPSHOT_NAME_BYTES_MAX} bytes without control characters that does not start with "auto-"`;
  throw optionBadValue({ option, value, allowed });
}

/** Checks the value of the device tree's rng-seed. */
export function parseRngSeed(option: string, value: string): string {
  if (value === 'none' || limits.isRngSeed(value)) return value;
  throw optionBadValue({ option, value, allowed: '64 hexadecimal digits (32 bytes), or none' });
}

/** Checks the kernel's command line. */
export function parseAppend(option: string, value: string): string {
  if (limits.isAppend(value)) return value;
  throw optionBadValue({ option, value, allowed: `at most ${limits.APPEND_LENGTH_MAX} characters` });
}
