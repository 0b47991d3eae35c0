/** The overlay commands give the same results as qemu-img on the same files. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { suite, test, type TestContext } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { assertSound, visibleBytes } from '../support/overlays.ts';
import { requireTool, runTool } from '../support/tools.ts';
import { longTest, some } from '../support/extent.ts';

const MIB = 1 << 20;
/**
 * The size of an empty overlay, in 64 KiB clusters: header, refcount table, refcount block, L1 table, and one cluster
 * that was freed when a table moved.
 */
const EMPTY_BYTES_MAX = 5 * 65536;

suite('overlay create', () => {
  test('overlay create makes an overlay that qemu-img accepts, with a relative base name', async (t) => {
    if (!requireTool('qemu-img', t)) return;
    const sandbox = withBase(t);
    await does(sandbox, 'overlay create deep/er/o.qcow2 --base base.img --format raw');
    const info = JSON.parse(qemuImg(sandbox, 'info', '--output=json', 'deep/er/o.qcow2')) as Record<string, unknown>;
    assert.deepEqual(
      [info['virtual-size'], info['backing-filename'], info['backing-filename-format'], info['cluster-size']],
      [2 * MIB, '../../base.img', 'raw', 4096],
    );
    qemuImg(sandbox, 'check', 'deep/er/o.qcow2');
    qemuImg(sandbox, 'compare', 'deep/er/o.qcow2', 'base.img');
  });

  test('overlay create rejects an existing file, its own base and a missing base, and changes nothing', async (t) => {
    const sandbox = withBase(t);
    sandbox.write('o.qcow2', 'precious');
    const before = sandbox.fingerprint();
    const refused = async (words: string, code: string) =>
      assert.equal((await sandbox.cli([...words.split(' '), '--json'])).refused(2).code, code, words);
    await refused('overlay create o.qcow2 --base base.img --format raw', 'overlay-exists');
    await refused('overlay create base.img --base base.img --format raw --overwrite', 'overlay-is-image');
    await refused('overlay create new.qcow2 --base gone.img --format raw', 'file-missing');
    await refused('overlay create new.qcow2 --base base.img --format qcow2', 'image-not-qcow2');
    await refused('overlay create new.qcow2 --base base.img', 'cli-option-required');
    await refused('overlay commit o.qcow2', 'image-not-qcow2');
    await refused('overlay shrink o.qcow2', 'cli-command-unknown');
    assert.deepEqual(sandbox.fingerprint(), before);
  });
});

suite('overlay map', () => {
  test('overlay map matches the output of qemu-img map for a chain with every kind of cluster', async (t) => {
    if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
    const sandbox = withBase(t);
    // QEMU also reports holes in a raw base file, so this base has none.
    sandbox.write('base.img', new Uint8Array(2 * MIB).fill(7));
    qemuImg(sandbox, 'create', '-q', '-f', 'qcow2', '-b', 'base.img', '-F', 'raw', 'middle.qcow2', '3M');
    qemuIo(sandbox, 'middle.qcow2', 'write -P 1 64k 300k', 'write -z 512k 128k', 'write -P 2 2500k 70k');
    qemuImg(
      sandbox,
      'create',
      '-q',
      '-f',
      'qcow2',
      '-o',
      'cluster_size=4k',
      '-b',
      'middle.qcow2',
      '-F',
      'qcow2',
      'top.qcow2',
      '4M',
    );
    qemuIo(sandbox, 'top.qcow2', 'write -P 3 100k 20k', 'write -c -P 4 1M 4k', 'write -z 600k 8k', 'discard 100k 4k');
    qemuIo(sandbox, 'top.qcow2', 'write -P 5 3500k 4k', 'write -P 6 3508k 4k', 'write -z 3900k 8k');
    for (const name of ['middle.qcow2', 'top.qcow2']) {
      const ours = (await does(sandbox, `overlay map ${name} --json`)).console;
      const theirs = qemuImg(sandbox, 'map', '--output=json', name);
      assert.deepEqual(JSON.parse(ours), withoutCompressed(JSON.parse(theirs)), name);
    }
    assert.match((await does(sandbox, 'overlay map top.qcow2')).console, /compressed data in overlay/);
  });
});

suite('overlay commit', () => {
  for (const baseFormat of some(['raw', 'qcow2'] as const, 1)) {
    test(`overlay commit leaves the overlay and its ${baseFormat} base in the same state as qemu-img commit`, async (t) => {
      if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
      const sandbox = withOverlay(t, baseFormat);
      const theirs = sandbox.copy(t);
      qemuImg(theirs, 'commit', '-q', 'o.qcow2');
      await does(sandbox, 'overlay commit o.qcow2');
      for (const name of [`base.${baseFormat}`, 'o.qcow2']) {
        assert.ok(converted(sandbox, name).equals(converted(theirs, name)), name);
        if (name.endsWith('qcow2')) qemuImg(sandbox, 'check', name);
      }
      assert.match(qemuImg(sandbox, 'map', '--output=json', 'o.qcow2'), /"depth": ?1/);
      assert.doesNotMatch(qemuImg(sandbox, 'map', '--output=json', 'o.qcow2'), /"depth": ?0/);
      assert.ok(fs.statSync(sandbox.path('o.qcow2')).size <= EMPTY_BYTES_MAX, 'the space is released');
    });
  }

  longTest('overlay commit extends a raw base, and rejects a qcow2 base that is too short', async (t) => {
    if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
    const sandbox = withOverlay(t, 'raw', '3M');
    const theirs = sandbox.copy(t);
    qemuImg(theirs, 'commit', '-q', 'o.qcow2');
    await does(sandbox, 'overlay commit o.qcow2');
    assert.ok(sandbox.read('base.raw').equals(theirs.read('base.raw')));
    const short = withOverlay(t, 'qcow2', '3M');
    const before = short.fingerprint(['base.qcow2']);
    const { code } = (await short.cli(['overlay', 'commit', 'o.qcow2', '--json'])).refused(2);
    assert.equal(code, 'base-too-short');
    assert.deepEqual(short.fingerprint(['base.qcow2']), before);
  });

  test('overlay commit asks for confirmation before deleting snapshots, and rejects an overlay without a base', async (t) => {
    if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
    const sandbox = withOverlay(t, 'raw');
    qemuImg(sandbox, 'snapshot', '-c', 'mine', 'o.qcow2');
    const before = sandbox.fingerprint();
    for (const word of ['commit', 'discard']) {
      const { message, code } = (await sandbox.cli(['overlay', word, 'o.qcow2', '--json'])).refused(2);
      assert.equal(code, 'confirmation-needed');
      assert.match(message, /o\.qcow2 contains snapshots\. .* deletes these snapshots\. Pass --yes/);
    }
    assert.deepEqual(sandbox.fingerprint(), before);
    await does(sandbox, 'overlay commit o.qcow2 --yes');
    assert.equal(qemuImg(sandbox, 'snapshot', '-l', 'o.qcow2'), '');
    qemuImg(sandbox, 'create', '-q', '-f', 'qcow2', 'alone.qcow2', '1M');
    assert.equal(
      (await sandbox.cli(['overlay', 'commit', 'alone.qcow2', '--json'])).refused(2).code,
      'overlay-no-base',
    );
  });
});

test("overlay discard restores the base's contents and releases the space", async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const sandbox = withOverlay(t, 'raw');
  const base = sandbox.read('base.raw');
  await does(sandbox, 'overlay discard o.qcow2');
  qemuImg(sandbox, 'check', 'o.qcow2');
  assert.ok(Buffer.from(visibleBytes(sandbox, 'o.qcow2', 'base.raw')).equals(base));
  assert.ok(sandbox.read('base.raw').equals(base));
  assert.ok(fs.statSync(sandbox.path('o.qcow2')).size <= EMPTY_BYTES_MAX);
});

suite('overlay rebase', () => {
  test('overlay rebase onto a base with different contents keeps the visible data, as qemu-img rebase does', async (t) => {
    if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
    for (const next of ['other.img', 'short.img', 'other.qcow2']) {
      const sandbox = withOverlay(t, 'raw');
      sandbox.write('other.img', new Uint8Array(2 * MIB).fill(9).fill(7, 0, MIB));
      sandbox.write('short.img', new Uint8Array(MIB).fill(7));
      qemuImg(sandbox, 'convert', '-O', 'qcow2', 'other.img', 'other.qcow2');
      const shown = converted(sandbox, 'o.qcow2');
      const format = next.endsWith('img') ? 'raw' : 'qcow2';
      const theirs = sandbox.copy(t);
      qemuImg(theirs, 'rebase', '-F', format, '-b', next, 'o.qcow2');
      await does(sandbox, `overlay rebase o.qcow2 --base ${next} --format ${format}`);
      qemuImg(sandbox, 'check', 'o.qcow2');
      assert.ok(converted(sandbox, 'o.qcow2').equals(shown), next);
      assert.ok(converted(theirs, 'o.qcow2').equals(shown), next);
      assert.match(qemuImg(sandbox, 'info', 'o.qcow2'), new RegExp(`backing file: ${next}`));
    }
  });

  longTest(
    'overlay rebase from an empty base or no base onto a longer base with data keeps the zeroes that the guest sees',
    async (t) => {
      if (!requireTool('qemu-img', t)) return;
      for (const backing of [['-b', 'base.img', '-F', 'raw'], ['-b', 'empty.qcow2', '-F', 'qcow2'], []]) {
        const sandbox = withBase(t);
        sandbox.write('long.img', new Uint8Array(3 * MIB).fill(9));
        qemuImg(sandbox, 'create', '-q', '-f', 'qcow2', 'empty.qcow2', '2M');
        qemuImg(sandbox, 'create', '-q', '-f', 'qcow2', ...backing, 'o.qcow2', '3M');
        const shown = converted(sandbox, 'o.qcow2');
        await does(sandbox, 'overlay rebase o.qcow2 --base long.img --format raw');
        qemuImg(sandbox, 'check', 'o.qcow2');
        assert.ok(converted(sandbox, 'o.qcow2').equals(shown), backing.join(' '));
      }
    },
  );

  longTest(
    'overlay rebase --name-only accepts the new location of a moved base, even if its name is very long',
    async (t) => {
      if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
      for (const clusterSize of some([512, 1024, 4096, 65536], 1)) {
        const sandbox = withBase(t);
        const options = ['-o', `cluster_size=${clusterSize}`, '-b', 'base.img', '-F', 'raw'];
        qemuImg(sandbox, 'create', '-q', '-f', 'qcow2', ...options, 'o.qcow2');
        qemuIo(sandbox, 'o.qcow2', 'write -P 1 64k 300k');
        const shown = converted(sandbox, 'o.qcow2');
        for (const moved of [
          'b.img',
          'x'.repeat(100),
          `${'y'.repeat(clusterSize === 512 ? 30 : 200)}/${'z'.repeat(100)}`,
          'base2.img',
        ]) {
          sandbox.write(moved, sandbox.read('base.img'));
          const outcome = await sandbox.cli([
            'overlay',
            'rebase',
            'o.qcow2',
            '--base',
            moved,
            '--format',
            'raw',
            '--name-only',
          ]);
          assert.equal(outcome.status, 0, outcome.stderr);
          const info = JSON.parse(qemuImg(sandbox, 'info', '--output=json', 'o.qcow2')) as Record<string, unknown>;
          assert.deepEqual([info['backing-filename'], info['backing-filename-format']], [moved, 'raw']);
          qemuImg(sandbox, 'check', 'o.qcow2');
          assert.ok(converted(sandbox, 'o.qcow2').equals(shown), `${moved}, clusters of ${clusterSize}`);
        }
      }
    },
  );

  test('overlay rebase rejects a loop, and asks for confirmation before deleting snapshots', async (t) => {
    if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
    const sandbox = withOverlay(t, 'raw');
    qemuImg(sandbox, 'create', '-q', '-f', 'qcow2', '-b', 'o.qcow2', '-F', 'qcow2', 'top.qcow2');
    const rebase = (...more: string[]) => sandbox.cli(['overlay', 'rebase', 'o.qcow2', '--json', ...more]);
    for (const base of ['top.qcow2', 'o.qcow2'])
      assert.equal((await rebase('--base', base, '--format', 'qcow2')).refused(2).code, 'rebase-onto-itself');
    qemuImg(sandbox, 'snapshot', '-c', 'mine', 'o.qcow2');
    sandbox.write('other.img', new Uint8Array(2 * MIB).fill(9));
    sandbox.write('same.img', sandbox.read('base.raw'));
    const shown = converted(sandbox, 'o.qcow2');
    assert.equal((await rebase('--base', 'other.img', '--format', 'raw')).refused(2).code, 'confirmation-needed');
    assert.equal(
      (await rebase('--base', 'same.img', '--format', 'raw')).status,
      0,
      'a base with equal contents deletes no snapshot',
    );
    assert.match(qemuImg(sandbox, 'snapshot', '-l', 'o.qcow2'), /mine/);
    assert.equal((await rebase('--base', 'other.img', '--format', 'raw', '--yes')).status, 0);
    assert.equal(qemuImg(sandbox, 'snapshot', '-l', 'o.qcow2'), '');
    assert.ok(converted(sandbox, 'o.qcow2').equals(shown));
  });
});

suite('overlay check', () => {
  test('overlay check reports and frees leaked clusters, as qemu-img does', async (t) => {
    if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
    const sandbox = withOverlay(t, 'raw');
    assert.match((await does(sandbox, 'overlay check o.qcow2')).console, /^o\.qcow2 has no errors\.$/m);
    leakCluster(sandbox, 'o.qcow2');
    const found = JSON.parse((await does(sandbox, 'overlay check o.qcow2 --json')).console) as object;
    assert.deepEqual(found, { corruptions: [], leaks: 1 });
    assert.throws(() => qemuImg(sandbox, 'check', 'o.qcow2'), /Command failed/);
    assert.match(
      (await does(sandbox, 'overlay check o.qcow2')).console,
      /^o\.qcow2 has no errors\. It has 1 leaked cluster, which/m,
    );
    assert.match(
      (await does(sandbox, 'overlay check o.qcow2 --repair')).console,
      /has no errors\.\nRepaired: 1 leaked cluster\./,
    );
    qemuImg(sandbox, 'check', 'o.qcow2');
    assertSound(sandbox, 'o.qcow2');
  });

  longTest(
    'overlay check reports COPIED flags that contradict refcounts, as qemu-img does, and repairs them',
    async (t) => {
      if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
      const sandbox = withOverlay(t, 'raw');
      const bytes = sandbox.read('o.qcow2');
      const l1 = Number(bytes.readBigUInt64BE(40));
      bytes.writeBigUInt64BE(bytes.readBigUInt64BE(l1) ^ (1n << 63n), l1);
      sandbox.write('o.qcow2', bytes);
      assert.throws(() => qemuImg(sandbox, 'check', 'o.qcow2'), /OFLAG_COPIED/);
      const { code, message } = (await sandbox.cli(['overlay', 'check', 'o.qcow2', '--json'])).refused(2);
      assert.equal(code, 'overlay-damaged');
      assert.match(
        message,
        /has 1 error: L1 entry 0 has the COPIED flag clear, but its refcount is 1\. Run "blkreplay overlay check --repair"/,
      );
      assert.match(
        (await does(sandbox, 'overlay check o.qcow2 --repair')).console,
        /has no errors\.\nRepaired: 1 error\./,
      );
      qemuImg(sandbox, 'check', 'o.qcow2');
    },
  );

  longTest('overlay check exits with status 2 for a damaged overlay, and names the location', async (t) => {
    if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
    const sandbox = withOverlay(t, 'raw');
    const bytes = sandbox.read('o.qcow2');
    const refcountBlock = Number(bytes.readBigUInt64BE(Number(bytes.readBigUInt64BE(48))));
    bytes.writeUInt16BE(0, refcountBlock + 2 * Math.floor(Number(bytes.readBigUInt64BE(40)) / 65536));
    sandbox.write('o.qcow2', bytes);
    const { message, code } = (await sandbox.cli(['overlay', 'check', 'o.qcow2', '--json'])).refused(2);
    assert.equal(code, 'overlay-damaged');
    assert.match(message, /^o\.qcow2 has 1 error: cluster \d+ has refcount 0, but 1 reference\./);
  });
});

test('overlay info shows chain, sizes and foreign snapshots', async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const sandbox = withOverlay(t, 'raw');
  qemuImg(sandbox, 'snapshot', '-c', 'mine', 'o.qcow2');
  const info = JSON.parse((await does(sandbox, 'overlay info o.qcow2 --json')).console) as {
    virtualBytes: number;
    clusterBytes: number;
    chain: { file: string; format: string }[];
    snapshots: { name: string; position: number | null; state: string }[];
    keepsRecording: boolean;
  };
  assert.deepEqual([info.virtualBytes, info.clusterBytes, info.keepsRecording], [2 * MIB, 65536, false]);
  assert.deepEqual(
    info.chain.map(({ format }) => format),
    ['qcow2', 'raw'],
  );
  assert.deepEqual(
    info.snapshots.map(({ name, position, state }) => [name, position, state]),
    // qemu-img writes an instruction count of 0 for a snapshot that is taken outside record and replay.
    [['mine', 0, 'none']],
  );
  assert.match((await does(sandbox, 'overlay info o.qcow2')).console, /"mine", position 0, .* disk only/);
});

test('a second command is rejected while the first one has the overlay open', async (t) => {
  const sandbox = withBase(t);
  await does(sandbox, 'overlay create o.qcow2 --base base.img --format raw');
  const { hostname } = await import('node:os');
  const holder = { pid: process.pid, host: hostname(), process: null, token: 'test' };
  sandbox.write('o.qcow2.lock', JSON.stringify(holder));
  const before = sandbox.fingerprint();
  for (const words of [
    'commit o.qcow2',
    'discard o.qcow2',
    'check o.qcow2',
    'rebase o.qcow2 --base base.img --format raw',
  ]) {
    const outcome = await sandbox.cli(['overlay', ...words.split(' '), '--json']);
    assert.equal(outcome.refused(2).code, 'overlay-in-use', words);
  }
  assert.deepEqual(sandbox.fingerprint(), before);
});

function withBase(t: TestContext): Sandbox {
  const sandbox = new Sandbox(t);
  sandbox.disk('base.img', 2 * MIB, 'sacred');
  return sandbox;
}

/**
 * Creates an overlay with QEMU on a base that contains data. The overlay has data clusters, zero clusters, and clusters
 * that are read from the base.
 */
function withOverlay(t: TestContext, baseFormat: 'raw' | 'qcow2', size = '2M'): Sandbox {
  const sandbox = withBase(t);
  qemuImg(sandbox, 'convert', '-O', baseFormat, 'base.img', `base.${baseFormat}`);
  qemuImg(sandbox, 'create', '-q', '-f', 'qcow2', '-b', `base.${baseFormat}`, '-F', baseFormat, 'o.qcow2', size);
  qemuIo(sandbox, 'o.qcow2', 'write -P 1 10k 300k', 'write -z 512k 128k', 'write -P 2 1900k 100k', 'discard 64k 64k');
  if (size !== '2M') qemuIo(sandbox, 'o.qcow2', 'write -P 3 2560k 64k');
  return sandbox;
}

/** Appends a cluster that has a refcount although nothing refers to it. */
function leakCluster(sandbox: Sandbox, name: string): void {
  const bytes = sandbox.read(name);
  const cluster = Math.ceil(bytes.length / 65536);
  const grown = Buffer.concat([bytes, new Uint8Array((cluster + 1) * 65536 - bytes.length)]);
  const refcountBlock = Number(grown.readBigUInt64BE(Number(grown.readBigUInt64BE(48))));
  grown.writeUInt16BE(1, refcountBlock + 2 * cluster);
  sandbox.write(name, grown);
}

async function does(sandbox: Sandbox, words: string) {
  const outcome = await sandbox.cli(words.split(' '));
  assert.equal(outcome.status, 0, outcome.stderr);
  return outcome;
}

function converted(sandbox: Sandbox, name: string): Buffer {
  qemuImg(sandbox, 'convert', '-O', 'raw', name, 'converted.tmp');
  const bytes = sandbox.read('converted.tmp');
  fs.rmSync(sandbox.path('converted.tmp'));
  return bytes;
}

/** Newer versions of QEMU also report which ranges are compressed. */
const withoutCompressed = (map: unknown): unknown =>
  (map as Record<string, unknown>[]).map(({ compressed: _, ...entry }) => entry);

const qemuImg = (sandbox: Sandbox, command: string, ...args: string[]): string =>
  runTool('qemu-img', [command, ...args.map((word, i) => (args[i - 1] === '-b' ? word : inPlace(sandbox, word)))]);

/** File names in the sandbox; backing file names are relative to the file that contains them. */
function inPlace(sandbox: Sandbox, word: string): string {
  return sandbox.exists(word) || /^[^-].*\.(qcow2|img|raw|tmp)$/.test(word) ? sandbox.path(word) : word;
}

function qemuIo(sandbox: Sandbox, name: string, ...commands: string[]): void {
  runTool('qemu-io', ['-f', 'qcow2', ...commands.flatMap((command) => ['-c', command]), sandbox.path(name)]);
}
