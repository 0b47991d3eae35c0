import type { KernelSymbol } from '../../debug-adapter/engine/symbols/kallsyms/kallsyms.ts';

/** Builds the symbol tables that Linux keeps in its Image (scripts/kallsyms.c), for images made by tests. */
export function kallsymsTables(
  symbols: readonly KernelSymbol[],
  { base, order = 'since 6.4' }: { base: bigint; order?: 'since 6.4' | 'before' },
): number[] {
  const names = symbols.map(({ type, name }) => encodeName(type + name));
  const markers: number[] = [];
  let at = 0;
  names.forEach((name, i) => {
    if (i % 256 === 0) markers.push(at);
    at += name.length;
  });
  const starts: number[] = [];
  let end = 0;
  for (const token of TOKENS) {
    starts.push(end);
    end += token.length + 1;
  }
  const offsets = bytesOf(
    4,
    symbols.map(({ address }) => Number(address - base)),
  );
  const addresses = [offsets, bytesOf(8, [base])];
  const count = bytesOf(4, [symbols.length]);
  const tables = [count, names.flat(), bytesOf(4, markers), Buffer.from(TOKENS.join('\0') + '\0'), bytesOf(2, starts)];
  return (order === 'before' ? [...addresses, ...tables] : [...tables, ...addresses]).flatMap(aligned);
}

/**
 * Returns the Image followed by its symbol tables. The tables start after the image size given in the Image's header.
 * The first symbol must be at the first byte of the Image.
 */
export function withKallsyms(image: Uint8Array, symbols: readonly KernelSymbol[]): Uint8Array {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const whole = Math.max(image.length, Number(view.getBigUint64(IMAGE_SIZE_OFFSET, true)));
  const padded = new Uint8Array(Math.ceil(whole / 8) * 8);
  padded.set(image);
  return Uint8Array.from([...padded, ...kallsymsTables(symbols, { base: symbols[0].address })]);
}

const IMAGE_SIZE_OFFSET = 16;

/**
 * The token that each byte stands for. A character of a name stands for itself. Two bytes that do not occur in any name
 * each stand for several characters.
 */
const TOKENS = Array.from({ length: 256 }, (_, byte) => {
  return (
    new Map([
      [1, 'sys_'],
      [0x80, 'do_'],
    ]).get(byte) ?? (/\w/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : '')
  );
});

function encodeName(text: string): number[] {
  const codes = [...text.replaceAll('sys_', '\x01').replaceAll('do_', '\x80')].map((one) => one.charCodeAt(0));
  return codes.length < 0x80 ? [codes.length, ...codes] : [(codes.length & 0x7f) | 0x80, codes.length >> 7, ...codes];
}

function bytesOf(size: 2 | 4 | 8, values: readonly (number | bigint)[]): number[] {
  return values.flatMap((value) =>
    Array.from({ length: size }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn)),
  );
}

const aligned = (bytes: ArrayLike<number>): number[] => [
  ...Array.from(bytes),
  ...new Array<number>(-bytes.length & 7).fill(0),
];
