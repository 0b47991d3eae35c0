/** The bytes of a number, in little-endian order as in guest memory. */
export function toBytes(value: bigint, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let rest = BigInt.asUintN(sizeBytes * 8, value);
  for (let i = 0; rest > 0n; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

/** The unsigned number represented by bytes in little-endian order. */
export function fromBytes(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
