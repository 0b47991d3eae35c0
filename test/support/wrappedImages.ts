/** Builds files that contain their load address, in formats that other programs write. */

/**
 * Returns an image like those that `mkimage` writes (U-Boot, include/image.h), but without checksums, which the loader
 * under test ignores.
 */
export function uImage(
  data: Uint8Array,
  { type = 2, compression = 0, loadAddress = 0, entry = loadAddress }: UImageParts = {},
): Uint8Array {
  const bytes = new Uint8Array(64 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x27051956);
  view.setUint32(12, data.length);
  view.setUint32(16, loadAddress);
  view.setUint32(20, entry);
  view.setUint8(28, 5); // Linux
  view.setUint8(29, 26); // RISC-V
  view.setUint8(30, type);
  view.setUint8(31, compression);
  bytes.set(data, 64);
  return bytes;
}

/** Returns an Intel HEX file like those that `objcopy -O ihex` writes. All data must be within one 64 KiB segment. */
export function intelHex(address: number, data: Uint8Array): string {
  const upper = [address >>> 24, (address >>> 16) & 0xff];
  const lines = [record(4, 0, upper)];
  for (let at = 0; at < data.length; at += 16) {
    lines.push(record(0, (address & 0xffff) + at, [...data.subarray(at, at + 16)]));
  }
  return [...lines, record(1, 0, []), ''].join('\r\n');
}

interface UImageParts {
  /** 2 for a kernel, 3 for an initial RAM disk. */
  type?: number;
  /** 1 for gzip. */
  compression?: number;
  loadAddress?: number;
  entry?: number;
}

function record(type: number, address: number, data: readonly number[]): string {
  const bytes = [data.length, address >> 8, address & 0xff, type, ...data];
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  return `:${[...bytes, -sum & 0xff].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('')}`;
}
