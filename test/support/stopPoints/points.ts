import { csrNumber } from '../../../debug-adapter/engine/isa/csrs.ts';
import { DATA_VA, SAVE, SAVED } from '../../engine/machine/cpu/randomLayout.ts';
import type { SeededRandom } from '../seededRandom.ts';
import { DRIVES, SECTORS, USED_RING } from './diskRequests.ts';
import { and, binary, conditionFrom, constant, csr, type Expression, load, register } from './expressions.ts';
import { SHARED, SHARED_DOUBLE } from './interrupts.ts';
import type { TestCondition, TestPoint, TrapValues } from './oracle.ts';

/** The properties of a guest from which random stop points are chosen. */
export interface PointOptions {
  /** The addresses of executed instructions. */
  addresses: readonly bigint[];
  harts: number;
  /** The guest's console output. */
  text: string;
}

export function randomPoint(random: SeededRandom, name: string, options: PointOptions): TestPoint {
  const { harts } = options;
  if (random.chance(0.25)) {
    const condition = random.chance(0.5) ? trapCondition(random) : undefined;
    return { name, what: randomTrap(random), condition };
  }
  const what = random.chance(0.3)
    ? ({ kind: 'execute', address: random.pick(options.addresses) } as const)
    : randomWhat(random, options);
  const condition = random.chance(0.65) ? randomCondition(random, harts) : undefined;
  return { name, what, condition, isLog: random.chance(what.kind === 'execute' ? 0.4 : 0.2) };
}

/** A hit condition that lets only a few of `count` hits stop the machine. */
export function fewHits(random: SeededRandom, count: number): NonNullable<TestPoint['hitCondition']> {
  const every = Math.max(2, Math.ceil(count / 8));
  const number = 1 + random.below(Math.min(count, 8));
  return random.pick([
    { text: `% ${every}`, stopsAt: (hit) => hit % every === 0 },
    { text: `${number}`, stopsAt: (hit) => hit === number },
    { text: `<= ${number}`, stopsAt: (hit) => hit <= number },
    { text: `> ${count - number}`, stopsAt: (hit) => hit > count - number },
  ]);
}

// --- what is watched ---------------------------------------------------------------------------------------------------

const SAVED_FIELDS = [SAVED.traps, SAVED.end, SAVED.left, SAVED.pc, SAVED.cause, SAVED.x30];
const CSRS = ['mepc', 'mcause', 'mscratch', 'mstatus', 'fcsr', 'mtval', 'mip', 'sip', 'mie'];

function randomWhat(random: SeededRandom, { harts, text }: PointOptions): TestPoint['what'] {
  const hart = random.below(harts);
  const at = random.below(Math.max(1, text.length - 3));
  return random.pick<() => TestPoint['what']>([
    () => randomAccess(random, harts),
    () => ({ kind: 'register', register: 1 + random.below(31), hart }),
    () => ({ kind: 'float', register: hart > 0 ? 10 : random.below(32), hart }),
    () => ({ kind: 'csr', number: csrNumber(random.pick(CSRS)), hart }),
    () => ({ kind: 'csr', number: csrNumber(random.pick(['mip', 'sip'])), hart }),
    () => randomDisk(random),
    () => ({ kind: 'console', text: text.slice(at, at + 1 + random.below(3)) }),
  ])();
}

/**
 * Memory and the kind of access to watch. The used ring is written by the device, so it is watched only for changes.
 */
export function randomAccess(random: SeededRandom, harts: number): Extract<TestPoint['what'], { kind: 'access' }> {
  if (random.chance(0.15)) return { kind: 'access', address: USED_RING, access: 'change' };
  const isShared = harts > 1 && random.chance(0.4);
  const address = isShared ? random.pick([SHARED, SHARED_DOUBLE]) : SAVE + random.pick(SAVED_FIELDS);
  return { kind: 'access', address, access: random.pick(['read', 'readWrite', 'change']) };
}

function randomDisk(random: SeededRandom): TestPoint['what'] {
  const drive = random.pick([undefined, ...DRIVES]);
  const sectors = random.chance(0.5) ? { first: random.below(SECTORS), count: 1 + random.below(8) } : undefined;
  const all = ['read', 'write', 'flush'] as const;
  return { kind: 'disk', drive, sectors, requests: random.pick([[...all], ...all.map((kind) => [kind])]) };
}

const EXCEPTIONS: [string, bigint][] = [
  ['illegalInstruction', 2n],
  ['ebreak', 3n],
  ['loadAccessFault', 5n],
  ['storeAccessFault', 7n],
  ['loadPageFault', 13n],
  ['storePageFault', 15n],
  ['loadMisaligned', 4n],
  ['ecallFromMachine', 11n],
  ['ecallFromUser', 8n],
  ['ecallFromSupervisor', 9n],
];

function randomTrap(random: SeededRandom): TestPoint['what'] {
  const isKind = (wanted: TrapValues['kind']) => (trap: TrapValues) => trap.kind === wanted;
  const [filter, matches] = random.pick([
    ['interrupts', isKind('interrupt')],
    ['interrupts', isKind('interrupt')],
    ['reset', isKind('reset')],
    ['reset', isKind('reset')],
    ...EXCEPTIONS.map(
      ([name, cause]) => [name, (trap: TrapValues) => isKind('exception')(trap) && trap.cause === cause] as const,
    ),
  ] as const);
  return { kind: 'trap', filter, matches };
}

// --- conditions --------------------------------------------------------------------------------------------------------

const [A0, A1] = [register('a0', 10), register('a1', 11)];

export function randomCondition(random: SeededRandom, harts: number): TestCondition {
  if (random.chance(0.1)) return randomFloatCondition(random);
  return conditionFrom(randomExpression(random, harts));
}

/** A condition on memory at constant physical addresses. In M-mode, it always has a value. */
export function memoryExpression(random: SeededRandom): Expression {
  const rest = constant(random.below(2));
  const saved = load('unsigned long', constant(SAVE + random.pick(SAVED_FIELDS)));
  const shared = load('unsigned int', constant(SHARED));
  return random.pick([
    binary(binary(saved, '%', constant(2)), '==', rest),
    binary(binary(shared, '%', constant(3)), '==', rest),
    and(saved, binary(shared, '<', constant(200))),
  ]);
}

/** A condition that gdb's bytecode can express. It may have no value. */
export function randomExpression(random: SeededRandom, harts: number): Expression {
  const rest = random.below(3);
  const number = (value: number) => constant(value);
  const saved = load('unsigned long', number(SAVE + random.pick(SAVED_FIELDS)));
  const shared = load('unsigned int', number(SHARED));
  return random.pick([
    () => binary(binary(A0, '%', number(3)), '==', number(rest)),
    () => binary(binary(A1, '>>', number(random.below(8))), '&', number(1)),
    () => binary(A1, '<', A0),
    () => binary(csr('mcause'), '^', number(5 + rest)),
    () => binary(csr('mhartid'), '==', number(random.below(harts))),
    () => and(binary(A0, '%', number(2)), binary(csr('mip'), '&', number(0x88))),
    () => binary(binary(saved, '%', number(2)), '==', number(0)),
    () => binary(binary(shared, '%', number(3)), '==', number(harts > 1 ? rest : 0)),
    () => binary(saved, '^', A0),
    // DATA_VA is a virtual address, which can be read only while paging is on.
    () => binary(load('unsigned char', number(DATA_VA)), '+', number(rest)),
    () => and(binary(A0, '&', number(1)), load('unsigned int', number(DATA_VA + 0x1000))),
    () => binary(load('unsigned char', A0), '<', number(64)),
    () => binary(number(100), '/', binary(A0, '%', number(4))),
    () => number(rest),
  ])();
}

/** A condition with floating-point arithmetic, which gdb's bytecode cannot express. */
function randomFloatCondition(random: SeededRandom): TestCondition {
  const limit = random.pick([0, 1.5, 1e6]);
  const address = random.pick([
    SHARED_DOUBLE,
    SAVE + SAVED.traps,
    SAVE + SAVED.registers + 8 * (32 + 8 + random.below(32)),
  ]);
  return {
    text: `*(double *)${address} > ${limit}`,
    holds: ({ memory }) => Buffer.from(memory(BigInt(address), 8)).readDoubleLE() > limit,
  };
}

function trapCondition(random: SeededRandom): TestCondition {
  const rest = BigInt(random.below(4));
  return random.pick([
    { text: `$epc / 4 % 4 == ${rest}`, holds: ({ trap }) => (trap!.epc / 4n) % 4n === rest },
    { text: '$tval != 0', holds: ({ trap }) => trap!.tval !== 0n },
    { text: '$cause == 0x8000000000000007', holds: ({ trap }) => trap!.cause === (1n << 63n) + 7n },
    {
      text: `$a0 % 2 == 0 && $cause > ${rest}`,
      holds: ({ register, trap }) => register(10) % 2n === 0n && trap!.cause > rest,
    },
    {
      text: `8 / ($epc % 3) > 4`,
      holds: ({ trap }) => (trap!.epc % 3n === 0n ? 'none' : 8n / (trap!.epc % 3n) > 4n),
    },
  ] as TestCondition[]);
}
