import { kernelCompressionUnknown, kernelIsTruncated, uImageIsOther } from '../../../messages/boot.ts';

/** The contents of a U-Boot image. */
export interface UImage {
  kind: 'kernel' | 'ramdisk';
  loadAddress: number;
  entry: number;
  compression: 'none' | 'gzip';
  data: Uint8Array;
}

/**
 * Reads U-Boot's legacy image format, as `mkimage` writes it (U-Boot, include/image.h): a 64-byte big-endian header,
 * followed by the data. QEMU accepts such an image as a kernel, with a load address and an entry point, and as an
 * initial RAM disk. Returns undefined for any other file; throws a UserError for an unsupported kind of image.
 */
export function readUImage({ name, bytes }: { name: string; bytes: Uint8Array }): UImage | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== MAGIC) return undefined;
  const type = view.getUint8(30);
  if (type !== TYPE_KERNEL && type !== TYPE_RAMDISK) throw uImageIsOther(name, type);
  const kind = type === TYPE_KERNEL ? 'kernel' : 'ramdisk';
  const number = view.getUint8(31);
  const compression = COMPRESSIONS[number] ?? `method ${number}`;
  // The kernel itself decompresses the initial RAM disk.
  if (kind === 'kernel' && compression !== 'none' && compression !== 'gzip') {
    throw kernelCompressionUnknown({ name, compression });
  }
  const end = HEADER_BYTES + view.getUint32(12);
  if (end > bytes.length) throw kernelIsTruncated(name, 'data');
  return {
    kind,
    loadAddress: view.getUint32(16),
    entry: view.getUint32(20),
    compression: compression === 'gzip' ? 'gzip' : 'none',
    data: bytes.subarray(HEADER_BYTES, end),
  };
}

const MAGIC = 0x27051956;
const HEADER_BYTES = 64;
const TYPE_KERNEL = 2;
const TYPE_RAMDISK = 3;
const COMPRESSIONS = ['none', 'gzip', 'bzip2', 'lzma', 'lzo', 'lz4', 'zstd'];
