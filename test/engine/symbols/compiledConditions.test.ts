/** A condition compiled for the machine has the same value as in the expression evaluator. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { frameViewOf } from '../../../debug-adapter/engine/session/frameView.ts';
import { InvalidExpression, type Symbols, type Type } from '../../../debug-adapter/engine/symbols/index.ts';
import type { Inspector } from '../../../debug-adapter/engine/target/inspector.ts';
import { evaluatePredicate } from '../../../debug-adapter/engine/target/predicate.ts';
import { UserError } from '../../../debug-adapter/messages/userError.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { fixture, open } from './support/fixtures.ts';
import { loadedMachine } from './support/memory.ts';
import { some, times } from '../../support/extent.ts';

const STACK = { start: 0x7000_0000n, end: 0x7000_4000n };
const CSR = 0x180;

/** Simulates a hart at `pc` with random registers and a random stack, in a program that has just been loaded. */
function hartAt(random: SeededRandom, file: string, pc: bigint): Inspector {
  const loaded = loadedMachine(fixture(file));
  const stack = random.bytes(Number(STACK.end - STACK.start));
  const inStack = () => STACK.start + BigInt(4096 + 16 * random.below(512));
  const value = () =>
    random.pick([0n, 1n, BigInt(random.below(100)), BigInt.asUintN(64, -5n), word(random), inStack()]);
  const registers = Array.from({ length: 32 }, (_, i) => (i === 0 ? 0n : i === 2 || i === 8 ? inStack() : value()));
  const satp = word(random);
  return {
    hart: 0,
    pc,
    privilege: 3,
    csrs: [{ name: 'satp', number: CSR }],
    register: (i) => registers[i],
    float: () => 0n,
    csr: (number) => (number === CSR ? satp : undefined),
    readMemory: (address, length) => {
      const isInStack = address >= STACK.start && address + BigInt(length) <= STACK.end;
      if (!isInStack) return loaded.readMemory(address, length) ?? new Uint8Array();
      const offset = Number(address - STACK.start);
      return stack.slice(offset, offset + length);
    },
    translate: () => undefined,
    isRam: () => false,
    readPhysical: () => new Uint8Array(),
  };
}

const word = (random: SeededRandom): bigint => (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());

/** Generates random expressions with the names that are in scope. */
class Expressions {
  private random: SeededRandom;
  private variables: { name: string; type: Type }[];

  constructor(random: SeededRandom, symbols: Symbols, pc: bigint) {
    this.random = random;
    this.variables = [...symbols.scopesAt(pc).flatMap(({ variables }) => variables), ...symbols.globals(pc)];
  }

  make(depth: number): string {
    const { random } = this;
    const inner = () => this.make(depth - 1);
    if (depth === 0 || random.chance(0.1)) return this.leaf();
    switch (random.below(9)) {
      case 0:
        return `${random.pick(['-', '~', '!', '+'])}(${inner()})`;
      case 1:
        return `((${random.pick(CASTS)})(${inner()}))`;
      case 2:
        return `(${inner()} ? ${inner()} : ${inner()})`;
      case 3:
        return `(${inner()} ${random.pick(['&&', '||'])} ${inner()})`;
      case 4:
      case 5:
        return `(${inner()} ${random.pick(['==', '!=', '<', '<=', '>', '>='])} ${inner()})`;
      case 6:
        return `(${inner()} ${random.pick(['<<', '>>'])} ${random.pick(['1', '7', '40', '70', '-1', this.leaf()])})`;
      default:
        return `(${inner()} ${random.pick(['+', '-', '*', '/', '%', '&', '|', '^'])} ${inner()})`;
    }
  }

  private leaf(): string {
    const { random } = this;
    if (this.variables.length > 0 && random.chance(0.6)) {
      const { name, type } = random.pick(this.variables);
      return this.part(name, type, 4);
    }
    return random.pick([
      ...['0', '1', '-1', '2u', '3l', '0x80000000', '4294967296', '0xffffffffffffffff', "'a'", '100'],
      ...['$a0', '$s1', '$t0', '$satp', '$csr384', '(long)$sp', '$pc', '1.5', 'sizeof(int)'],
    ]);
  }

  /** Returns an expression for a random scalar inside a value of this type. */
  private part(text: string, type: Type, depth: number): string {
    const { random } = this;
    if (depth === 0) return text;
    switch (type.kind) {
      case 'typedef':
      case 'qualified':
        return this.part(text, type.target(), depth);
      case 'array':
        return this.part(`${text}[${random.pick(['0', '1', '$a0 & 1', '-1'])}]`, type.element(), depth - 1);
      case 'pointer':
        return random.chance(0.5) ? `(${text} == 0)` : this.part(`(*${text})`, type.target(), depth - 1);
      case 'struct':
      case 'union': {
        const members = type.members().filter(({ name }) => name !== '');
        if (members.length === 0) return text;
        const member = random.pick(members);
        return this.part(`${text}.${member.name}`, member.type(), depth - 1);
      }
      default:
        return text;
    }
  }
}

const CASTS = ['char', 'signed char', 'short', 'unsigned short', 'int', 'unsigned', 'long', 'unsigned long', '_Bool'];

/** Errors that are not found when a condition is checked, because they depend on the values. */
const OF_VALUES = ['expression-unreadable', 'expression-optimized-out', 'expression-division-by-zero'];

const OF_TYPES = ['expression-not-a-number', 'expression-not-a-pointer', 'expression-not-a-struct'];

/** Evaluates a condition; returns undefined if the condition has no value. */
function valueOf(symbols: Symbols, text: string, hart: Inspector): boolean | undefined {
  try {
    return symbols.isTrue(text, symbols.innermostFrame(frameViewOf(hart)));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // The type of a conditional expression is the type of the operand that is chosen at run time.
    const mayBeOther = text.includes('?') && OF_TYPES.includes(error.code);
    assert.ok(mayBeOther || OF_VALUES.includes(error.code), `${text}: ${error.message}`);
    return undefined;
  }
}

function compare(t: TestContext, file: string): void {
  const random = SeededRandom.forTest(t);
  const symbols = open(fixture(file));
  const functions = symbols.code
    .flatMap(({ address, sizeBytes }) =>
      Array.from({ length: Number(sizeBytes / 2n) }, (_, i) => address + 2n * BigInt(i)),
    )
    .filter((pc) => symbols.scopesAt(pc).length > 0);
  let compiled = 0;
  for (let i = 0; i < times({ quick: 150, long: 400 }); i++) {
    const pc = random.pick(functions);
    const hart = hartAt(random, file, pc);
    const text = new Expressions(random, symbols, pc).make(3);
    let predicate;
    try {
      predicate = symbols.check(text, symbols.innermostFrame(frameViewOf(hart)));
    } catch (error) {
      if (!(error instanceof InvalidExpression)) throw error;
      continue;
    }
    const expected = valueOf(symbols, text, hart);
    if (!predicate) continue;
    compiled++;
    const value = evaluatePredicate(predicate, hart);
    if (value === undefined) assert.equal(expected, undefined, text);
    else assert.equal(value !== 0n, expected, `${text} at 0x${pc.toString(16)}`);
  }
  assert.ok(compiled > 10, `${compiled} expressions were compiled`);
}

for (const file of some(['flow-O0-v5', 'flow-Og-v5', 'flow-O2', 'types-O0-v5', 'types-Og-v4'], 1)) {
  test(`random conditions in ${file} have the same values whether they are compiled or not`, (t) => compare(t, file));
}
