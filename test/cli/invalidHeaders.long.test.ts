/** Every reader either rejects a recording or pack with an impossible header, or processes it.
 *
 * The checksums are valid, as in a forged file. Recordings and packs may come from untrusted sources, so no header may
 * cause an assertion failure or a JavaScript error.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  closedRecording,
  describeEntry,
  listStoredSnapshots,
  openReplay,
  packRecording,
  RecordingReader,
  unpackRecording,
  UserError,
} from '../../debug-adapter/engine/index.ts';
import { ISA } from '../../debug-adapter/engine/machine/cpu/extensions.ts';
import type { PackHeader } from '../../debug-adapter/engine/timeline/files/packFormat.ts';
import { PackReader, PackWriter } from '../../debug-adapter/engine/timeline/files/packFormat.ts';
import { nodeCompression } from '../../debug-adapter/host/compression.ts';
import { openFile } from '../../debug-adapter/host/nodeFiles.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import type { Sandbox } from '../support/cli.ts';
import { DapClient } from '../support/dapClient.ts';
import { type Json, corrupted } from '../support/randomJson.ts';
import { headerJson, withHeader } from '../support/recordings.ts';
import { SeededRandom } from '../support/seededRandom.ts';
import { DEMO, DRIVE } from './freshScene.ts';
import { recorded } from './recordedScene.ts';

// Each round opens files, so this test runs only a hundredth as many rounds as the in-memory fuzzers.
const ROUNDS = Math.ceil(Number(process.env.FUZZ_ROUNDS ?? 25_000) / 100);

type Change = (header: Record<string, any>) => void; // eslint-disable-line @typescript-eslint/no-explicit-any

const IMPOSSIBLE: readonly [string, Change][] = [
  ['no hart', ({ machine }) => (machine.harts = 0)],
  ['nine harts', ({ machine }) => (machine.harts = 9)],
  ['half a hart', ({ machine }) => (machine.harts = 1.5)],
  ['three bytes of memory', ({ machine }) => (machine.memoryBytes = 3)],
  ['memory that is not a multiple of 1 MiB', ({ machine }) => (machine.memoryBytes += 4096)],
  ['4 GiB', ({ machine }) => (machine.memoryBytes = 2 ** 32)],
  ['1 TiB', ({ machine }) => (machine.memoryBytes = 2 ** 40)],
  ['a NUL in the name of an overlay', ({ drives }) => (drives[0].overlay = 'a\0b')],
  ['a NUL in the name of an image', ({ drives }) => (drives[0].image = 'a\0b')],
  ['an image without a name', ({ drives }) => (drives[0].image = '')],
  ['an id that leads out of the folder', ({ drives }) => (drives[0].id = '../../x')],
  ['two drives with one id', ({ drives }) => drives.push({ ...drives[0], slot: 3, overlay: 'b.qcow2' })],
  ['two drives in one slot', ({ drives }) => drives.push({ ...drives[0], id: 'hd1', overlay: 'b.qcow2' })],
  ['two drives with one overlay', ({ drives }) => drives.push({ ...drives[0], id: 'hd1', slot: 3 })],
  ['slot 8', ({ drives }) => (drives[0].slot = 8)],
  [
    'nine drives',
    (header) => (header.drives = Array.from({ length: 9 }, (_, i) => ({ ...header.drives[0], id: `d${i}` }))),
  ],
  ['an escape sequence for the first snapshot', (header) => (header.rrsnapshot = '\u001b[2J')],
  ['a name of 256 bytes for the first snapshot', (header) => (header.rrsnapshot = 'x'.repeat(256))],
  ['a NUL in the kernel command line', (header) => (header.append = 'a\0b')],
  ['two kernels', (header) => header.bootFiles.push(...header.bootFiles, ...header.bootFiles, ...header.bootFiles)],
  ['the same kernel twice', (header) => header.bootFiles.push(header.bootFiles[0])],
  ['a boot file with an unknown role', ({ bootFiles }) => (bootFiles[0].role = 'flash')],
  ['an invalid address', ({ bootFiles }) => (bootFiles[0].address = '0x80000000')],
  [
    '33 files to load',
    ({ bootFiles }) => {
      bootFiles.push(...Array.from({ length: 33 }, () => ({ ...bootFiles[0], role: 'load' })));
    },
  ],
  ['an invalid digest', ({ drives }) => (drives[0].contentDigest = 'x')],
];

suite('a recording with an impossible header', { concurrency: 2 }, () => {
  for (const [what, change] of IMPOSSIBLE) {
    test(what, async (t) => {
      const sandbox = recorded.copy(t);
      const header = headerJson(sandbox.read('a.rr'));
      change(header as Record<string, unknown>);
      sandbox.write('a.rr', withHeader(sandbox.read('a.rr'), header));
      const before = sandbox.fingerprint();
      // One case goes through the command line; the others use the same reader directly.
      const outcomes = [await sandbox.replay(DEMO)];
      if (what.includes('overlay')) outcomes.push(await sandbox.cli(['pack', 'a.rr', '--into', 'a.pack', '--json']));
      for (const { message, code } of outcomes.map((outcome) => outcome.refused(2))) {
        assert.equal(code, 'recording-damaged');
        assert.match(message, /^a\.rr is damaged at byte 32: the chunk has no valid header\.[\w.[\]]+\. Copy it again/);
      }
      for (const use of uses(sandbox)) assert.equal(refusalOf(use), 'recording-damaged');
      assert.deepEqual(sandbox.fingerprint(), before);
    });
  }

  for (const [what, text] of [
    ['nested half a million times', `${'['.repeat(500_000)}${']'.repeat(500_000)}`],
    ['not JSON', '{"formatVersion":'],
    ['not an object', '[1,2,3]'],
    ['not UTF-8', '\xff'],
  ] as const) {
    test(what, async (t) => {
      const sandbox = recorded.copy(t);
      sandbox.write('a.rr', withHeader(sandbox.read('a.rr'), Buffer.from(text, 'latin1')));
      assert.equal((await sandbox.replay(DEMO)).refused(2).code, 'recording-damaged');
    });
  }

  for (const [what, field] of [
    ['an entropy device', 'rng'],
    ['semihosting', 'semihosting'],
  ]) {
    test(`a header with ${what} is rejected if the machine in the snapshots does not have it`, async (t) => {
      const sandbox = recorded.copy(t);
      const header = headerJson(sandbox.read('a.rr')) as Record<string, Record<string, Json>>;
      header.machine[field] = true;
      sandbox.write('a.rr', withHeader(sandbox.read('a.rr'), header));
      const { message } = (await sandbox.replay(DEMO)).refused(2);
      assert.match(message, /snapshot "replay_init" .*it has different devices/);
    });
  }

  test('a header with an rng-seed of an invalid length is rejected', async (t) => {
    const sandbox = recorded.copy(t);
    const header = headerJson(sandbox.read('a.rr')) as Record<string, Record<string, Json>>;
    header.machine.rngSeed = 'a5';
    sandbox.write('a.rr', withHeader(sandbox.read('a.rr'), header));
    const { message } = (await sandbox.replay(DEMO)).refused(2);
    assert.match(message, /has no valid header\.machine\.rngSeed/);
  });

  test('a header with extensions that this version of blkreplay does not support is rejected', async (t) => {
    const sandbox = recorded.copy(t);
    for (const [isa, unknown] of [
      [`${ISA}_zvfoo`, 'zvfoo'],
      ['rv64imac_zicsr', 'rv64imac'],
      ['', ''],
    ]) {
      sandbox.write('a.rr', withIsa(sandbox.read('a.rr'), isa));
      const { message, code } = (await sandbox.replay(DEMO)).refused(2);
      assert.equal(code, 'recording-isa-unknown');
      assert.ok(
        message.startsWith(
          `a.rr was recorded with an instruction set that this version of blkreplay does not support ("${unknown}").`,
        ),
      );
    }
  });

  test('a header with an unknown kind of page tables is rejected', async (t) => {
    const sandbox = recorded.copy(t);
    for (const mmu of ['sv57', 'Sv48', '', 48, null]) {
      const header = headerJson(sandbox.read('a.rr')) as Record<string, Record<string, Json>>;
      header.machine.mmu = mmu;
      sandbox.write('a.rr', withHeader(sandbox.read('a.rr'), header));
      const { message, code } = (await sandbox.replay(DEMO)).refused(2);
      assert.equal(code, 'recording-damaged');
      assert.match(message, /header\.machine\.mmu/);
    }
  });

  test('the debug adapter also rejects a recording with an impossible header', async (t) => {
    const sandbox = recorded.copy(t);
    const header = headerJson(sandbox.read('a.rr')) as Record<string, Record<string, Json>>;
    header.machine.harts = 0;
    sandbox.write('a.rr', withHeader(sandbox.read('a.rr'), header));
    const dap = new DapClient(t);
    await dap.request('initialize', { adapterID: 'blkreplay' });
    const drives = [{ id: 'hd0', format: 'raw', ...DRIVE }];
    const output = await dap.refused('launch', { rr: 'replay', rrfile: 'a.rr', cwd: sandbox.folder, drives });
    assert.match(output, /a\.rr is damaged at byte 32: the chunk has no valid header\.machine\.harts\./);
  });
});

test(`${ROUNDS} recordings with corrupted headers are either rejected with a message or replayed`, async (t) => {
  const random = SeededRandom.forTest(t);
  const sandbox = recorded.copy(t);
  const original = sandbox.read('a.rr');
  const json = headerJson(original);
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const header = corrupted(json, random);
    sandbox.write('a.rr', withHeader(original, header));
    for (const use of uses(sandbox)) {
      if (refusalOf(use, () => `round ${round}: ${JSON.stringify(header).slice(0, 2000)}`)) refused++;
    }
  }
  assert.ok(refused > ROUNDS);
});

const PACK_ROUNDS = Math.ceil(ROUNDS / 5);

test(`${PACK_ROUNDS} packs with corrupted headers are either rejected with a message or unpacked`, async (t) => {
  const random = SeededRandom.forTest(t);
  const sandbox = recorded.copy(t);
  assert.equal((await sandbox.cli(['pack', 'a.rr', '--into', 'whole.pack'])).status, 0);
  const source = openFile(sandbox.path('whole.pack'), { write: false, create: 'never' });
  const { header: json } = new PackReader(source, nodeCompression);
  source.close();
  for (let round = 0; round < PACK_ROUNDS; round++) {
    const header = corrupted(json as unknown as Json, random);
    writePack(sandbox, header);
    const unpack = () =>
      unpackRecording(nodeHost, {
        ...{
          pack: sandbox.path('a.pack'),
          folder: sandbox.path('unpacked'),
          bases: new Map<string, string>(),
          overwrite: true,
        },
      });
    refusalOf(unpack, () => `round ${round}: ${JSON.stringify(header).slice(0, 2000)}`);
  }
});

/** A copy of the recording whose header specifies a different instruction set. */
function withIsa(recording: Uint8Array, isa: string): Uint8Array {
  const header = headerJson(recording) as Record<string, Record<string, Json>>;
  header.machine.isa = isa;
  return withHeader(recording, header);
}

/** Writes a pack with the given header, followed by the same file data as before. */
function writePack(sandbox: Sandbox, header: Json): void {
  const file = openFile(sandbox.path('a.pack'), { write: true, create: 'truncate' });
  const writer = new PackWriter(file, nodeCompression, header as unknown as PackHeader);
  for (const name of ['a.rr', 'hd0.qcow2', 'disk.img']) {
    const data = openFile(sandbox.path(name), { write: false, create: 'never' });
    writer.addFile(data, data.length());
    data.close();
  }
  file.close();
}

/** Returns one function for each reader of a recording's header. */
function uses(sandbox: Sandbox): (() => void)[] {
  const rrfile = sandbox.path('a.rr');
  const reading = (use: (reader: RecordingReader) => void) => () => {
    const file = openFile(rrfile, { write: false, create: 'never' });
    try {
      use(new RecordingReader(file, nodeCompression));
    } finally {
      file.close();
    }
  };
  return [
    reading((reader) => closedRecording(nodeHost, rrfile, reader)),
    reading((reader) => [...reader.entriesFrom(0)].map((entry) => describeEntry(entry))),
    () => listStoredSnapshots(nodeHost, rrfile),
    () =>
      packRecording(nodeHost, {
        ...{ rrfile, into: sandbox.path('out.pack'), withBases: true, overwrite: true, version: 'test' },
      }),
    () => replayBriefly(sandbox, rrfile),
  ];
}

function replayBriefly(sandbox: Sandbox, rrfile: string): void {
  const drives = [
    {
      id: 'hd0',
      format: 'raw' as const,
      readOnly: false,
      image: sandbox.path('disk.img'),
      overlay: sandbox.path('hd0.qcow2'),
    },
  ];
  const machine = { bios: null, initrd: null, onConsoleByte: () => {} };
  const given = { rrsnapshot: null, append: null, memoryBytes: null, harts: null };
  const timeline = openReplay(nodeHost, { ...machine, ...given, rrfile, drives });
  try {
    timeline.advance(timeline.position + 1000);
  } finally {
    timeline.close();
  }
}

/**
 * Returns the error code if `use` rejects the file, and undefined if it accepts the file. An error other than a
 * UserError is a bug in blkreplay.
 */
function refusalOf(use: () => void, description = () => ''): string | undefined {
  try {
    use();
    return undefined;
  } catch (error) {
    if (!(error instanceof UserError)) throw new Error(description(), { cause: error });
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(error.message, /[\x00-\x1f\x7f-\x9f\u202a-\u202e]/);
    assert.ok(error.message.length <= 2000, description());
    return error.code;
  }
}
