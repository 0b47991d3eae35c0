/** A run of consecutive bytes in an Intel HEX file. */
export interface HexBlock {
  address: number;
  bytes: Uint8Array;
}

/**
 * Reads Intel HEX, which QEMU's loader also accepts (load_targphys_hex_as): lines of `:`, count, address, type, data
 * and checksum in hexadecimal digits. Supports record types 0 to 5: data, end of file, and the records for upper
 * address bits and start addresses. Data at consecutive addresses is joined into one block. Returns undefined if a
 * record is malformed or the end-of-file record is missing.
 */
export function readIntelHex(file: Uint8Array): HexBlock[] | undefined {
  if (file[0] !== COLON || file.length > TEXT_BYTES_MAX) return undefined;
  const blocks: { address: number; data: number[] }[] = [];
  let upper = 0;
  for (const line of new TextDecoder('latin1').decode(file).split(/[\r\n]+/)) {
    if (line === '') continue;
    const record = readRecord(line);
    if (!record) return undefined;
    const { type, address, data } = record;
    if (type === TYPE.end) {
      return blocks.map((block) => ({ address: block.address, bytes: Uint8Array.from(block.data) }));
    }
    if (type === TYPE.data) append(blocks, upper + address, data);
    else if (type === TYPE.segment) upper = (data[0] * 256 + data[1]) * 16;
    else if (type === TYPE.linear) upper = (data[0] * 256 + data[1]) * 65_536;
    // Start addresses are ignored: the previous boot stage determines where to jump.
    else if (type !== TYPE.segmentStart && type !== TYPE.linearStart) return undefined;
  }
  return undefined;
}

const COLON = 0x3a;
/** The maximum length of the hexadecimal text, which is several times as long as the data that it encodes. */
const TEXT_BYTES_MAX = 64 << 20;
const TYPE = { data: 0, end: 1, segment: 2, segmentStart: 3, linear: 4, linearStart: 5 } as const;

interface HexRecord {
  type: number;
  address: number;
  data: number[];
}

function readRecord(line: string): HexRecord | undefined {
  const digits = /^:((?:[0-9a-f]{2}){5,})\s*$/i.exec(line)?.[1];
  if (digits === undefined) return undefined;
  const bytes = Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
  const [count, high, low, type] = bytes;
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  if (bytes.length !== count + 5 || sum % 256 !== 0) return undefined;
  if ((type === TYPE.segment || type === TYPE.linear) && count !== 2) return undefined;
  return { type, address: high * 256 + low, data: bytes.slice(4, 4 + count) };
}

function append(blocks: { address: number; data: number[] }[], address: number, data: number[]): void {
  const last = blocks.at(-1);
  if (last && last.address + last.data.length === address) for (const byte of data) last.data.push(byte);
  else if (data.length > 0) blocks.push({ address, data: [...data] });
}
