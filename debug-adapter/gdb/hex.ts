/** Encodes binary data for the protocol, with two hexadecimal digits per byte. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Encodes a register value in the target's byte order, which is little-endian. */
export function littleEndian(value: bigint, sizeBytes: number): string {
  const bytes = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return toHex(bytes);
}

/** Parses a number of 1 to 16 hexadecimal digits; undefined if the text is anything else. */
export function parseHex(text: string | undefined): bigint | undefined {
  return text !== undefined && /^[0-9a-fA-F]{1,16}$/.test(text) ? BigInt(`0x${text}`) : undefined;
}

/** Like `parseHex`, but also undefined if the number is larger than `max`. */
export function parseHexUpTo(text: string | undefined, max: number): number | undefined {
  const value = parseHex(text);
  return value !== undefined && value <= BigInt(max) ? Number(value) : undefined;
}

/** Decodes bytes sent as hexadecimal digits; undefined if they are invalid. */
export function bytesOfHex(digits: string): Uint8Array | undefined {
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) return undefined;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Decodes text sent as hexadecimal digits; undefined if they are invalid. */
export function textOfHex(digits: string): string | undefined {
  const bytes = bytesOfHex(digits);
  return bytes && new TextDecoder().decode(bytes);
}

export const hexOfText = (text: string): string => toHex(new TextEncoder().encode(text));
