import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elfOfImage } from '../../../debug-adapter/engine/symbols/kallsyms/imageElf.ts';
import { type KernelSymbol, readKallsyms } from '../../../debug-adapter/engine/symbols/kallsyms/kallsyms.ts';
import { openSymbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { SeededRandom } from '../../support/seededRandom.ts';

/** A kernel's own table of symbols, in images made by hand. test/dap/linux.test.ts compares with a kernel that runs. */
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
  test(`a kernel's symbols come out of its image, as it was laid out ${order}`, () => {
    assert.deepEqual(readKallsyms(makeImage(SYMBOLS, order)), SYMBOLS);
  });
}

test('the image as an ELF file answers by name and by address', () => {
  const elf = elfOfImage(makeImage(SYMBOLS, 'since 6.4'))!;
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

test('an image without symbols has none', () => {
  for (const bytes of [new Uint8Array(), new Uint8Array(100_000), makeImage(SYMBOLS, 'since 6.4').subarray(0, 9000)]) {
    assert.equal(readKallsyms(bytes), undefined);
    assert.equal(elfOfImage(bytes), undefined);
  }
});

test('damage never throws, and what is left of the symbols is whole', (t) => {
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

/** Every character is its own token, and two bytes that no name has stand for more. */
const TOKENS = Array.from({ length: 256 }, (_, byte) => {
  return (
    new Map([
      [1, 'sys_'],
      [0x80, 'do_'],
    ]).get(byte) ?? (/\w/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : '')
  );
});

function makeImage(symbols: readonly KernelSymbol[], order: 'since 6.4' | 'before'): Uint8Array {
  const names = symbols.map(({ type, name }) => encodeName(type + name));
  const markers: number[] = [];
  let at = 0;
  names.forEach((name, i) => {
    if (i % 256 === 0) markers.push(at);
    at += name.length;
  });
  const starts: number[] = [];
  let end = 0;
  for (const token of TOKENS) {
    starts.push(end);
    end += token.length + 1;
  }
  const offsets = bytesOf(
    4,
    symbols.map(({ address }) => Number(address - BASE)),
  );
  const base = bytesOf(8, [BASE]);
  const addresses = [offsets, base];
  const count = bytesOf(4, [symbols.length]);
  const tables = [count, names.flat(), bytesOf(4, markers), Buffer.from(TOKENS.join('\0') + '\0'), bytesOf(2, starts)];
  const parts = order === 'before' ? [...addresses, ...tables] : [...tables, ...addresses];
  const code = Array.from({ length: 8192 }, (_, i) => i & 0x7f);
  return Uint8Array.from([code, ...parts, code].flatMap(aligned));
}

function encodeName(text: string): number[] {
  const codes = [...text.replaceAll('sys_', '\x01').replaceAll('do_', '\x80')].map((one) => one.charCodeAt(0));
  return codes.length < 0x80 ? [codes.length, ...codes] : [(codes.length & 0x7f) | 0x80, codes.length >> 7, ...codes];
}

function bytesOf(size: 2 | 4 | 8, values: readonly (number | bigint)[]): number[] {
  return values.flatMap((value) =>
    Array.from({ length: size }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn)),
  );
}

const aligned = (bytes: ArrayLike<number>): number[] => [
  ...Array.from(bytes),
  ...new Array<number>(-bytes.length & 7).fill(0),
];
