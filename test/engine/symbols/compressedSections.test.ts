/** Compressed debug sections are read in every format, and a damaged section never causes a huge allocation. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { sectionContents } from '../../../debug-adapter/engine/symbols/elf/compressedSection.ts';
import { readElfFile, type ElfSection } from '../../../debug-adapter/engine/symbols/elf/elfFile.ts';
import type { HostCompression } from '../../../debug-adapter/engine/base/host.ts';
import { openSymbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { nodeCompression } from '../../../debug-adapter/host/compression.ts';
import { fixture, open } from './support/fixtures.ts';

for (const name of ['flow-compressed', 'flow-zstd', 'flow-zdebug']) {
  test(`a file with compressed sections gives the same lines and variables as the uncompressed file: ${name}`, () => {
    const [plain, compressed] = [open(fixture('flow-Og-v5')), open(fixture(name))];
    assert.equal(compressed.hasDebugInfo, true);
    for (const { low } of ['main', 'loops'].flatMap((text) => compressed.functionsNamed(text))) {
      assert.ok(compressed.lineAt(low));
      assert.equal(compressed.lineAt(low)?.line, plain.lineAt(low)?.line);
      assert.equal(compressed.scopesAt(low)[0].variables.length, plain.scopesAt(low)[0].variables.length);
    }
    assert.deepEqual(compressed.diagnostics, []);
  });

  test(`a compressed section with a wrong size is reported and ignored: ${name}`, () => {
    for (const size of [0n, 1n, 1n << 40n, (1n << 64n) - 1n]) {
      const bytes = new Uint8Array(fs.readFileSync(fixture(name)));
      const info = sectionNamed(bytes, /^\.z?debug_info$/);
      const view = new DataView(info.buffer, info.byteOffset);
      view.setBigUint64(name === 'flow-zdebug' ? 4 : 8, size, name !== 'flow-zdebug');
      const symbols = openSymbols({ name: 'x.elf', bytes, compression: nodeCompression });
      assert.deepEqual(symbols.files(), []);
      assert.match(symbols.diagnostics.join('\n'), /x\.elf: \.z?debug_info is damaged \(it cannot be decompressed\)/);
    }
  });
}

test('a claimed size that is too large for the compressed data is rejected before decompression', () => {
  const decompress = () => assert.fail('nothing is decompressed');
  const host = { ...nodeCompression, inflate: decompress, decompress } as HostCompression;
  for (const [format, size] of [
    [1, 1n << 30n],
    [2, 1n << 30n],
    [2, 1n << 62n],
  ] as const) {
    const bytes = new Uint8Array(1000);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, format, true);
    view.setBigUint64(8, size, true);
    assert.deepEqual(sectionContents({ ...SECTION, bytes }, host), { kind: 'damaged' });
  }
});

test('a compressed section that is too short for its header counts as damaged, and an unknown format is reported as such', () => {
  assert.deepEqual(sectionContents({ ...SECTION, bytes: new Uint8Array(23) }, nodeCompression), { kind: 'damaged' });
  const unknown = new Uint8Array(100);
  unknown[0] = 3;
  assert.deepEqual(sectionContents({ ...SECTION, bytes: unknown }, nodeCompression), { kind: 'unknownCompression' });
  const gnu = { ...SECTION, name: '.zdebug_info', flags: 0 };
  assert.deepEqual(sectionContents({ ...gnu, bytes: new Uint8Array(40) }, nodeCompression), { kind: 'damaged' });
});

const SECTION: ElfSection = {
  ...{ name: '.debug_info', type: 1, flags: 0x800, address: 0n, link: 0 },
  ...{ bytes: new Uint8Array(), sizeBytes: 0n, lengthBytes: 0, contents: { bytes: new Uint8Array() } },
};

function sectionNamed(bytes: Uint8Array, name: RegExp): Uint8Array {
  const section = readElfFile(bytes, 'x.elf').sections.find((one) => name.test(one.name));
  assert.ok(section);
  return section.bytes;
}
