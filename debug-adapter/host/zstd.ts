import { decompress } from 'fzstd';

/**
 * Decompresses Zstandard (RFC 8878) with `fzstd`, because node:zlib does not support it in some editors' versions of
 * Node. Lengths from a qcow2 image are not trusted: a frame that declares more data than fits in the cluster is
 * rejected before memory is allocated.
 */
export function decompressZstd(bytes: Uint8Array, lengthBytes: number): Uint8Array {
  const frame = readFrame(bytes);
  if (frame.contentBytes !== undefined && frame.contentBytes !== lengthBytes) {
    throw new Error(`unpacks to ${frame.contentBytes} bytes instead of ${lengthBytes}`);
  }
  const unpacked = decompress(bytes.subarray(0, frame.lengthBytes), new Uint8Array(lengthBytes));
  if (unpacked.length !== lengthBytes) throw new Error(`unpacks to ${unpacked.length} bytes instead of ${lengthBytes}`);
  return unpacked;
}

/**
 * Whether the data starts with Zstandard's magic number. No raw deflate stream starts with these bytes, because they
 * would encode a stored block with inconsistent lengths.
 */
export const isZstd = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === MAGIC;

interface Frame {
  lengthBytes: number;
  /** The length of the decompressed data; undefined if the frame does not specify it. */
  contentBytes: number | undefined;
}

/**
 * Finds the end of the frame by following its block headers (RFC 8878, 3.1.1). This is necessary because qcow2 pads the
 * data to sectors.
 */
function readFrame(bytes: Uint8Array): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== MAGIC) throw new Error('not a Zstandard frame');
  const descriptor = view.getUint8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeAt = 5 + (isSingleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[descriptor & 3];
  const { contentBytes, fieldBytes } = readContentSize(view, sizeAt, descriptor >> 6, isSingleSegment);
  let at = sizeAt + fieldBytes;
  for (let isLast = false; !isLast;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    isLast = (header & 1) !== 0;
    const isRepeated = ((header >> 1) & 3) === 1;
    at += 3 + (isRepeated ? 1 : header >> 3);
  }
  const hasChecksum = (descriptor & 4) !== 0;
  return { lengthBytes: at + (hasChecksum ? 4 : 0), contentBytes };
}

function readContentSize(view: DataView, at: number, flag: number, isSingleSegment: boolean) {
  switch (flag) {
    case 0:
      return isSingleSegment ? { contentBytes: view.getUint8(at), fieldBytes: 1 } : { fieldBytes: 0 };
    case 1:
      return { contentBytes: view.getUint16(at, true) + 256, fieldBytes: 2 };
    case 2:
      return { contentBytes: view.getUint32(at, true), fieldBytes: 4 };
    default:
      return { contentBytes: Number(view.getBigUint64(at, true)), fieldBytes: 8 };
  }
}

const MAGIC = 0xfd2fb528;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
