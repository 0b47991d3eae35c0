/** Empty 16 TiB disks are recorded, replayed, packed and changed without being read in full.
 *
 * Reading such a disk would take hours, so a test that finishes has not read it in full.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { suite, test, type TestContext } from 'node:test';
import { Qcow2Image } from '../../debug-adapter/engine/block/qcow2/image.ts';
import { openFile } from '../../debug-adapter/host/nodeFiles.ts';
import { type Session, Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { changeOverlay, assertSound } from '../support/overlays.ts';
import { requireTool, runTool } from '../support/tools.ts';

const MIB = 2 ** 20;
const TIB = 2 ** 40;
const SECTORS = (16 * TIB) / 512;

const SESSION: Session = {
  kernel: guest('disk/far'),
  drives: [{ image: 'base.qcow2', format: 'qcow2', overlay: 'o.qcow2' }],
};

suite('a guest with an empty 16 TiB disk', () => {
  test('a guest writes at the end of a 16 TiB disk, discards the whole disk, and replays to the same digest', async (t) => {
    const sandbox = withBase(t);
    const outcome = await sandbox.record(SESSION);
    const { digest, position, snapshots } = outcome.ended(0, 'powerOff');
    assert.match(outcome.console, new RegExp(`^${SECTORS} sectors written at both ends`));
    assert.equal((await sandbox.replay(SESSION)).ended(0, 'powerOff').digest, digest);
    assert.ok(snapshots.length > 1, 'an automatic snapshot, with the disk discarded');
    const midway = await sandbox.replay(SESSION, '--stop-at', String(Math.floor(position / 2)));
    midway.ended(0, 'stopAt');
    assert.ok(fs.statSync(sandbox.path('o.qcow2')).size < 8 * MIB, 'the overlay contains the written data');
    assertSound(sandbox, 'o.qcow2');
    const ends = [0, 16 * TIB - 4096].map((offset) => byteAt(sandbox, offset));
    assert.deepEqual(ends, [0x20, 0x22]);
    if (!requireTool('qemu-img', t)) return;
    runTool('qemu-img', ['check', sandbox.path('o.qcow2')]);
    const info = JSON.parse(runTool('qemu-img', ['info', '--output=json', sandbox.path('o.qcow2')]));
    assert.deepEqual([info['virtual-size'], info['cluster-size']], [16 * TIB, 65536]);
  });

  test('a recording with an empty 16 TiB disk is packed and unpacked', async (t) => {
    const sandbox = withBase(t);
    const { digest } = (await sandbox.record(SESSION, '--stop-at', '100000')).ended(0, 'stopAt');
    for (const words of ['pack a.rr --into a.pack', 'unpack a.pack --into there']) await does(sandbox, words);
    assert.ok(fs.statSync(sandbox.path('a.pack')).size < MIB);
    const [rrfile, image, overlay] = unpacked(sandbox);
    const drives = [{ image, format: 'qcow2' as const, overlay }];
    assert.equal((await sandbox.replay({ ...SESSION, rrfile, drives })).summary.digest, digest);
  });
});

suite('16 TiB overlays', () => {
  test('16 TiB overlays are created, inspected, committed, rebased and discarded', async (t) => {
    const sandbox = withBase(t);
    await does(sandbox, 'overlay create o.qcow2 --base base.qcow2 --format qcow2');
    const farEnd = 16 * TIB - 4096;
    change(sandbox, (image) => image.write(farEnd, new Uint8Array(4096).fill(7)));
    await does(sandbox, 'overlay info o.qcow2');
    await does(sandbox, 'overlay check o.qcow2');
    const map = JSON.parse((await does(sandbox, 'overlay map o.qcow2 --json')).console) as unknown[];
    assert.equal(map.length, 2, JSON.stringify(map));
    await does(sandbox, 'overlay commit o.qcow2');
    assert.equal(byteAt(sandbox, farEnd), 7);
    assertSound(sandbox, 'base.qcow2');

    makeBase(sandbox, 'other.qcow2');
    changeOverlay(sandbox, 'other.qcow2', (image) => image.write(TIB, new Uint8Array(4096).fill(9)));
    await does(sandbox, 'overlay rebase o.qcow2 --base other.qcow2 --format qcow2');
    assert.deepEqual([byteAt(sandbox, farEnd, 'other.qcow2'), byteAt(sandbox, TIB, 'other.qcow2')], [7, 0]);
    await does(sandbox, 'overlay discard o.qcow2');
    assert.deepEqual([byteAt(sandbox, farEnd, 'other.qcow2'), byteAt(sandbox, TIB, 'other.qcow2')], [0, 9]);
    assertSound(sandbox, 'o.qcow2');
  });
});

function withBase(t: TestContext): Sandbox {
  const sandbox = new Sandbox(t);
  makeBase(sandbox, 'base.qcow2');
  return sandbox;
}

/** Creates the same image as `qemu-img create -f qcow2 NAME 16T`. */
function makeBase(sandbox: Sandbox, name: string): void {
  const file = openFile(sandbox.path(name), { write: true, create: 'truncate' });
  Qcow2Image.create(file, { lengthBytes: 16 * TIB, clusterSizeBytes: 65536 }).close();
}

/** The files that `unpack` created: recording, base, overlay. */
function unpacked(sandbox: Sandbox): string[] {
  const names = fs.readdirSync(sandbox.path('there'));
  const find = (part: string) => `there/${names.find((name) => name.includes(part))}`;
  return [find('recording'), find('base'), find('overlay')];
}

function change(sandbox: Sandbox, work: (image: Qcow2Image) => void, base = 'base.qcow2'): void {
  const backing = Qcow2Image.open(openFile(sandbox.path(base), { write: false, create: 'never' }), { writable: false });
  const image = Qcow2Image.open(openFile(sandbox.path('o.qcow2'), { write: true, create: 'never' }), {
    writable: true,
    backing,
  });
  work(image);
  image.close();
  backing.close();
}

/** The byte that the guest reads from the overlay at an offset. */
function byteAt(sandbox: Sandbox, offset: number, base = 'base.qcow2'): number {
  const byte = new Uint8Array(1);
  change(sandbox, (image) => image.read(offset, byte), base);
  return byte[0];
}

async function does(sandbox: Sandbox, words: string) {
  const outcome = await sandbox.cli(words.split(' '));
  assert.equal(outcome.status, 0, outcome.stderr);
  return outcome;
}
