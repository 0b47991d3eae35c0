import type { BinaryOperator, Predicate, UnaryOperator } from '../../../../debug-adapter/engine/target/predicate.ts';
import type { SeededRandom } from '../../../support/seededRandom.ts';
import { csrNumber } from '../../../../debug-adapter/engine/isa/csrs.ts';

const BINARY: readonly BinaryOperator[] = [
  ...(['add', 'sub', 'mul', 'divS', 'divU', 'remS', 'remU', 'and', 'or', 'xor', 'shl', 'shrS', 'shrU'] as const),
  ...(['eq', 'ne', 'ltS', 'ltU', 'leS', 'leU'] as const),
];
const UNARY: readonly UnaryOperator[] = ['negate', 'not', 'isZero'];
const CSRS = ['satp', 'mscratch', 'mepc', 'mcause', 'mtval', 'scause', 'mstatus', 'mip', 'fcsr'];
const CONSTANTS = [0n, 1n, 3n, 7n, 64n, 0xffn, 0x8000_0000n, 2n ** 63n, 2n ** 64n - 1n];

/** A random predicate over registers, CSRs and memory, which holds in about half of all states. */
export function randomPredicate(random: SeededRandom, ramStart: bigint): Predicate {
  const constant = (): Predicate => ({ kind: 'constant', value: random.pick(CONSTANTS) });
  const number = (depth: number): Predicate => {
    if (depth === 0 || random.chance(0.2)) return leaf();
    switch (random.below(6)) {
      case 0:
        return { kind: 'unary', operator: random.pick(UNARY), value: number(depth - 1) };
      case 1:
        return { kind: 'extend', value: number(depth - 1), bits: 1 + random.below(64), signed: random.chance(0.5) };
      case 2:
        return { kind: 'select', condition: number(depth - 1), yes: number(depth - 1), no: number(depth - 1) };
      case 3:
        return load(depth - 1);
      default: {
        const operands = { left: number(depth - 1), right: random.chance(0.3) ? constant() : number(depth - 1) };
        return { kind: 'binary', operator: random.pick(BINARY), ...operands };
      }
    }
  };
  const leaf = (): Predicate => {
    switch (random.below(8)) {
      case 0:
        return constant();
      case 1:
        return { kind: 'csr', number: csrNumber(random.pick(CSRS)) };
      case 2:
        return { kind: 'float', register: random.below(32) };
      case 3:
        return random.pick<Predicate>([{ kind: 'pc' }, { kind: 'hart' }, { kind: 'privilege' }]);
      default:
        return { kind: 'register', register: random.below(32) };
    }
  };
  /** A load from memory; half of the addresses are in the first MiB of RAM, at any alignment. */
  const load = (depth: number): Predicate => {
    const offset: Predicate = { kind: 'extend', value: number(depth), bits: 20, signed: false };
    const start: Predicate = { kind: 'constant', value: ramStart };
    const address: Predicate = random.chance(0.5)
      ? { kind: 'binary', operator: 'add', left: start, right: offset }
      : number(depth);
    const lengthBytes = random.pick([1, 2, 4, 8] as const);
    return { kind: 'load', address, lengthBytes, signed: random.chance(0.5) };
  };
  const low = (value: Predicate): Predicate => ({ kind: 'extend', value, bits: 1, signed: false });
  return low(number(3));
}
