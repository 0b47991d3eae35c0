import type { HostCompression } from '../../base/host.ts';
import {
  addressNotForUImage,
  kernelCompressionUnknown,
  kernelDoesNotUnpack,
  kernelUnpacksTooLarge,
  uImageIsOther,
} from '../../../messages/boot.ts';
import { UserError } from '../../../messages/userError.ts';
import { readUImage } from './uImage.ts';

interface NamedFile {
  name: string;
  bytes: Uint8Array;
}

/** The host's decompressors, and the limit on their output size. */
export interface UnpackOptions {
  compression: HostCompression;
  /** The size of guest memory, which limits the unpacked size. */
  memoryBytes: number;
}

interface PlacedFile extends NamedFile {
  address?: number;
  /** The entry point, if it differs from the load address. */
  entry?: number;
}

/**
 * Unpacks a kernel in one of the formats in which distributions ship kernels: a gzip file, which QEMU accepts for Arm
 * (load_image_gzipped); an EFI zboot image (a PE program that contains a compressed Image), which QEMU 8 and later
 * unpack (unpack_efi_zboot_image); or a U-Boot image. The unpacked file keeps the original's name and is never larger
 * than the guest's memory. Any other file is returned unchanged.
 */
export function unpackKernel<T extends PlacedFile>(file: T, unpacking: UnpackOptions): T & PlacedFile {
  const image = unpackUImage(file, unpacking);
  if (image) {
    if (file.address !== undefined) throw addressNotForUImage(file.name);
    return image;
  }
  if (isGzip(file.bytes)) return unpackZboot({ ...file, bytes: gunzip(file, file.bytes, unpacking) }, unpacking);
  const compression = COMPRESSED.find(({ at, magic }) => hasAt(file.bytes, at, magic));
  if (compression) throw kernelCompressionUnknown({ name: file.name, compression: compression.name });
  return unpackZboot(file, unpacking);
}

/** Unpacks a U-Boot image for loading. The load address in its header is ignored (QEMU, generic-loader.c). */
export function unpackLoad<T extends PlacedFile>(file: T, unpacking: UnpackOptions): T & PlacedFile {
  return unpackUImage(file, unpacking) ?? file;
}

function unpackUImage<T extends PlacedFile>(file: T, unpacking: UnpackOptions): (T & PlacedFile) | undefined {
  const image = readUImage(file);
  if (!image) return undefined;
  if (image.kind !== 'kernel') throw uImageIsOther(file.name, UIMAGE_RAMDISK);
  const bytes = image.compression === 'gzip' ? gunzip(file, image.data, unpacking) : image.data;
  return { ...file, bytes, address: image.loadAddress, entry: image.entry };
}

const UIMAGE_RAMDISK = 3;

function unpackZboot<T extends NamedFile>(file: T, unpacking: UnpackOptions): T {
  const { name, bytes } = file;
  if (bytes.length < ZBOOT_HEADER_BYTES || !ZBOOT_MAGICS.every(({ at, magic }) => hasAt(bytes, at, magic))) {
    return file;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [offset, length] = [view.getUint32(8, true), view.getUint32(12, true)];
  const method = textAt(bytes.subarray(24, 56));
  if (method !== 'gzip' && method !== 'zstd') throw kernelCompressionUnknown({ name, compression: method });
  if (offset + length > bytes.length) throw kernelDoesNotUnpack({ name, compression: method });
  const payload = bytes.subarray(offset, offset + length);
  if (method === 'gzip') return { ...file, bytes: gunzip(file, payload, unpacking) };
  // A gzip file already contains the unpacked length. For all other methods, Linux appends the Image's length
  // (Makefile.zboot, size_append).
  if (offset + length + 4 > bytes.length) throw kernelDoesNotUnpack({ name, compression: method });
  return { ...file, bytes: unzstd(name, payload, view.getUint32(offset + length, true), unpacking) };
}

function gunzip({ name }: NamedFile, bytes: Uint8Array, { compression, memoryBytes }: UnpackOptions): Uint8Array {
  const unpacked = attempt(() => compression.gunzip(bytes, memoryBytes), { name, compression: 'gzip' });
  if (!unpacked) throw kernelUnpacksTooLarge({ name, memoryBytes });
  return unpacked;
}

function unzstd(
  name: string,
  bytes: Uint8Array,
  lengthBytes: number,
  { compression, memoryBytes }: UnpackOptions,
): Uint8Array {
  if (lengthBytes > memoryBytes) throw kernelUnpacksTooLarge({ name, memoryBytes });
  return attempt(() => compression.decompressZstd(bytes, lengthBytes), { name, compression: 'zstd' });
}

function attempt<T>(decompress: () => T, failure: { name: string; compression: string }): T {
  try {
    return decompress();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw kernelDoesNotUnpack(failure);
  }
}

const isGzip = (bytes: Uint8Array): boolean => hasAt(bytes, 0, [0x1f, 0x8b]);

function hasAt(bytes: Uint8Array, at: number, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[at + i] === byte);
}

function textAt(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder('latin1').decode(end < 0 ? bytes : bytes.subarray(0, end));
}

// Linux, drivers/firmware/efi/libstub/zboot-header.S: "MZ", "zimg", LINUX_PE_MAGIC.
const ZBOOT_HEADER_BYTES = 64;
const ZBOOT_MAGICS = [
  { at: 0, magic: [0x4d, 0x5a] },
  { at: 4, magic: [0x7a, 0x69, 0x6d, 0x67] },
  { at: 56, magic: [0xcd, 0x23, 0x82, 0x81] },
];

/** The file signatures of unsupported compression methods. */
const COMPRESSED = [
  { name: 'xz', at: 0, magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { name: 'zstd', at: 0, magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: 'bzip2', at: 4, magic: [0x31, 0x41, 0x59, 0x26, 0x53, 0x59] },
  // The first lz4 signature is that of the legacy format, which Linux's build uses; the second is that of lz4's default
  // format.
  { name: 'lz4', at: 0, magic: [0x02, 0x21, 0x4c, 0x18] },
  { name: 'lz4', at: 0, magic: [0x04, 0x22, 0x4d, 0x18] },
  { name: 'lzop', at: 0, magic: [0x89, 0x4c, 0x5a, 0x4f, 0x00] },
];
