/** The debug information of a stripped file is found by debug link or build ID, but only in allowed folders. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { type CodeGroup, openSymbolFiles, type SymbolFileOptions } from '../../../debug-adapter/engine/index.ts';
import { crc32 } from '../../../debug-adapter/engine/symbols/index.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';
import type { Notice } from '../../../debug-adapter/messages/userError.ts';
import { debugOnly, stripped, withSections } from '../../support/changedElf.ts';
import { guest } from '../../support/guests.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const CALLS = fs.readFileSync(guest('walks/calls'));
const DEBUG = debugOnly(CALLS);
const BUILD_ID = 'abcdef0123456789abcdef0123456789abcdef01';

/** A kernel in `program/` whose debug information is in another file. */
class Scene {
  readonly root: string;
  readonly notices: Notice[] = [];
  private groups: CodeGroup[] = [];

  constructor(t: TestContext) {
    this.root = temporaryFolder(t);
    this.write('program/readme', new Uint8Array());
  }

  write(name: string, bytes: Uint8Array): string {
    const file = path.join(this.root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, bytes);
    return file;
  }

  open(
    link: Uint8Array,
    options: Partial<SymbolFileOptions> & { symbolPaths?: string[]; workspace?: string } = {},
    host = nodeHost,
  ) {
    const kernel = this.write('program/kernel.elf', link);
    const { symbolPaths = [], workspace, ...rest } = options;
    const boot = { kernel, bios: null };
    const folders = { symbolPaths: symbolPaths.map((folder) => path.join(this.root, folder)), workspace };
    const all = { boot, memoryBytes: 128 << 20, rrfile: undefined, symbols: [], folders, ...rest };
    this.groups = openSymbolFiles(host, all, (notice) => this.notices.push(notice));
    return this;
  }

  /** Whether a file in the same group as the kernel provides line information. */
  get hasLines(): boolean {
    const [group, ...others] = this.groups;
    assert.deepEqual(others, []);
    const [address] = group.addressesOfFunction('fibonacci');
    return address !== undefined && group.fileAt(address).lineAt(address) !== undefined;
  }

  get codes(): string[] {
    return this.notices.map(({ code }) => code);
  }
}

const linked = (name: string, crc = crc32(DEBUG)) => withSections(stripped(CALLS), [debugLink(name, crc)]);

for (const location of ['program', 'program/.debug', 'elsewhere']) {
  test(`the debug link in a stripped kernel leads to its debug information: ${location}`, (t) => {
    const scene = new Scene(t);
    scene.write(`${location}/kernel.debug`, DEBUG);
    scene.open(linked('kernel.debug'), { symbolPaths: ['elsewhere'] });
    assert.equal(scene.hasLines, true);
    assert.deepEqual(scene.codes, []);
  });
}

test('under a folder of symbolPaths, a debug file can be at the same path as the program', (t) => {
  const scene = new Scene(t);
  scene.write(path.join('elsewhere', path.resolve(scene.root, 'program'), 'kernel.debug'), DEBUG);
  scene.open(linked('kernel.debug'), { symbolPaths: ['elsewhere'] });
  assert.equal(scene.hasLines, true);
});

test('a debug file with the wrong checksum is not used, and a notice says so', (t) => {
  const scene = new Scene(t);
  scene.write('program/kernel.debug', DEBUG);
  scene.open(linked('kernel.debug', crc32(DEBUG) ^ 1));
  assert.equal(scene.hasLines, false);
  assert.deepEqual(scene.codes, ['symbols-link-mismatch']);
  assert.match(
    scene.notices[0].message,
    /kernel\.debug does not contain the debug information of .*kernel\.elf: its checksum differs/,
  );
});

test('if a debug file has the wrong checksum, the next folder is searched', (t) => {
  const scene = new Scene(t);
  scene.write('program/kernel.debug', CALLS);
  scene.write('program/.debug/kernel.debug', DEBUG);
  scene.open(linked('kernel.debug'));
  assert.equal(scene.hasLines, true);
  assert.deepEqual(scene.codes, []);
});

test('if the build IDs are equal, the checksum in the link is not compared', (t) => {
  const scene = new Scene(t);
  scene.write('program/kernel.debug', withSections(DEBUG, [buildId(BUILD_ID)]));
  scene.open(withSections(linked('kernel.debug', 1), [buildId(BUILD_ID)]));
  assert.equal(scene.hasLines, true);
  scene.open(withSections(linked('kernel.debug', 1), [buildId(BUILD_ID.replace('a', 'b'))]));
  assert.equal(scene.hasLines, false);
  assert.deepEqual(scene.codes, ['symbols-link-mismatch']);
});

test('a large debug file is read in pieces for its checksum, and then on demand', (t) => {
  const scene = new Scene(t);
  const large = new Uint8Array((16 << 20) + DEBUG.length);
  large.set(DEBUG);
  scene.write('program/kernel.debug', large);
  const sizes: number[] = [];
  const files = {
    ...nodeHost.files,
    open: (...args: Parameters<typeof nodeHost.files.open>) => {
      const file = nodeHost.files.open(...args);
      if (!args[0].endsWith('kernel.debug')) return file;
      const readAt = (offset: number, into: Uint8Array) => (sizes.push(into.length), file.readAt(offset, into));
      return {
        ...file,
        length: () => file.length(),
        version: () => file.version!(),
        close: () => file.close(),
        readAt,
      };
    },
  };
  scene.open(linked('kernel.debug', crc32(large)), {}, { ...nodeHost, files });
  assert.equal(scene.hasLines, true);
  assert.ok(sizes.length > 16);
  assert.ok(Math.max(...sizes) <= 1 << 20);
});

for (const location of ['program', 'elsewhere']) {
  test(`the build ID of a stripped kernel leads to its debug information: ${location}`, (t) => {
    const scene = new Scene(t);
    const name = `.build-id/${BUILD_ID.slice(0, 2)}/${BUILD_ID.slice(2)}.debug`;
    scene.write(path.join(location, name), withSections(DEBUG, [buildId(BUILD_ID)]));
    scene.open(withSections(stripped(CALLS), [buildId(BUILD_ID)]), { symbolPaths: ['elsewhere'] });
    assert.equal(scene.hasLines, true);
  });
}

test('a file with the wrong build ID is not used', (t) => {
  const scene = new Scene(t);
  const name = `.build-id/${BUILD_ID.slice(0, 2)}/${BUILD_ID.slice(2)}.debug`;
  scene.write(path.join('program', name), withSections(DEBUG, [buildId(BUILD_ID.replace('a', 'b'))]));
  scene.open(withSections(stripped(CALLS), [buildId(BUILD_ID)]));
  assert.equal(scene.hasLines, false);
});

test('symbol files in the launch configuration can be stripped too', (t) => {
  const scene = new Scene(t);
  scene.write('program/other.debug', DEBUG);
  const symbols = [{ file: scene.write('program/other.elf', linked('other.debug')) }];
  scene.open(stripped(CALLS), { symbols });
  assert.equal(scene.hasLines, true);
});

// --- untrusted names -------------------------------------------------------------------------------------------------

test('a debug link that leads out of the allowed folders is not followed, and one notice reports this', (t) => {
  for (const name of ['../outside/kernel.debug', 'ABSOLUTE']) {
    const scene = new Scene(t);
    const outside = scene.write('outside/kernel.debug', DEBUG);
    scene.open(linked(name === 'ABSOLUTE' ? outside : name));
    assert.equal(scene.hasLines, false);
    assert.deepEqual(scene.codes, ['symbols-outside']);
    assert.match(
      scene.notices[0].message,
      /kernel\.elf refers to \S+outside\S+kernel\.debug, which was not read: .*"symbolPaths"/,
    );
    scene.open(linked(name === 'ABSOLUTE' ? outside : name), { symbolPaths: ['outside'] });
    assert.equal(scene.hasLines, true, 'the user allowed the folder');
    scene.open(linked(name === 'ABSOLUTE' ? outside : name), { workspace: scene.root });
    assert.equal(scene.hasLines, true, 'the workspace contains the folder');
  }
});

test('a symbolic link to a file outside the allowed folders is not followed', (t) => {
  const scene = new Scene(t);
  fs.symlinkSync(scene.write('outside/kernel.debug', DEBUG), path.join(scene.root, 'program/kernel.debug'));
  scene.open(linked('kernel.debug'));
  assert.equal(scene.hasLines, false);
  assert.deepEqual(scene.codes, ['symbols-outside']);
});

test('only regular files are opened', (t) => {
  const scene = new Scene(t);
  fs.mkdirSync(path.join(scene.root, 'program/folder'));
  execFileSync('mkfifo', [path.join(scene.root, 'program/pipe')]);
  for (const name of [
    'folder',
    'pipe',
    '',
    '.',
    '..',
    'a\nb',
    'x'.repeat(100_000),
    '../../../../../../../../dev/zero',
  ]) {
    scene.open(linked(name));
    assert.equal(scene.hasLines, false);
  }
  assert.deepEqual([...new Set(scene.codes)], ['symbols-outside']);
});

test('a damaged debug link counts as missing', (t) => {
  const scene = new Scene(t);
  for (const bytes of [[], [0x6b], [0x6b, 0, 1, 2], [0, 0, 0, 0, 1, 2]]) {
    scene.open(withSections(stripped(CALLS), [{ name: '.gnu_debuglink', bytes: Uint8Array.from(bytes) }]));
    assert.equal(scene.hasLines, false);
  }
  assert.deepEqual(scene.codes, []);
});

function debugLink(name: string, crc: number) {
  const text = new TextEncoder().encode(`${name}\0`);
  const bytes = new Uint8Array(Math.ceil(text.length / 4) * 4 + 4);
  bytes.set(text);
  new DataView(bytes.buffer).setUint32(bytes.length - 4, crc, true);
  return { name: '.gnu_debuglink', bytes };
}

/**
 * An ELF note whose description is a build ID. A note consists of the sizes of its name and description, a type, the
 * name and the description.
 */
function buildId(id: string) {
  const bytes = new Uint8Array(16 + id.length / 2);
  const view = new DataView(bytes.buffer);
  [4, id.length / 2, 3].forEach((value, i) => view.setUint32(4 * i, value, true));
  bytes.set(new TextEncoder().encode('GNU'), 12);
  bytes.set(Buffer.from(id, 'hex'), 16);
  return { name: '.note.gnu.build-id', bytes };
}
