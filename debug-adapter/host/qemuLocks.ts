import { readdirSync, readFileSync, statSync } from 'node:fs';

export type QemuUse =
  /** QEMU is writing to the image, so the contents change while they are being read. */
  | 'writes'
  /** QEMU requires that no other process writes to the image. */
  | 'reads';

export interface FileId {
  device: bigint;
  inode: bigint;
}

/**
 * How QEMU is using an image, according to the list of all file locks in Linux's /proc/locks. QEMU (block/file-posix.c)
 * locks one byte for each permission that it has on an image (starting at offset 100) and one byte for each permission
 * that it does not share (starting at offset 200). Permission 1 is write. Other systems provide no such list. Undefined
 * if no QEMU process has the image open, or if its locks permit sharing.
 */
export function qemuUseOf(file: FileId): QemuUse | undefined {
  const ranges = lockedRanges(file);
  const isLocked = (byte: number) => ranges.some(({ first, last }) => first <= byte && byte <= last);
  if (isLocked(PERMISSION_BYTES_OFFSET + WRITE)) return 'writes';
  return isLocked(UNSHARED_BYTES_OFFSET + WRITE) ? 'reads' : undefined;
}

/**
 * Another process that has the file open; undefined if there is none. /proc/locks does not name the process that holds
 * an open file description lock.
 */
export function processWithOpen({ device, inode }: FileId): number | undefined {
  for (const pid of namesIn('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    for (const handle of namesIn(`/proc/${pid}/fd`)) {
      const stat = statOf(`/proc/${pid}/fd/${handle}`);
      if (stat?.dev === device && stat.ino === inode) return Number(pid);
    }
  }
  return undefined;
}

const PERMISSION_BYTES_OFFSET = 100;
const UNSHARED_BYTES_OFFSET = 200;
const WRITE = 1;
/**
 * The end of the second range of locked bytes. QEMU has fewer than 100 permissions, so the two ranges do not overlap.
 */
const END = 300;

/** proc_locks(5): `1: OFDLCK ADVISORY READ -1 fe:00:1234 100 101`, with the device in hexadecimal. */
function lockedRanges({ device, inode }: FileId): { first: number; last: number }[] {
  const key = `${hex(major(device))}:${hex(minor(device))}:${inode}`;
  return linesOf('/proc/locks').flatMap((line) => {
    const [, kind, , , , file, first, last] = line.trim().split(/\s+/);
    const isQemuLock = (kind === 'OFDLCK' || kind === 'POSIX') && file === key;
    const range = { first: Number(first), last: Number(last) };
    return isQemuLock && range.first >= PERMISSION_BYTES_OFFSET && range.last < END ? [range] : [];
  });
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function statOf(file: string) {
  try {
    return statSync(file, { bigint: true });
  } catch {
    return undefined;
  }
}

const hex = (value: bigint): string => value.toString(16).padStart(2, '0');

// Encodes a device number like glibc's makedev, with 32-bit major and minor numbers whose low bits are in the same
// positions as in the 16-bit format.
const major = (device: bigint): bigint => ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
const minor = (device: bigint): bigint => (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
