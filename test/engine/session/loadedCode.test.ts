/** The contents of memory determine which of several programs counts as loaded. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type GuestMemory, LoadedCode } from '../../../debug-adapter/engine/session/loadedCode.ts';
import { LoadedSymbols } from '../../../debug-adapter/engine/session/loadedSymbols.ts';
import { groupByCode, openSymbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { loadedBytes, patched, stripped } from '../../support/changedElf.ts';
import { guest } from '../../support/guests.ts';

const CALLS = readFileSync(guest('walks/calls'));
const SUM = readFileSync(guest('kernel/user/sum'));
const PRIMES = readFileSync(guest('kernel/user/primes'));

function memoryWith(elf: Uint8Array, start: bigint): GuestMemory {
  const bytes = loadedBytes(elf);
  const readMemory = (address: bigint, lengthBytes: number) => {
    const offset = Number(address - start);
    return offset < 0 ? new Uint8Array() : bytes.slice(offset, offset + lengthBytes);
  };
  return { readMemory };
}

function groupsOf(files: readonly { bytes: Uint8Array; isBooted?: boolean }[]) {
  return groupByCode(
    files.map(({ bytes, isBooted = false }, i) => ({ symbols: openSymbols({ name: `${i}`, bytes }), isBooted })),
  );
}

test('of several programs at the same addresses, the one whose code is in memory counts as loaded', () => {
  const groups = groupsOf([{ bytes: SUM }, { bytes: PRIMES }]);
  for (const [i, bytes] of [SUM, PRIMES].entries()) {
    const loaded = new LoadedCode(groups, memoryWith(bytes, 0x1_0000n));
    const [main] = groups[i].addressesOfFunction('main');
    assert.equal(loaded.at(main), groups[i]);
    assert.deepEqual(
      groups.map((group) => loaded.isLoaded(group, main)),
      [i === 0, i === 1],
    );
  }
});

test('if two programs match memory, both count as loaded when breakpoints are set', () => {
  // The two programs differ only at addresses where memory cannot be read.
  const far = 0x8000_0000n;
  const grown = CALLS;
  const groups = groupsOf([{ bytes: grown }, { bytes: patched(grown, far) }]);
  const memory = memoryWith(grown, far);
  const hidden = {
    ...memory,
    readMemory: (at: bigint, n: number) => (at < far + 4n ? new Uint8Array() : memory.readMemory(at, n)),
  };
  const [fibonacci] = groups[0].addressesOfFunction('fibonacci');
  const loaded = new LoadedCode(groups, hidden);
  assert.deepEqual(
    groups.map((group) => loaded.isLoaded(group, fibonacci)),
    [true, true],
  );
});

test('symbols from a different build apply only to unchanged functions that have no symbol in the booted file', () => {
  const other = patched(CALLS, 0x8000_0ea0n);
  const memory = memoryWith(CALLS, 0x8000_0000n);
  const groups = groupsOf([{ bytes: other }, { bytes: stripped(CALLS), isBooted: true }]);
  const [given, booted] = groups;
  const [fibonacci, ackermann] = ['fibonacci', 'ackermann'].map((name) => given.addressesOfFunction(name)[0]);
  const loaded = new LoadedCode(groups, memory);
  assert.equal(loaded.at(fibonacci), booted);
  assert.equal(loaded.at(ackermann), given);
  const named = groupsOf([{ bytes: other }, { bytes: CALLS, isBooted: true }]);
  assert.equal(new LoadedCode(named, memory).at(ackermann), named[1]);
});

test('symbols of the booted kernel also apply to code that the guest has freed, but symbols of a program do not', () => {
  const freed: GuestMemory = { readMemory: (_, lengthBytes) => new Uint8Array(lengthBytes) };
  const [booted] = groupsOf([{ bytes: CALLS, isBooted: true }]);
  const [fibonacci] = booted.addressesOfFunction('fibonacci');
  const kernel = new LoadedSymbols([booted], freed);
  assert.equal(kernel.describe(fibonacci).names, booted.files[0]);
  assert.equal(kernel.matching(fibonacci), undefined);
  const [program] = groupsOf([{ bytes: CALLS }]);
  const { group, symbols, names } = new LoadedSymbols([program], freed).describe(fibonacci);
  // The file still provides types, but its names do not apply to the code in memory.
  assert.deepEqual([group, symbols === program.files[0], names], [undefined, true, undefined]);
});

test('for code that no file contains, types come from a booted file with debug information', () => {
  const groups = groupsOf([
    { bytes: SUM },
    { bytes: stripped(CALLS), isBooted: true },
    { bytes: PRIMES, isBooted: true },
  ]);
  const symbols = new LoadedSymbols(groups, memoryWith(CALLS, 0x8000_0000n));
  assert.equal(symbols.at(0xffff_0000n), groups[2].files[0]);
  assert.equal(new LoadedSymbols([], memoryWith(CALLS, 0x8000_0000n)).at(0xffff_0000n), undefined);
});

test('if a program is loaded after a query, it is found once the cached results are discarded', () => {
  const groups = groupsOf([{ bytes: SUM }, { bytes: PRIMES }]);
  let memory = memoryWith(SUM, 0x1_0000n);
  const symbols = new LoadedSymbols(groups, {
    readMemory: (address, lengthBytes) => memory.readMemory(address, lengthBytes),
  });
  const [main] = groups[1].addressesOfFunction('main');
  assert.equal(symbols.at(main), groups[0].files[0]);
  memory = memoryWith(PRIMES, 0x1_0000n);
  assert.equal(symbols.isLoadedNow(groups[1], main), true);
  symbols.forget();
  assert.equal(symbols.at(main), groups[1].files[0]);
});
