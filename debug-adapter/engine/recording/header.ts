import { xxh64 } from '../base/xxhash64.ts';
import type { DriveFormat, VirtioVersion } from '../base/driveRules.ts';
import { headerTooLong } from '../../messages/recording.ts';
import { FORMAT_VERSION, MAX_HEADER_PAYLOAD_BYTES } from './chunk.ts';

/**
 * The header of a recording: its machine, drives and boot files. The header is JSON, so that users can read it without
 * special tools. Every field is validated: unknown fields from later versions are ignored, and a recording is rejected
 * if a field is missing, has the wrong type or is outside its limits. Every decoded header is therefore valid.
 *
 * The boot files themselves follow the header, each in one compressed chunk. A recording therefore remains usable if
 * the user rebuilds the kernel.
 */
export interface RecordingHeader {
  formatVersion: number;
  /** The version of blkreplay that made the recording, such as `0.1.0`. */
  blkreplayVersion: string;
  machine: RecordedMachine;
  idle: IdleMode;
  /** The kernel command line; empty by default. */
  append: string;
  /** The name of the snapshot at the start of the recording. */
  rrsnapshot: string;
  drives: RecordedDrive[];
  /** The state-only qcow2 image that contains the snapshots if no drive is writable. */
  stateFile: string | null;
  bootFiles: RecordedBootFile[];
}

export interface RecordedMachine {
  kind: 'virt';
  memoryBytes: number;
  harts: number;
  /**
   * The instruction set in the format of the device tree, such as `rv64imafdc_zicsr_zifencei`. It lists exactly the
   * extensions of the machine (machine/cpu/extensions.ts).
   */
  isa: string;
  /**
   * The page table format with the most levels that the harts support, named as in the device tree. Older recordings
   * lack this field; the format is then Sv39.
   */
  mmu?: 'sv39' | 'sv48';
  /** Whether the machine has a virtio-rng device. Older recordings lack this field; the value is then false. */
  rng?: boolean;
  /**
   * The value of `/chosen/rng-seed` in the device tree as 64 hexadecimal digits, or null if there is no seed. Older
   * recordings lack this field; the value is then null.
   */
  rngSeed?: string | null;
  /** Whether a guest reset ends the run. Older recordings lack this field; the value is then false. */
  noReboot?: boolean;
  /** Whether the guest can make semihosting calls. Older recordings lack this field; the value is then false. */
  semihosting?: boolean;
}

export type IdleMode = 'warp' | 'realtime';

export interface RecordedDrive {
  id: string;
  format: DriveFormat;
  readOnly: boolean;
  lengthBytes: number;
  /**
   * The digest of all bytes of the base image that the guest can read, as 16 hexadecimal digits. It is computed before
   * the recording starts.
   */
  contentDigest: string;
  /** The image's path as the user typed it. */
  image: string;
  overlay: string | null;
  /**
   * The drive's virtio slot and virtio version. In older recordings, which lack these fields, the slot is the drive's
   * index and the version is `modern`.
   */
  slot?: number;
  virtio?: VirtioVersion;
}

/**
 * What a boot file is used for. `load` is an additional file; there may be several. `dtb` is a device tree that
 * replaces the one that the machine generates.
 */
export type BootFileRole = 'kernel' | 'bios' | 'initrd' | 'load' | 'dtb';

/** Chunks contain indexes into this list, so new roles may only be appended. */
export const BOOT_FILE_ROLES: readonly BootFileRole[] = ['kernel', 'bios', 'initrd', 'load', 'dtb'];

export interface RecordedBootFile {
  role: BootFileRole;
  /** The file's path as the user typed it. */
  name: string;
  lengthBytes: number;
  /** The XXH64 of the contents, as 16 hexadecimal digits. */
  digest: string;
  /** The load address that the user requested. Missing for an ELF file, or if the machine chooses the address. */
  address?: number;
}

/** A boot file that will be written to a recording or was read from one. */
export interface BootFile {
  role: BootFileRole;
  name: string;
  bytes: Uint8Array;
  address?: number;
}

/** The header fields that the caller provides. The writer adds the other fields. */
export type HeaderFields = Omit<RecordingHeader, 'formatVersion' | 'bootFiles'>;

/** A 64-bit digest in the header's format: 16 hexadecimal digits. */
export function digestText(digest: bigint): string {
  return digest.toString(16).padStart(16, '0');
}

export function completeHeader(header: HeaderFields, bootFiles: readonly BootFile[]): RecordingHeader {
  return {
    formatVersion: FORMAT_VERSION,
    ...header,
    bootFiles: bootFiles.map((file) => bootFileEntry(file, digestText(xxh64(file.bytes)))),
  };
}

/** Throws a UserError if the header would be longer than readers accept. Called before the file is created. */
export function checkHeaderLength(header: HeaderFields, bootFiles: readonly BootFile[], rrfile: string): void {
  const lines = bootFiles.map((file) => bootFileEntry(file, ANY_DIGEST));
  const { length } = encodeHeader({ formatVersion: FORMAT_VERSION, ...header, bootFiles: lines });
  if (length > MAX_HEADER_PAYLOAD_BYTES) throw headerTooLong(rrfile, { length, most: MAX_HEADER_PAYLOAD_BYTES });
}

function bootFileEntry({ role, name, bytes, address }: BootFile, digest: string): RecordedBootFile {
  return { role, name, lengthBytes: bytes.length, digest, ...(address !== undefined && { address }) };
}

const ANY_DIGEST = digestText(0n);

export function encodeHeader(header: RecordingHeader): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(header));
}
