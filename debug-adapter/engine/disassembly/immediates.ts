import { once } from '../base/once.ts';

/**
 * Immediates as the manual draws them: which bits of the value stand where in the instruction. `'12|10:5'` at 31 says
 * that bit 31 is the value's bit 12 and that bits 30 to 25 are its bits 10 to 5.
 */
export type Immediate = () => {
  /** Pairs of a bit of the instruction and a bit of the value. */
  moves: [from: number, to: number][];
  /** Where the sign is; undefined for unsigned values. */
  signBit?: number;
};

export const unsigned = (fields: Record<number, string>): Immediate => once(() => ({ moves: movesOf(fields) }));

export const signed = (fields: Record<number, string>): Immediate =>
  once(() => {
    const moves = movesOf(fields);
    return { moves, signBit: Math.max(...moves.map(([, to]) => to)) };
  });

export function immediateOf(immediate: Immediate, bits: number): number {
  const { moves, signBit } = immediate();
  let value = 0;
  for (const [from, to] of moves) value |= ((bits >>> from) & 1) << to;
  return signBit === undefined ? value : (value << (31 - signBit)) >> (31 - signBit);
}

function movesOf(fields: Record<number, string>): [number, number][] {
  return Object.entries(fields).flatMap(([highest, text]) =>
    text
      .split('|')
      .flatMap(bitsOfRange)
      .map((to, i): [number, number] => [Number(highest) - i, to]),
  );
}

/** `10:5` is 10, 9, 8, 7, 6, 5; `12` is itself. */
function bitsOfRange(text: string): number[] {
  const [high, low = high] = text.split(':').map(Number);
  return Array.from({ length: high - low + 1 }, (_, i) => high - i);
}
