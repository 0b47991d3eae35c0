/** Symbols apply where code is loaded: at a kernel's load addresses or at addresses in the launch configuration. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { openSymbolFiles, type SymbolsSetting } from '../../../debug-adapter/engine/index.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';
import { debugOnly, stripped } from '../../support/changedElf.ts';
import { guest } from '../../support/guests.ts';
import { parseLaunch } from '../../support/launch.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const CALLS = fs.readFileSync(guest('walks/calls'));

/** The addresses of `main` in the symbol files that have line information for it. */
function addressesOfMain(
  t: TestContext,
  kernel: Uint8Array,
  setting?: Omit<SymbolsSetting, 'file'>,
  other: Uint8Array = CALLS,
): string[] {
  const folder = temporaryFolder(t);
  const [file, symbols] = ['kernel.elf', 'full.elf'].map((name) => path.join(folder, name));
  fs.writeFileSync(file, kernel);
  fs.writeFileSync(symbols, other);
  const groups = openSymbolFiles(
    nodeHost,
    {
      boot: { kernel: file, bios: null },
      memoryBytes: 128 << 20,
      rrfile: undefined,
      symbols: setting ? [{ file: symbols, ...setting }] : [],
    },
    ({ message }) => assert.fail(message),
  );
  const addresses = groups.flatMap((group) =>
    group.addressesOfFunction('main').filter((at) => group.fileAt(at).lineAt(at)),
  );
  return addresses.map((address) => address.toString(16)).sort();
}

/** Returns a copy of an ELF file whose load addresses differ from its virtual addresses by `distance`. */
function loadedAtDistance(elf: Uint8Array, distance: bigint): Uint8Array {
  const copy = new Uint8Array(elf);
  const view = new DataView(copy.buffer);
  const start = Number(view.getBigUint64(32, true));
  for (let i = 0; i < view.getUint16(56, true); i++) {
    const at = start + 56 * i;
    view.setBigUint64(at + 24, view.getBigUint64(at + 16, true) + distance, true);
  }
  return copy;
}

const [MAIN] = openedMain();
function openedMain(): bigint[] {
  const boot = { kernel: guest('walks/calls'), bios: null };
  const options = { boot, memoryBytes: 128 << 20, rrfile: undefined, symbols: [] };
  return openSymbolFiles(nodeHost, options, () => {}).flatMap((group) => group.addressesOfFunction('main'));
}
const hex = (address: bigint): string => address.toString(16);

test('a kernel has symbols at its virtual addresses and at its load addresses', (t) => {
  const kernel = loadedAtDistance(CALLS, 0x100_0000n);
  const both = [hex(MAIN), hex(MAIN + 0x100_0000n)];
  assert.deepEqual(addressesOfMain(t, kernel), both);
  assert.deepEqual(addressesOfMain(t, stripped(kernel), {}, kernel), both, 'from a file with symbols');
  assert.deepEqual(addressesOfMain(t, stripped(kernel), {}, debugOnly(kernel)), both, 'from debug information only');
  assert.deepEqual(addressesOfMain(t, CALLS), [hex(MAIN)]);
});

test('for a symbol file, the user can give an offset or the address of the text section', (t) => {
  assert.deepEqual(addressesOfMain(t, stripped(CALLS), { offset: 0x400_0000n }), [hex(MAIN + 0x400_0000n)]);
  assert.deepEqual(addressesOfMain(t, stripped(CALLS), { textAddress: 0x8400_0000n }), [hex(MAIN + 0x400_0000n)]);
});

test('the setting "symbols" accepts file names and objects, with addresses as numbers or strings', () => {
  const launch = { rr: 'off', kernel: 'k.elf', cwd: '/w' };
  const { symbols } = parseLaunch({
    ...launch,
    symbols: [
      'a.elf',
      { file: 'b.elf' },
      { file: 'c.elf', offset: 4096 },
      { file: 'd.elf', offset: '-0x1000' },
      { file: 'e.elf', textAddress: '0xffffffff80000000' },
    ],
  });
  const name = (file: string) => path.resolve('/w', file);
  assert.deepEqual(symbols, [
    { file: name('a.elf') },
    { file: name('b.elf') },
    { file: name('c.elf'), offset: 0x1000n },
    { file: name('d.elf'), offset: 0xffff_ffff_ffff_f000n },
    { file: name('e.elf'), textAddress: 0xffff_ffff_8000_0000n },
  ]);
  for (const bad of [
    5,
    {},
    { file: '' },
    { file: 'a.elf', offset: 1.5 },
    { file: 'a.elf', offset: 'x' },
    { file: 'a.elf', offset: 1, textAddress: 2 },
  ]) {
    assert.throws(() => parseLaunch({ ...launch, symbols: [bad] }), /symbols\[0\]/);
  }
});
