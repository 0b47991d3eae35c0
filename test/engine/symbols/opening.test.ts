/** Symbol files are read lazily; functions and callers are found even without debug or call frame information. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { UserError } from '../../../debug-adapter/messages/userError.ts';
import { openSymbols, type Frame } from '../../../debug-adapter/engine/symbols/index.ts';
import { makeElf } from '../../support/elf.ts';
import { guest } from '../../support/guests.ts';
import { fixture, open } from './support/fixtures.ts';
import { loadedMachine } from './support/memory.ts';

test('a file that is not a linked RV64 ELF file is rejected with a message', () => {
  const cases: [Uint8Array, string][] = [
    [new Uint8Array(), 'symbols-not-elf'],
    [new TextEncoder().encode('#!/bin/sh\n'.repeat(10)), 'symbols-not-elf'],
    [makeElf({ class: 1 }), 'symbols-not-rv64'],
    [makeElf({ byteOrder: 2 }), 'symbols-not-rv64'],
    [makeElf({ machine: 62 }), 'symbols-not-rv64'],
    [makeElf({ type: 1 }), 'symbols-not-linked'],
    [fs.readFileSync(guest('demo/demo')).subarray(0, 5000), 'symbols-truncated'],
  ];
  for (const [bytes, code] of cases) {
    assert.throws(
      () => openSymbols({ name: 'x.elf', bytes }),
      (error) => error instanceof UserError && error.code === code && error.message.includes('x.elf'),
      code,
    );
  }
});

test('queries on a stripped file return nothing and do not fail', () => {
  const symbols = openSymbols({ name: 'x.elf', bytes: makeElf() });
  assert.equal(symbols.hasDebugInfo, false);
  assert.deepEqual([symbols.files(), symbols.globals(), symbols.diagnostics], [[], [], []]);
  assert.equal(symbols.lineAt(0x80000000n), undefined);
  assert.equal(symbols.addressesOfLine('main.c', 1), undefined);
});

test('opening a file takes at most 20 ms', () => {
  const bytes = fs.readFileSync(guest('demo/demo'));
  openSymbols({ name: 'demo.elf', bytes });
  const start = performance.now();
  for (let i = 0; i < 10; i++) openSymbols({ name: 'demo.elf', bytes });
  assert.ok(performance.now() - start < 200, 'at most 20 ms each');
});

test('a load bias shifts every address, both in queries and in results', () => {
  const bytes = fs.readFileSync(fixture('flow-eh-types'));
  const bias = 0xffffffff_00000000n;
  const [plain, moved] = [openSymbols({ name: 'x', bytes }), openSymbols({ name: 'x', bytes, loadBias: bias })];
  const [[here], [there]] = [plain.functionsNamed('loops'), moved.functionsNamed('loops')];
  assert.equal(there.low, here.low + bias);
  assert.equal(there.low, 0xffffffff_00000000n + here.low);
  assert.equal(moved.breakpointAddress(there), plain.breakpointAddress(here) + bias);
  assert.deepEqual(moved.lineAt(there.low + 8n)?.start, (plain.lineAt(here.low + 8n)?.start ?? 0n) + bias);
  assert.equal(moved.symbolAt(there.low + 2n)?.text, 'loops+2');
  assert.deepEqual(
    moved.addressesOfLine('flow.c', 40)?.addresses,
    plain.addressesOfLine('flow.c', 40)?.addresses.map((a) => a + bias),
  );
  const frame = moved.innermostFrame({
    pc: there.low,
    readRegister: (n) => BigInt(n) * 16n,
    readMemory: () => undefined,
  });
  assert.equal(frame.cfa, 32n, 'sp at the entry');
  const sink = moved.evaluate('&sink', frame);
  const before = plain.symbolsNamed('sink')[0].address;
  assert.equal(sink.kind === 'value' && sink.value.integer(), before + bias);
});

test('without a decompressor, compressed sections are ignored, and a message says how to build without compression', () => {
  const bytes = fs.readFileSync(fixture('flow-compressed'));
  const without = openSymbols({ name: 'x.elf', bytes });
  assert.equal(without.lineAt(without.functionsNamed('main')[0].low), undefined);
  assert.match(
    without.diagnostics.join('\n'),
    /x\.elf: \.debug_info uses an unsupported compression format.*Build with -gz=none/,
  );
  const withIt = open(fixture('flow-compressed'));
  assert.ok(withIt.lineAt(withIt.functionsNamed('main')[0].low));
  assert.deepEqual(withIt.diagnostics, []);
});

test('an address is shown as a symbol and the offset from that symbol', () => {
  const symbols = open(guest('demo/demo'));
  const [main] = symbols.functionsNamed('main');
  assert.equal(symbols.symbolAt(main.low)?.text, 'main');
  assert.equal(symbols.symbolAt(main.low + 4n)?.text, 'main+4');
  assert.equal(symbols.symbolAt(0x1000n), undefined);
  assert.equal(symbols.symbolAt((1n << 64n) - 1n), undefined);
  assert.deepEqual(
    symbols.symbolsNamed('main').map(({ kind, address }) => [kind, address]),
    [['function', main.low]],
  );
});

test('without debug information, functions come from the symbol table', () => {
  const symbols = openSymbols({ name: 'x', bytes: withoutSections(guest('demo/demo'), /^\.debug/) });
  assert.equal(symbols.hasDebugInfo, false);
  const [found] = symbols.functionsNamed('store_put');
  assert.deepEqual([found.name, found.file, found.high > found.low], ['store_put', undefined, true]);
  assert.equal(symbols.functionAt(found.low + 6n)?.name, 'store_put');
  assert.ok(symbols.breakpointAddress(found) > found.low);
});

test('without call frame information, the caller is found by analyzing the prologue', () => {
  const file = fixture('flow-O0-v5');
  const symbols = openSymbols({ name: 'x', bytes: withoutSections(file, /^\.(debug|eh)_frame$/) });
  const [recursive] = symbols.functionsNamed('recursive');
  const [main] = symbols.functionsNamed('main');
  const words = new Map<bigint, bigint>();
  const machine = loadedMachine(file);
  const readMemory = (address: bigint, length: number) => {
    const word = words.get(address);
    if (word === undefined || length !== 8) return machine.readMemory(address, length);
    return new Uint8Array(new BigUint64Array([word]).buffer);
  };
  // `recursive` is past its prologue, and its 64-byte frame is below that of `main`.
  const s0 = 0x80050000n;
  words.set(s0 - 8n, main.low + 40n);
  words.set(s0 - 16n, 0x80060000n);
  const frame = symbols.innermostFrame({
    pc: symbols.breakpointAddress(recursive),
    readRegister: (number) => (number === 8 ? s0 : number === 2 ? s0 - 64n : 0n),
    readMemory,
  });
  const result = symbols.callerOf(frame);
  assert.ok(result.kind === 'caller');
  const caller: Frame = result.frame;
  assert.deepEqual([caller.pc, caller.register(2), caller.register(8)], [main.low + 40n, s0, 0x80060000n]);
  assert.equal(symbols.functionAt(caller.lookupPc)?.name, 'main');
});

test('unwinding stops if the caller of a frame would be the same frame', () => {
  const file = fixture('flow-O0-v5');
  const symbols = open(file);
  const [recursive] = symbols.functionsNamed('recursive');
  const pc = symbols.breakpointAddress(recursive);
  // Each frame saves its own s0 and pc as those of its caller.
  const machine = { ...loadedMachine(file), pc, readRegister: (n: number) => (n === 8 || n === 2 ? 0x80040000n : 0n) };
  const circle = (value: bigint) => new Uint8Array(new BigUint64Array([value]).buffer);
  const readMemory = (address: bigint) => circle(address === 0x80040000n - 8n ? pc : 0x80040000n);
  const { frames, end } = symbols.callStack({ ...machine, readMemory });
  assert.equal(end, 'badStack');
  assert.ok(frames.length < 3);
});

test('unwinding stops where the stack is unreadable', () => {
  const symbols = open(fixture('flow-O0-v5'));
  const [recursive] = symbols.functionsNamed('recursive');
  const view = { pc: symbols.breakpointAddress(recursive), readRegister: () => 0x1000n, readMemory: () => undefined };
  assert.deepEqual([symbols.callStack(view).frames.length, symbols.callStack(view).end], [1, 'badStack']);
  const nowhere = symbols.callStack({ ...view, pc: 0x1234n });
  assert.deepEqual([nowhere.frames.length, nowhere.end], [1, 'noUnwindInformation']);
});

test('unwinding an endless stack stops at the maximum number of frames', () => {
  const file = fixture('flow-O0-v5');
  const symbols = open(file);
  const [recursive] = symbols.functionsNamed('recursive');
  const pc = symbols.breakpointAddress(recursive);
  // According to the values saved in each frame, the frame of its caller is 64 bytes higher.
  const readMemory = (address: bigint) => {
    const isReturn = address % 64n === 56n;
    return new Uint8Array(new BigUint64Array([isReturn ? pc + 4n : address + 16n + 64n]).buffer);
  };
  const { frames, end } = symbols.callStack({ pc, readRegister: () => 0x80040000n, readMemory });
  assert.equal(end, 'tooDeep');
  assert.equal(frames.length, 10_001);
  assert.equal(symbols.callStack({ pc, readRegister: () => 0x80040000n, readMemory }, 20).frames.length, 20);
});

/** Returns a copy of a file in which the named sections are renamed so that they are not found. */
function withoutSections(file: string, names: RegExp): Uint8Array {
  const bytes = new Uint8Array(fs.readFileSync(file));
  const view = new DataView(bytes.buffer);
  const headers = Number(view.getBigUint64(40, true));
  const nameTable = Number(view.getBigUint64(headers + 64 * view.getUint16(62, true) + 24, true));
  for (let i = 0; i < view.getUint16(60, true); i++) {
    const at = nameTable + view.getUint32(headers + 64 * i, true);
    const name = new TextDecoder().decode(bytes.subarray(at, bytes.indexOf(0, at)));
    if (names.test(name)) bytes[at] = '-'.charCodeAt(0);
  }
  return bytes;
}
