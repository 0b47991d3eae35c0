/** The built-in firmware is identical to a build from its sources, and protects its memory. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { builtinFirmware, FIRMWARE_MEMORY_BYTES } from '../../../../debug-adapter/engine/machine/boot/firmware.ts';
import { FIRMWARE_SOURCES_SHA256 } from '../../../../debug-adapter/engine/machine/boot/firmwareImage.ts';

const SOURCES = path.resolve(import.meta.dirname, '../../../../debug-adapter/engine/machine/boot/firmware');

test('the built-in firmware is identical to a fresh build from its sources', () => {
  const names = readdirSync(SOURCES).sort();
  const inOrder = ['.S', '.c', '.h', '.ld'].flatMap((end) => names.filter((name) => name.endsWith(end)));
  const hash = createHash('sha256');
  for (const name of [...inOrder, 'build.sh']) hash.update(readFileSync(path.join(SOURCES, name)));
  assert.equal(hash.digest('hex'), FIRMWARE_SOURCES_SHA256, 'run debug-adapter/engine/machine/boot/firmware/build.sh');
  assert.equal(names.length, inOrder.length + 1, `a source that the build does not use: ${names.join(' ')}`);
});

test('the firmware protects all of its own memory', () => {
  const header = readFileSync(path.join(SOURCES, 'build.sh'), 'utf8');
  const [, bytes] = /-DFIRMWARE_BYTES=(\w+)/.exec(header) ?? [];
  assert.equal(Number(bytes), FIRMWARE_MEMORY_BYTES);
  assert(builtinFirmware().length > 1000 && builtinFirmware().length < FIRMWARE_MEMORY_BYTES);
});
