import type { Predicate } from '../../target/predicate.ts';
import type { FrameView } from '../unwinding/frame.ts';
import { fromBytes } from '../littleEndian.ts';
import type { Storage } from '../values/storage.ts';
import { binary, constant } from './predicateParts.ts';

/** The location of a variable at a code address, valid in every state of the machine. */
export type VariableLocation =
  | { kind: 'memory'; address: Predicate }
  | { kind: 'register'; register: number }
  | { kind: 'value'; value: Predicate }
  | { kind: 'optimizedOut' };

/** Thrown if the location depends on memory, on a caller, or on the registers in a way that is not supported. */
class NotSupported extends Error {}

/**
 * Finds a variable's location by computing it several times, with different register values. If the results differ by
 * the same amounts as the values of one register, the location is that register plus an offset. `storage` computes the
 * location in the innermost frame of a view. The result is undefined if the location has any other form.
 */
export function locationOfVariable(
  pc: bigint,
  storage: (view: FrameView) => Storage | undefined,
): VariableLocation | undefined {
  const used = new Set<number>();
  const probes = PROBES.map((seed) => {
    const view: FrameView = {
      pc,
      readRegister: (number) => {
        used.add(number);
        return number < 32 ? valueIn(seed, number) : undefined;
      },
      readMemory: () => {
        throw new NotSupported();
      },
    };
    return { seed, view };
  });
  try {
    const found = probes.map(({ seed, view }) => ({ seed, storage: storage(view) }));
    return common(found, used);
  } catch (error) {
    if (error instanceof NotSupported) return undefined;
    throw error;
  }
}

interface Probe {
  seed: bigint;
  storage: Storage | undefined;
}

function common(probes: readonly Probe[], used: ReadonlySet<number>): VariableLocation | undefined {
  const [first] = probes;
  if (probes.some(({ storage }) => storage?.kind !== first.storage?.kind)) return undefined;
  const of = (numberIn: (storage: Storage) => bigint) =>
    sum(
      probes.map(({ seed, storage }) => ({ seed, value: numberIn(storage!) })),
      used,
    );
  switch (first.storage?.kind) {
    case 'optimizedOut':
      return { kind: 'optimizedOut' };
    case 'register':
      return first.storage.register < 32 ? { kind: 'register', register: first.storage.register } : undefined;
    case 'memory': {
      const address = of((storage) => (storage as Storage & { kind: 'memory' }).address);
      return address && { kind: 'memory', address };
    }
    case 'bytes': {
      if (first.storage.bytes.length > 16) return undefined;
      const value = of((storage) => BigInt.asUintN(64, fromBytes((storage as Storage & { kind: 'bytes' }).bytes)));
      return value && { kind: 'value', value };
    }
    default:
      return undefined;
  }
}

/** A constant, or a register plus a constant. */
function sum(results: readonly { seed: bigint; value: bigint }[], used: ReadonlySet<number>): Predicate | undefined {
  const [{ value }] = results;
  if (results.every((result) => result.value === value)) return constant(value);
  for (const register of used) {
    const offsets = results.map((result) => BigInt.asUintN(64, result.value - valueIn(result.seed, register)));
    if (register >= 32 || offsets.some((offset) => offset !== offsets[0])) continue;
    const contents: Predicate = { kind: 'register', register };
    return offsets[0] === 0n ? contents : binary('add', contents, constant(offsets[0]));
  }
  return undefined;
}

/** Seeds that produce unrelated register values. */
const PROBES = [0x9e37_79b9_7f4a_7c15n, 0xd1b5_4a32_d192_ed03n, 0x8cb9_2ba7_2f3d_8dd7n, 0xaef1_7502_b3d7_5b13n];

const valueIn = (seed: bigint, register: number): bigint =>
  register === 0
    ? 0n
    : BigInt.asUintN(64, seed * BigInt(2 * register + 1) + (seed >> 7n) * BigInt(register * register));
