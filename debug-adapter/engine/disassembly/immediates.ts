import { lazy } from '../base/once.ts';

/**
 * Immediates in the manual's notation, which gives the bits of the value held by each field of the instruction.
 * `'12|10:5'` at bit 31 means that instruction bit 31 holds bit 12 of the value and instruction bits 30 to 25 hold bits
 * 10 to 5.
 */
export type Immediate = () => {
  /** Pairs of an instruction bit and the value bit it holds. */
  moves: [from: number, to: number][];
  /** The position of the sign bit in the value; undefined for unsigned immediates. */
  signBit?: number;
};

/** A zero-extended immediate. `fields` maps the highest bit of each instruction field to the value bits it holds. */
export const unsigned = (fields: Record<number, string>): Immediate => lazy(() => ({ moves: movesOf(fields) }));

/** A sign-extended immediate; `fields` as for `unsigned`. */
export const signed = (fields: Record<number, string>): Immediate =>
  lazy(() => {
    const moves = movesOf(fields);
    return { moves, signBit: Math.max(...moves.map(([, to]) => to)) };
  });

/** Extracts the immediate from an instruction, as a signed 32-bit number. */
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

/** `10:5` is 10, 9, 8, 7, 6, 5; `12` is just 12. */
function bitsOfRange(text: string): number[] {
  const [high, low = high] = text.split(':').map(Number);
  return Array.from({ length: high - low + 1 }, (_, i) => high - i);
}
