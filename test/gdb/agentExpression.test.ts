/** gdb's bytecode conditions are translated to predicates with the same value, and malformed bytecode is rejected. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluatePredicate, type Inspector } from '../../debug-adapter/engine/index.ts';
import { anyOf, translateAgentExpression } from '../../debug-adapter/gdb/agentExpression.ts';
import { breakpointConditions } from '../../debug-adapter/gdb/breakpointConditions.ts';
import { SeededRandom } from '../support/seededRandom.ts';
import { type AgentMachine, evaluateBytecode, expressionBytecode } from './agentBytecode.ts';

const RAM = 0x8000_0000n;
const RAM_BYTES = 64;

/** A machine with some registers and 64 bytes of RAM. */
function machineOf(random: SeededRandom): AgentMachine {
  const ram = random.bytes(RAM_BYTES);
  const registers = Array.from({ length: 65 }, () => {
    const [low, high] = [BigInt(random.uint32()), BigInt(random.uint32())];
    return random.pick([low, (high << 32n) | low, RAM + (low % 64n), BigInt.asUintN(64, -(low % 8n)), low % 8n]);
  });
  return {
    register: (number) => registers[number],
    readMemory: (address, lengthBytes) => {
      const offset = address - RAM;
      return offset < 0n || offset > 64n ? new Uint8Array() : ram.slice(Number(offset), Number(offset) + lengthBytes);
    },
  };
}

const inspectorOf = (machine: AgentMachine): Inspector => ({
  hart: 0,
  pc: machine.register(32),
  privilege: 3,
  csrs: [],
  register: (number) => machine.register(number),
  float: (number) => machine.register(33 + number),
  csr: () => undefined,
  readMemory: (address, lengthBytes) => machine.readMemory(address, lengthBytes),
  translate: () => undefined,
  readPhysical: () => undefined,
  isRam: () => false,
});

const bytesOf = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex');

/** Translates bytecode to a predicate and returns its value on a machine with random contents. */
function valueOf(hex: string): bigint | undefined {
  const translated = translateAgentExpression(bytesOf(hex));
  assert.ok(translated.kind === 'predicate', `${hex}: ${translated.kind}`);
  return evaluatePredicate(translated.predicate, inspectorOf(machineOf(new SeededRandom(1))));
}

test('predicates of random expressions have the value that a bytecode interpreter computes (seeded)', (t) => {
  const random = SeededRandom.forTest(t);
  const counts = { values: 0, errors: 0 };
  for (let i = 0; i < 2000; i++) {
    const bytecode = expressionBytecode(random);
    const translated = translateAgentExpression(bytecode);
    if (translated.kind === 'unsupported') continue;
    assert.ok(translated.kind === 'predicate', Buffer.from(bytecode).toString('hex'));
    const machine = machineOf(random);
    const value = evaluateBytecode(bytecode, machine);
    counts[value === undefined ? 'errors' : 'values']++;
    assert.equal(
      evaluatePredicate(translated.predicate, inspectorOf(machine)),
      value,
      Buffer.from(bytecode).toString('hex'),
    );
  }
  assert.ok(counts.values > 500 && counts.errors > 20, JSON.stringify(counts));
});

test('stack operations work as described in the gdb manual', () => {
  assert.equal(valueOf('22 05 22 03 2b 03 27'), BigInt.asUintN(64, 3n - 5n), 'swap');
  assert.equal(valueOf('22 01 22 02 22 03 33 29 27'), 1n, 'rot: a b c becomes c a b, and pop leaves a');
  assert.equal(valueOf('22 07 22 08 32 01 27'), 7n, 'pick 1 copies the second element');
  assert.equal(valueOf('22 ff 16 08 27'), BigInt.asUintN(64, -1n), 'ext 8');
  assert.equal(valueOf('24 12 34 56 78 2a 10 27'), 0x5678n, 'zero_ext 16, and constants are big-endian');
  assert.equal(valueOf('22 ff 16 40 27'), 0xffn, 'extending from 64 bits has no effect');
});

test('only the path taken by a branch on a constant is translated, so the predicate for `(a && b) && c` stays small', () => {
  // gdb's code for `$a0 && $a1`: 1 if both branches are taken, otherwise 0.
  const and = (right: string, at: number) => {
    const word = (offset: number) => (at + offset).toString(16).padStart(4, '0');
    const length = right.replaceAll(' ', '').length / 2;
    return (
      `20${word(6)} 21${word(17 + length)} ${right} 20${word(12 + length)} 21${word(17 + length)} ` +
      `2201 21${word(19 + length)} 2200`
    );
  };
  let code = '26000a';
  for (let i = 0; i < 6; i++) code += and('26000b', code.replaceAll(' ', '').length / 2);
  const translated = translateAgentExpression(bytesOf(`${code}27`));
  assert.ok(translated.kind === 'predicate');
  const text = JSON.stringify(translated.predicate, (_, value: unknown) => (typeof value === 'bigint' ? 0 : value));
  assert.equal(text.match(/"select"/g)?.length, 7, 'one for each operand');
});

test('expressions with loops, floating-point values or side effects are left to gdb', () => {
  for (const [name, hex] of [
    ['loop', '210000'],
    ['loop with a condition', '260001 200000 2201 27'],
    ['float', '2201 01 27'],
    ['trace', '2201 2201 0c 2201 27'],
    ['getv', '2c0001 27'],
    ['setv', '2201 2d0001 27'],
    ['printf', '34'],
    ['an unknown register', '26ffff 27'],
    ['a tree that doubles 20 times', `260001 ${'28 02'.repeat(20)} 27`],
    ['a deep stack', `${'2201'.repeat(200)} 27`],
  ]) {
    assert.equal(translateAgentExpression(bytesOf(hex)).kind, 'unsupported', name);
  }
});

test('malformed bytecode is rejected', (t) => {
  for (const [name, hex] of [
    ['nothing', ''],
    ['no end', '2201'],
    ['an empty stack', '27'],
    ['one operand for two', '2201 02 27'],
    ['a cut operand', '25 0000'],
    ['a jump beyond the end', '210100'],
    ['an invalid bytecode', '31 27'],
    ['extending from 0 bits', '2201 1600 27'],
    ['pick beyond the stack', '2201 3205 27'],
  ]) {
    assert.equal(translateAgentExpression(bytesOf(hex)).kind, 'malformed', name);
  }
  const random = SeededRandom.forTest(t);
  for (let i = 0; i < 5000; i++) {
    const bytes = random.bytes(random.below(30)).map((byte) => (random.chance(0.7) ? byte % 0x36 : byte));
    assert.match(translateAgentExpression(bytes).kind, /^(predicate|unsupported|malformed)$/);
  }
});

test('a breakpoint with several conditions stops the machine if one of them holds', () => {
  const holds = (...values: number[]) => {
    const list = values.map((value) => `X3,22${value.toString(16).padStart(2, '0')}27`).join('');
    const conditions = breakpointConditions([list]);
    assert.ok(conditions !== 'malformed' && conditions.predicate);
    return evaluatePredicate(conditions.predicate, inspectorOf(machineOf(new SeededRandom(1)))) !== 0n;
  };
  assert.deepEqual([holds(0), holds(4), holds(0, 0), holds(0, 4), holds(4, 0)], [false, true, false, true, true]);
  assert.deepEqual(anyOf([{ kind: 'pc' }]), { kind: 'pc' });
  assert.deepEqual(breakpointConditions([]), { predicate: undefined });
  const withFloat = breakpointConditions(['X3,220027X4,22010127']);
  assert.deepEqual(withFloat, { predicate: undefined }, 'one condition is left to gdb, so the breakpoint always stops');
});

test('malformed condition lists are rejected', () => {
  for (const list of [
    '',
    'X',
    'X3',
    'X3,2200',
    'X3,22002',
    'X0,',
    'Xz,00',
    'X3,2200zz',
    'X3,220027,',
    'cmds:1,X3,220027',
  ]) {
    assert.equal(breakpointConditions([list]), 'malformed', list);
  }
});
