/** The compact symbol table gives the same results as a linear search in a sorted list of all entries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseOf, SortedSymbols } from '../../../debug-adapter/engine/symbols/elf/sortedSymbols.ts';
import type { SymbolInfo } from '../../../debug-adapter/engine/symbols/index.ts';
import { SeededRandom } from '../../support/seededRandom.ts';

const KINDS = ['label', 'object', 'function'] as const;

for (const [what, spread] of [
  ['close together', 200],
  ['at both ends of the address space', 2 ** 62],
] as const) {
  test(`symbols are found by address and name: ${what}`, (t) => {
    const random = SeededRandom.forTest(t);
    for (let round = 0; round < 20; round++) {
      const list = Array.from({ length: random.below(60) }, (): SymbolInfo => {
        const address = BigInt(random.below(50)) + (random.chance(0.5) ? BigInt(spread) : 0n);
        const name = random.pick(['f', 'f.isra.0', 'f.cold', 'g', 'g.1', '.text_start', 'ü']);
        return { name, address, sizeBytes: BigInt(random.below(3)), kind: random.pick(KINDS) };
      });
      check(new SortedSymbols(...encode(list)), list.toSorted(byAddressThenPriority));
    }
  });
}

test('symbol table entries that do not describe the program are omitted', () => {
  const kept: SymbolInfo = { name: 'main', address: 8n, sizeBytes: 4n, kind: 'function' };
  const [table, names] = encode([kept, ...['$x', '.L1', ''].map((name) => ({ ...kept, name })), kept, kept]);
  // Makes one entry a section symbol and another one an undefined symbol.
  table[4 * 24 + 4] = 3;
  table[5 * 24 + 6] = 0;
  const symbols = new SortedSymbols(table, names);
  assert.deepEqual([symbols.length, symbols.at(0)], [1, kept]);
});

function check(symbols: SortedSymbols, sorted: readonly SymbolInfo[]): void {
  assert.deepEqual(
    sorted.map((_, i) => symbols.at(i)),
    sorted,
  );
  assert.equal(symbols.length, sorted.length);
  for (const { address } of sorted) {
    for (const at of [address - 1n, address, address + 1n]) {
      assert.equal(symbols.lastNotAfter(at), sorted.filter((one) => one.address <= at).length - 1);
    }
  }
  for (const base of ['f', 'g', '.text_start', 'ü', 'h']) {
    assert.deepEqual(
      symbols.withBase(base),
      sorted.filter(({ name }) => baseOf(name) === base),
    );
  }
}

function encode(list: readonly SymbolInfo[]): [Uint8Array, Uint8Array] {
  const table = new Uint8Array(list.length * 24);
  const view = new DataView(table.buffer);
  const names = Buffer.from(`\0${list.map(({ name }) => `${name}\0`).join('')}`);
  let nameAt = 1;
  list.forEach(({ name, address, sizeBytes, kind }, i) => {
    view.setUint32(i * 24, name === '' ? 0 : nameAt, true);
    view.setUint8(i * 24 + 4, KINDS.indexOf(kind));
    view.setUint16(i * 24 + 6, 1, true);
    view.setBigUint64(i * 24 + 8, address, true);
    view.setBigUint64(i * 24 + 16, sizeBytes, true);
    nameAt += Buffer.byteLength(name) + 1;
  });
  return [table, names];
}

function byAddressThenPriority(a: SymbolInfo, b: SymbolInfo): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  const priority = (one: SymbolInfo) => (one.kind === 'label' ? 0 : 2) + (one.sizeBytes > 0n ? 1 : 0);
  return priority(a) - priority(b);
}
