import type { Drive } from '../../block/drive.ts';
import { RANGE_SECTORS_MAX, SECTOR_BYTES } from './virtioBlkRequest.ts';
import { FEATURE_VERSION_1 } from './virtioRegisters.ts';

/** The features that the block device offers for a drive. */
export const featuresFor = (drive: Drive): bigint => FEATURES | (drive.readOnly ? FEATURE_READ_ONLY : 0n);

/**
 * The struct virtio_blk_config (virtio 1.2, 5.2.4), up to and including write_zeroes_may_unmap. Fields that belong to
 * features that are not offered are 0.
 */
export function configurationFor(drive: Drive): Uint8Array {
  const bytes = new Uint8Array(CONFIGURATION_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(Math.floor(drive.lengthBytes / SECTOR_BYTES)), true); // capacity
  view.setUint32(12, SEGMENTS_MAX, true); // seg_max
  view.setUint32(20, SECTOR_BYTES, true); // blk_size
  view.setUint32(36, RANGE_SECTORS_MAX, true); // max_discard_sectors
  view.setUint32(40, 1, true); // max_discard_seg
  view.setUint32(44, 1, true); // discard_sector_alignment
  view.setUint32(48, RANGE_SECTORS_MAX, true); // max_write_zeroes_sectors
  view.setUint32(52, 1, true); // max_write_zeroes_seg
  view.setUint8(56, 1); // write_zeroes_may_unmap
  return bytes;
}

/**
 * The device ID string (virtio 1.2, 5.2.6): at most 20 bytes of ASCII, without a terminating zero if it is 20 bytes
 * long. As in QEMU, a shorter ID is padded with a single zero.
 */
export function identity(driveId: string, padsIdentity: boolean): Uint8Array {
  const bytes = new Uint8Array(padsIdentity ? IDENTITY_BYTES : Math.min(IDENTITY_BYTES, [...driveId].length + 1));
  bytes.set([...driveId].slice(0, IDENTITY_BYTES).map((letter) => letter.charCodeAt(0) & 0x7f));
  return bytes;
}

const IDENTITY_BYTES = 20;
/** As in QEMU, the configuration ends with the last field that belongs to an offered feature. */
const CONFIGURATION_BYTES = 57;

/**
 * As in QEMU: 254 data segments, which, together with the header and the status, fill the 256 entries of QEMU's default
 * queue.
 */
const SEGMENTS_MAX = 254;

// virtio 1.2, 5.2.3, "Feature bits", and 6, "Reserved Feature Bits".
const FEATURE_SEGMENTS_MAX = 1n << 2n;
const FEATURE_READ_ONLY = 1n << 5n;
const FEATURE_BLOCK_SIZE = 1n << 6n;
const FEATURE_FLUSH = 1n << 9n;
const FEATURE_DISCARD = 1n << 13n;
const FEATURE_WRITE_ZEROES = 1n << 14n;
const FEATURE_INDIRECT_DESCRIPTORS = 1n << 28n;
export const FEATURE_EVENT_INDEX = 1n << 29n;
/** QEMU 7.2 offers these plus GEOMETRY, TOPOLOGY, CONFIG_WCE and RING_RESET, which no driver needs. */
const FEATURES =
  FEATURE_SEGMENTS_MAX |
  FEATURE_BLOCK_SIZE |
  FEATURE_FLUSH |
  FEATURE_DISCARD |
  FEATURE_WRITE_ZEROES |
  FEATURE_INDIRECT_DESCRIPTORS |
  FEATURE_EVENT_INDEX |
  FEATURE_VERSION_1;
