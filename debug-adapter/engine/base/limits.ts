/**
 * The limits and default values of a machine and its files. The same limits apply to the command line, to launch.json,
 * and to files from untrusted sources. Rules for drives and snapshot names are in driveRules.ts and snapshotNames.ts.
 * test/extension/limits.test.ts checks that package.json and the documentation agree with all of these rules.
 */
const MIB = 1 << 20;

export const MEMORY_MIB = { min: 16, max: 2048, default: 128 } as const;
export const MEMORY_BYTES_MAX = MEMORY_MIB.max * MIB;
export const MEMORY_BYTES_DEFAULT = MEMORY_MIB.default * MIB;
export const HARTS_MAX = 8;
export const HARTS_DEFAULT = 1;
/** The number of files is limited because all files are held in memory and stored in the recording. */
export const LOAD_FILES_MAX = 32;
/** The maximum length of a path on Windows. Other systems have lower limits. */
const PATH_LENGTH_MAX = 32_767;
/** The maximum length of a kernel command line, which is thirty times Linux's own limit. */
export const APPEND_LENGTH_MAX = 64 << 10;
export const PORT_MAX = 65_535;

export const isMemorySize = (bytes: number): boolean => isSizeIn(bytes, MEMORY_MIB);

/** The limits on the memory for cached snapshots. */
export const SNAPSHOT_MEMORY_MIB = { min: 1, max: 2048, default: 256 } as const;

/** The limits on the disk space for automatic snapshots of one recording. */
export const SNAPSHOT_SPACE_MIB = { min: 1, max: 1 << 20, default: 8192 } as const;
export const SNAPSHOT_SPACE_BYTES_DEFAULT = SNAPSHOT_SPACE_MIB.default * MIB;

interface SizeLimits {
  min: number;
  max: number;
}

const isSizeIn = (bytes: number, { min, max }: SizeLimits): boolean =>
  bytes % MIB === 0 && bytes >= min * MIB && bytes <= max * MIB;

/** A RAM size as users write it: a number of bytes, or a number with a unit. */
export const MEMORY_SIZE = /^[0-9]+[KMGkmg]?$/;

/**
 * Parses a RAM size such as `128M`, `1G`, `262144K` or `134217728`. Undefined if the text is not a size or the size is
 * not within the limits.
 */
export const parseMemorySize = (text: string): number | undefined => parseSize(text, MEMORY_MIB);

/** Like `parseMemorySize`, but parses the memory for cached snapshots. */
export const parseSnapshotMemory = (text: string): number | undefined => parseSize(text, SNAPSHOT_MEMORY_MIB);

/** Like `parseMemorySize`, but parses the disk space for automatic snapshots. */
export const parseSnapshotSpace = (text: string): number | undefined => parseSize(text, SNAPSHOT_SPACE_MIB);

function parseSize(text: string, limits: SizeLimits): number | undefined {
  if (!MEMORY_SIZE.test(text)) return undefined;
  const unitBytes = UNIT_BYTES[text.at(-1)!.toUpperCase()];
  const bytes = unitBytes === undefined ? Number(text) : Number(text.slice(0, -1)) * unitBytes;
  return isSizeIn(bytes, limits) ? bytes : undefined;
}

const UNIT_BYTES: Readonly<Record<string, number | undefined>> = { K: 1 << 10, M: MIB, G: 1 << 30 };

export const isHartCount = (count: number): boolean => Number.isInteger(count) && count >= 1 && count <= HARTS_MAX;

/** A value of `/chosen/rng-seed` in hexadecimal digits: 32 bytes, as in QEMU. */
export const RNG_SEED = /^[0-9a-fA-F]{64}$/;
export const isRngSeed = (digits: string): boolean => RNG_SEED.test(digits);

/** Whether this is a valid kernel command line. It must not contain a NUL, which would end it. */
export const isAppend = (text: string): boolean => text.length <= APPEND_LENGTH_MAX && !text.includes('\0');

/** Whether this file name is valid on at least one operating system. */
export const isFileName = (name: string): boolean =>
  name !== '' && name.length <= PATH_LENGTH_MAX && !name.includes('\0');
