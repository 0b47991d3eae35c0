/** A kernel's kallsyms table is read from its Image, in every layout of the table.
 *
 * This test builds its own images; test/dap/linux.long.test.ts compares the symbols with those of a running kernel.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elfFromImage } from '../../../debug-adapter/engine/symbols/kallsyms/imageElf.ts';
import { type KernelSymbol, readKallsyms } from '../../../debug-adapter/engine/symbols/kallsyms/kallsyms.ts';
import { openSymbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { kallsymsTables } from '../../support/kallsyms.ts';
import { SeededRandom } from '../../support/seededRandom.ts';

const BASE = 0xffff_ffff_8000_0000n;
const LONG = 'a_name_that_is_'.repeat(12);

const SYMBOLS: KernelSymbol[] = [
  { name: '_start', type: 'T', address: BASE },
  { name: 'do_sys_open', type: 't', address: BASE + 0x40n },
  { name: 'do_sys_open_alias', type: 'T', address: BASE + 0x40n },
  { name: LONG, type: 'T', address: BASE + 0x80n },
  ...Array.from({ length: 700 }, (_, i) => ({ name: `sys_${i}`, type: 't', address: BASE + 0x100n + BigInt(4 * i) })),
  { name: 'jiffies', type: 'D', address: BASE + 0x10_0000n },
];

for (const order of ['since 6.4', 'before'] as const) {
  test(`a kernel's symbols are read from its image, with the table layout used ${order}`, () => {
    assert.deepEqual(readKallsyms(makeImage(SYMBOLS, order)), SYMBOLS);
  });
}

test('in an ELF file made from the image, symbols are found by name and by address', () => {
  const elf = elfFromImage(makeImage(SYMBOLS, 'since 6.4'))!;
  assert.equal(elf.start, BASE);
  const symbols = openSymbols({ name: 'Image', bytes: elf.bytes });
  const [open] = symbols.functionsNamed('do_sys_open');
  assert.deepEqual([open.low, open.high], [BASE + 0x40n, BASE + 0x80n]);
  assert.equal(symbols.symbolAt(BASE + 0x104n + 2n)?.text, 'sys_1+2');
  assert.equal(symbols.functionAt(BASE + 0x84n)?.name, LONG);
  assert.equal(symbols.symbolsNamed('jiffies')[0].kind, 'object');
  assert.deepEqual(symbols.functionsNamed('jiffies'), []);
  const loaded = openSymbols({ name: 'Image', bytes: elf.bytes, loadBias: 0x8020_0000n - elf.start });
  assert.equal(loaded.symbolsNamed('_start')[0].address, 0x8020_0000n);
});

test('an image without a symbol table has no symbols', () => {
  for (const bytes of [new Uint8Array(), new Uint8Array(100_000), makeImage(SYMBOLS, 'since 6.4').subarray(0, 9000)]) {
    assert.equal(readKallsyms(bytes), undefined);
    assert.equal(elfFromImage(bytes), undefined);
  }
});

test('reading a damaged image never throws an error, and finds either all symbols or none', (t) => {
  const random = SeededRandom.forTest(t);
  const whole = makeImage(SYMBOLS, 'since 6.4');
  for (let i = 0; i < 300; i++) {
    const image = whole.slice(random.below(8), whole.length - random.below(2) * random.below(whole.length));
    for (let flips = random.below(4); flips > 0; flips--) image[random.below(image.length)] ^= 1 << random.below(8);
    const found = readKallsyms(image);
    assert.ok(found === undefined || found.length === SYMBOLS.length);
  }
});

// --- images ------------------------------------------------------------------------------------------------------------

function makeImage(symbols: readonly KernelSymbol[], order: 'since 6.4' | 'before'): Uint8Array {
  const code = Uint8Array.from({ length: 8192 }, (_, i) => i & 0x7f);
  return Uint8Array.from([...code, ...kallsymsTables(symbols, { base: BASE, order }), ...code]);
}
