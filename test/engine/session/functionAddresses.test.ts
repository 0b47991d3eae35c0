/** A function breakpoint on `*0x80000000` is a breakpoint on an address, as in gdb. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LoadedSymbols, openSymbols, resolveFunction } from '../../../debug-adapter/engine/index.ts';
import { groupByCode } from '../../../debug-adapter/engine/symbols/index.ts';
import { fixture } from '../symbols/support/fixtures.ts';

test('an address after an asterisk is resolved without looking up a function', () => {
  const name = fixture('names/names-cpp');
  const symbols = openSymbols({ name, bytes: readFileSync(name) });
  const memory = { readMemory: () => new Uint8Array() };
  const loaded = new LoadedSymbols(groupByCode([{ symbols, isBooted: true }]), memory);
  const [{ low }] = symbols.functionsNamed('main');
  for (const text of [`*0x${low.toString(16)}`, `* ${low}`]) {
    assert.deepEqual(resolveFunction(loaded, text), { addresses: [{ address: low }] }, text);
  }
  assert.equal(resolveFunction(loaded, '*0x80000001').problem?.kind, 'oddAddress');
  assert.equal(resolveFunction(loaded, '*0x90000000').problem?.kind, 'notMapped');
  assert.equal(resolveFunction(loaded, '*main').problem?.kind, 'noFunction');
});
