/** A file that an image names is opened only inside the user's folders or with permission.
 *
 * Images may come from untrusted sources. An image's format is never guessed.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { type Session, Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { requireTool, runTool } from '../support/tools.ts';

const MIB = 1 << 20;
const session = (image: string, ...options: string[]): Session => ({
  kernel: guest('small/timer'),
  drives: [{ image, format: 'qcow2', readOnly: true }],
  options,
});

test('a backing file outside the workspace is opened only when the user names it', async (t) => {
  if (!requireTool('qemu-img', t)) return;
  const { sandbox, secret } = withSecret(t);
  for (const name of [secret, path.relative(sandbox.folder, secret), 'linked.img']) {
    // With `-u`, qemu-img does not check the name of the backing file, so anyone can create such an image.
    runTool('qemu-img', [
      'create',
      '-q',
      '-u',
      '-f',
      'qcow2',
      '-b',
      name,
      '-F',
      'raw',
      sandbox.path('given.qcow2'),
      '1M',
    ]);
    sandbox.write('given2.qcow2', sandbox.read('given.qcow2'));
    const commands: string[][] = [
      ['overlay', 'map', 'given.qcow2'],
      ['overlay', 'commit', 'given.qcow2'],
      ['overlay', 'create', 'top.qcow2', '--base', 'given.qcow2', '--format', 'qcow2'],
      ['overlay', 'rebase', 'given2.qcow2', '--base', 'given.qcow2', '--format', 'qcow2'],
    ];
    for (const words of commands) {
      const { code, message } = (await sandbox.cli([...words, '--json'])).refused(2);
      assert.equal(code, 'backing-outside', words.join(' '));
      assert.match(message, /^The backing file .* of \S*given2?\.qcow2 is outside the folders/);
    }
    const { chain } = JSON.parse((await sandbox.cli(['overlay', 'info', 'given.qcow2', '--json'])).console) as {
      chain: { fileBytes: number; problem?: { code: string } }[];
    };
    assert.deepEqual(
      [chain[1].fileBytes, chain[1].problem?.code],
      [0, 'backing-outside'],
      'the file is named in the message, not opened',
    );
    assert.equal((await sandbox.record(session('given.qcow2'))).refused(2).code, 'backing-outside');
    assert.equal((await sandbox.run(session('given.qcow2', '--allow', secret))).status, 0, name);
    assert.equal(fs.readFileSync(secret, 'latin1').slice(0, 6), 'secret');
  }
});

test('backing files next to the image, below it and in the current folder need no permission', async (t) => {
  if (!requireTool('qemu-img', t)) return;
  const sandbox = new Sandbox(t);
  for (const [base, image] of [
    ['images/base.img', 'images/a.qcow2'],
    ['images/deep/base.img', 'images/b.qcow2'],
    ['base.img', 'images/c.qcow2'],
  ]) {
    sandbox.disk(base, MIB);
    assert.equal((await sandbox.cli(['overlay', 'create', image, '--base', base, '--format', 'raw'])).status, 0);
    assert.equal((await sandbox.run(session(image))).status, 0, image);
    assert.equal((await sandbox.cli(['overlay', 'check', image])).status, 0, image);
  }
});

test('a raw disk to which the guest wrote a qcow2 header stays a raw disk', async (t) => {
  if (!requireTool('qemu-img', t)) return;
  const { sandbox, secret } = withSecret(t);
  runTool('qemu-img', ['create', '-q', '-u', '-f', 'qcow2', '-b', secret, '-F', 'raw', sandbox.path('disk.img'), '1M']);
  const lengthBytes = sandbox.read('disk.img').length;
  assert.equal(
    (await sandbox.cli(['overlay', 'create', 'o.qcow2', '--base', 'disk.img', '--format', 'raw'])).status,
    0,
  );
  const { chain } = JSON.parse((await sandbox.cli(['overlay', 'info', 'o.qcow2', '--json'])).console) as {
    chain: { format: string; virtualBytes: number }[];
  };
  assert.deepEqual(
    chain.map(({ format, virtualBytes }) => [format, virtualBytes]),
    [
      ['qcow2', Math.ceil(lengthBytes / 512) * 512],
      ['raw', Math.ceil(lengthBytes / 512) * 512],
    ],
  );
  // An image that does not specify the format of its backing file is rejected, because the format would have to be
  // guessed.
  runTool('qemu-img', ['rebase', '-u', '-b', 'disk.img', '-F', 'raw', sandbox.path('o.qcow2')]);
  const bytes = sandbox.read('o.qcow2');
  bytes.write('none', bytes.indexOf('raw'), 'latin1');
  bytes.writeUInt32BE(4, bytes.indexOf('none') - 4);
  sandbox.write('o.qcow2', bytes);
  assert.equal((await sandbox.cli(['overlay', 'map', 'o.qcow2', '--json'])).refused(2).code, 'backing-format-missing');
});

test('pack does not include a user’s file merely because a recording names it', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.disk('disk.img', MIB);
  const drives = [{ image: 'disk.img', overlay: 'o.qcow2' }];
  assert.equal((await sandbox.record({ kernel: guest('small/timer'), drives })).status, 0);
  sandbox.disk('disk.img', MIB, 'another file that happens to be there');
  const { code } = (await sandbox.cli(['pack', 'a.rr', '--into', 'all.pack', '--json'])).refused(2);
  assert.equal(code, 'recording-base-changed');
  assert.ok(!sandbox.exists('all.pack'));
});

/** A sandbox, and a file outside it that no option names; `linked.img` is a link to that file. */
function withSecret(t: TestContext): { sandbox: Sandbox; secret: string } {
  const sandbox = new Sandbox(t);
  const secret = new Sandbox(t).path('outside.img');
  fs.writeFileSync(secret, Buffer.alloc(MIB, 'secret'));
  fs.symlinkSync(secret, sandbox.path('linked.img'));
  return { sandbox, secret };
}
