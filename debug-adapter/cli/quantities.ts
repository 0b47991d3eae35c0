import { optionBadValue } from '../engine/errors/cli.ts';
import type { GdbPlace } from '../gdb/index.ts';

/** Option values that are numbers or names with rules. Each function throws a sentence that names option and rule. */

const MIB = 1 << 20;
const MEMORY_MIB_MIN = 16;
const MEMORY_MIB_MAX = 2048;
const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, K: 1 << 10, M: 1 << 20, G: 1 << 30 };

/** `128M`, `1G`, `262144K` or bytes. */
export function parseMemory(option: string, value: string): number {
  const match = /^(\d+)([KMG]?)$/i.exec(value);
  const bytes = match ? Number(match[1]) * UNIT_BYTES[match[2].toUpperCase()] : NaN;
  if (bytes % MIB === 0 && bytes >= MEMORY_MIB_MIN * MIB && bytes <= MEMORY_MIB_MAX * MIB) return bytes;
  const allowed = `whole MiB from ${MEMORY_MIB_MIN}M to ${MEMORY_MIB_MAX / 1024}G, such as 128M, 1G, 262144K or a number of bytes`;
  throw optionBadValue({ option, value, allowed });
}

const HARTS_MAX = 8;

export function parseHarts(option: string, value: string): number {
  const harts = /^\d$/.test(value) ? Number(value) : NaN;
  if (harts >= 1 && harts <= HARTS_MAX) return harts;
  throw optionBadValue({ option, value, allowed: `a number from 1 to ${HARTS_MAX}` });
}

/** `1000000` or `1_000_000`. */
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

/** `1234` (0 is any port), `unix:PATH` or `stdio`. */
export function parseGdbPlace(option: string, value: string): GdbPlace {
  if (value === 'stdio') return { kind: 'stdio' };
  const path = /^unix:(.+)$/s.exec(value)?.[1];
  if (path !== undefined) return { kind: 'unix', path };
  const port = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  if (port <= PORT_MAX) return { kind: 'port', port };
  const allowed = `a port from 1 to ${PORT_MAX}, 0 for any that is free, unix:PATH for a socket, or stdio`;
  throw optionBadValue({ option, value, allowed });
}

// qcow2 keeps the length of a name in 16 bits; QEMU's tools take up to 255 bytes.
const SNAPSHOT_NAME_BYTES_MAX = 255;

/** A snapshot's name: what qcow2 and QEMU's tools take, and not one of the automatic ones. */
export function parseSnapshotName(option: string, value: string): string {
  const bytes = Buffer.byteLength(value);
  const allowed = `a name of 1 to ${SNAPSHOT_NAME_BYTES_MAX} bytes without control characters that does not start with "auto-"`;
  // eslint-disable-next-line no-control-regex
  if (bytes < 1 || bytes > SNAPSHOT_NAME_BYTES_MAX || /[\x00-\x1f\x7f]/.test(value) || value.startsWith('auto-')) {
    throw optionBadValue({ option, value, allowed });
  }
  return value;
}
