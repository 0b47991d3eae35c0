/** A file that an image names is opened only inside the user's folders or with permission.
 *
 * An image may come from anywhere. A raw format is never guessed.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { type Session, Workplace } from '../support/cli.ts';
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
  const { place, secret } = withSecret(t);
  for (const name of [secret, path.relative(place.folder, secret), 'linked.img']) {
    // As made by somebody else: qemu-img does not check the name.
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
      place.path('given.qcow2'),
      '1M',
    ]);
    place.write('given2.qcow2', place.read('given.qcow2'));
    const commands: string[][] = [
      ['overlay', 'map', 'given.qcow2'],
      ['overlay', 'commit', 'given.qcow2'],
      ['overlay', 'create', 'top.qcow2', '--base', 'given.qcow2', '--format', 'qcow2'],
      ['overlay', 'rebase', 'given2.qcow2', '--base', 'given.qcow2', '--format', 'qcow2'],
    ];
    for (const words of commands) {
      const { code, message } = (await place.cli([...words, '--json'])).refused(2);
      assert.equal(code, 'backing-outside', words.join(' '));
      assert.match(message, /^The backing file .* of \S*given2?\.qcow2 is outside the folders/);
    }
    const { chain } = JSON.parse((await place.cli(['overlay', 'info', 'given.qcow2', '--json'])).console) as {
      chain: { fileBytes: number; problem?: { code: string } }[];
    };
    assert.deepEqual(
      [chain[1].fileBytes, chain[1].problem?.code],
      [0, 'backing-outside'],
      'the file is named in the message, not opened',
    );
    assert.equal((await place.record(session('given.qcow2'))).refused(2).code, 'backing-outside');
    assert.equal((await place.run(session('given.qcow2', '--allow', secret))).status, 0, name);
    assert.equal(fs.readFileSync(secret, 'latin1').slice(0, 6), 'secret');
  }
});

test('backing files next to the image, below it and in the current folder need no permission', async (t) => {
  if (!requireTool('qemu-img', t)) return;
  const place = new Workplace(t);
  for (const [base, image] of [
    ['images/base.img', 'images/a.qcow2'],
    ['images/deep/base.img', 'images/b.qcow2'],
    ['base.img', 'images/c.qcow2'],
  ]) {
    place.disk(base, MIB);
    assert.equal((await place.cli(['overlay', 'create', image, '--base', base, '--format', 'raw'])).status, 0);
    assert.equal((await place.run(session(image))).status, 0, image);
    assert.equal((await place.cli(['overlay', 'check', image])).status, 0, image);
  }
});

test('a raw disk to which the guest wrote a qcow2 header stays a raw disk', async (t) => {
  if (!requireTool('qemu-img', t)) return;
  const { place, secret } = withSecret(t);
  runTool('qemu-img', ['create', '-q', '-u', '-f', 'qcow2', '-b', secret, '-F', 'raw', place.path('disk.img'), '1M']);
  const lengthBytes = place.read('disk.img').length;
  assert.equal((await place.cli(['overlay', 'create', 'o.qcow2', '--base', 'disk.img', '--format', 'raw'])).status, 0);
  const { chain } = JSON.parse((await place.cli(['overlay', 'info', 'o.qcow2', '--json'])).console) as {
    chain: { format: string; virtualBytes: number }[];
  };
  assert.deepEqual(
    chain.map(({ format, virtualBytes }) => [format, virtualBytes]),
    [
      ['qcow2', Math.ceil(lengthBytes / 512) * 512],
      ['raw', Math.ceil(lengthBytes / 512) * 512],
    ],
  );
  // The format of a backing file without a stated format would have to be guessed.
  runTool('qemu-img', ['rebase', '-u', '-b', 'disk.img', '-F', 'raw', place.path('o.qcow2')]);
  const bytes = place.read('o.qcow2');
  bytes.write('none', bytes.indexOf('raw'), 'latin1');
  bytes.writeUInt32BE(4, bytes.indexOf('none') - 4);
  place.write('o.qcow2', bytes);
  assert.equal((await place.cli(['overlay', 'map', 'o.qcow2', '--json'])).refused(2).code, 'backing-format-missing');
});

test('a recording that names one of the user’s files does not get it packed', async (t) => {
  const place = new Workplace(t);
  place.disk('disk.img', MIB);
  const drives = [{ image: 'disk.img', overlay: 'o.qcow2' }];
  assert.equal((await place.record({ kernel: guest('small/timer'), drives })).status, 0);
  place.disk('disk.img', MIB, 'another file that happens to be there');
  const { code } = (await place.cli(['pack', 'a.rr', '--into', 'all.pack', '--json'])).refused(2);
  assert.equal(code, 'recording-base-changed');
  assert.ok(!place.exists('all.pack'));
});

/** A workplace, and a file elsewhere that nobody named; `linked.img` is a link to it. */
function withSecret(t: TestContext): { place: Workplace; secret: string } {
  const place = new Workplace(t);
  const secret = new Workplace(t).path('outside.img');
  fs.writeFileSync(secret, Buffer.alloc(MIB, 'secret'));
  fs.symlinkSync(secret, place.path('linked.img'));
  return { place, secret };
}
