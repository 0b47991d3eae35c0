/**
 * Intel HEX, which QEMU's loader takes, too (load_targphys_hex_as): lines of `:`, count, address, type, data and checksum
 * in hexadecimal digits. Record types 0 to 5: data, end, and what goes into the upper half of the addresses.
 */
export interface HexBlock {
  address: number;
  bytes: Uint8Array;
}

/** What lies together is one block. Undefined for anything that is not well-formed up to its end record. */
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
    // Where to start is said by what jumps there.
    else if (type !== TYPE.segmentStart && type !== TYPE.linearStart) return undefined;
  }
  return undefined;
}

const COLON = 0x3a;
/** As text it takes several times as much. */
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
