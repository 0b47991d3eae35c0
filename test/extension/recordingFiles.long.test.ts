/** Every kind of recording can be replayed from the Overlays view, and deleting one removes only its own files.
 *
 * Files that the user supplied are never deleted.
 */
import assert from 'node:assert/strict';
import fs, { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseLaunch } from '../support/launch.ts';
import { filesOf, fileResolver, readInfo, replayOf, baseFolder } from '../../extension/overlays/recordingInfo.ts';
import { Sandbox } from '../support/cli.ts';
import { DapClient } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';
import { headerJson, withHeader } from '../support/recordings.ts';
import { requireTool, runTool } from '../support/tools.ts';

const MIB = 1 << 20;
const hello = guest('small/hello');
const ROOT = 'id=hd0,image=disk.img,format=raw';

interface Kind {
  what: string;
  options: string[];
  own: string[];
  needsQemu?: boolean;
}

const KINDS: Kind[] = [
  { what: 'no drive', options: [], own: ['a.rr', 'a.rr.qcow2'] },
  { what: 'a read-only drive', options: ['--drive', `${ROOT},readonly`], own: ['a.rr', 'a.rr.qcow2'] },
  { what: 'an overlay', options: ['--drive', `${ROOT},overlay=o.qcow2`], own: ['a.rr', 'o.qcow2'] },
  { what: 'a temporary overlay', options: ['--drive', ROOT], own: ['a.rr'] },
  {
    what: 'two drives',
    options: ['--drive', `${ROOT},overlay=o.qcow2`, '--drive', 'id=hd1,image=disk.img,format=raw,overlay=p.qcow2'],
    own: ['a.rr', 'o.qcow2', 'p.qcow2'],
  },
  {
    what: 'a legacy slot',
    options: ['--drive', `${ROOT},overlay=o.qcow2,slot=7,virtio=legacy`, '--rng', '--harts', '2'],
    own: ['a.rr', 'o.qcow2'],
  },
  {
    what: 'an image that holds its own snapshots',
    options: ['--drive', 'id=hd0,image=own.qcow2,format=qcow2', '--rrsnapshot', 'first'],
    own: ['a.rr'],
    needsQemu: true,
  },
  {
    what: 'an image that holds its own snapshots and a drive with an overlay',
    options: [
      ...[
        '--drive',
        'id=hd0,image=own.qcow2,format=qcow2',
        '--drive',
        'id=hd1,image=disk.img,format=raw,overlay=p.qcow2',
      ],
      ...['--rrsnapshot', 'first'],
    ],
    own: ['a.rr', 'p.qcow2'],
    needsQemu: true,
  },
];

for (const { what, options, own, needsQemu } of KINDS) {
  test(`a recording with ${what} can be replayed from the view, and only its own files would be deleted with it`, async (t) => {
    if (needsQemu && !requireTool('qemu-img', t)) return;
    const sandbox = new Sandbox(t);
    sandbox.disk('disk.img', MIB);
    if (needsQemu) runTool('qemu-img', ['create', '-q', '-f', 'qcow2', sandbox.path('own.qcow2'), '1M']);
    const recorded = await sandbox.cli(['record', '--kernel', hello, '--rrfile', 'a.rr', ...options, '--json']);
    const { position } = recorded.ended(0, 'powerOff');
    const { files, launch } = await view(sandbox);
    assert.deepEqual(
      files,
      own.map((name) => sandbox.path(name)),
    );
    parseLaunch(launch);
    const dap = new DapClient(t);
    await dap.start({ ...launch, stopOnEntry: false, cwd: sandbox.folder });
    await dap.event('stopped');
    assert.equal(dap.place.position, position);
    assert.equal(dap.console, 'hello from RISC-V, hart 0\n');
  });
}

test('a file that has replaced the overlay of a recording is not deleted', async (t) => {
  const others: [string, (sandbox: Sandbox) => void][] = [
    ['another file', (sandbox) => sandbox.write('o.qcow2', 'of the user')],
    ['nothing', (sandbox) => fs.rmSync(sandbox.path('o.qcow2'))],
    ['a folder', (sandbox) => (fs.rmSync(sandbox.path('o.qcow2')), fs.mkdirSync(sandbox.path('o.qcow2')))],
    ['a link to the image', (sandbox) => linked(sandbox, 'disk.img', fs.symlinkSync)],
    ['a hard link to the image', (sandbox) => linked(sandbox, 'disk.img', fs.linkSync)],
    ['a link to the kernel', (sandbox) => linked(sandbox, 'kernel.elf', fs.linkSync)],
    ['a recording', (sandbox) => linked(sandbox, 'a.rr', fs.copyFileSync)],
  ];
  const sandbox = new Sandbox(t);
  await recordedTwo(sandbox);
  for (const [what, change] of others) {
    const copy = sandbox.copy(t);
    change(copy);
    assert.deepEqual((await view(copy)).files, [copy.path('a.rr')], what);
  }
});

test('an overlay that is also the image of another drive is not deleted, regardless of how the recording names it', async (t) => {
  const recorded = new Sandbox(t);
  await recordedTwo(recorded);
  fs.mkdirSync(recorded.path('sub'));
  assert.deepEqual(
    (await view(recorded)).files.map((file) => path.basename(file)),
    ['a.rr', 'o.qcow2'],
  );
  for (const name of ['o.qcow2', './o.qcow2', 'sub/../o.qcow2', 'soft.qcow2', 'hard.qcow2', recorded.path('o.qcow2')]) {
    const sandbox = recorded.copy(t);
    fs.symlinkSync('o.qcow2', sandbox.path('soft.qcow2'));
    fs.linkSync(sandbox.path('o.qcow2'), sandbox.path('hard.qcow2'));
    const also = name.replace(recorded.folder, sandbox.folder);
    rewriteDrives(sandbox, ([first]) => [
      first,
      { ...first, id: 'hd1', slot: 1, image: also, overlay: null, format: 'qcow2' },
    ]);
    assert.deepEqual(
      (await view(sandbox)).files.map((file) => path.basename(file)),
      ['a.rr'],
      name,
    );
  }
});

test('an image with its own snapshots is not deleted, even if the recording lists it as an overlay under another name', async (t) => {
  for (const name of ['./own.qcow2', 'soft.qcow2', 'hard.qcow2']) {
    const sandbox = new Sandbox(t);
    sandbox.disk('disk.img', MIB);
    const create = ['overlay', 'create', 'own.qcow2', '--base', 'disk.img', '--format', 'raw'];
    assert.equal((await sandbox.cli(create)).status, 0);
    fs.symlinkSync('own.qcow2', sandbox.path('soft.qcow2'));
    fs.linkSync(sandbox.path('own.qcow2'), sandbox.path('hard.qcow2'));
    const record = ['record', '--kernel', hello, '--rrfile', 'a.rr', '--rrsnapshot', 'first'];
    assert.equal((await sandbox.cli([...record, '--drive', 'id=hd0,image=own.qcow2,format=qcow2'])).status, 0);
    rewriteDrives(sandbox, (drives) => drives.map((drive) => ({ ...drive, overlay: name })));
    assert.deepEqual(
      (await view(sandbox)).files.map((file) => path.basename(file)),
      ['a.rr'],
      name,
    );
  }
});

test('relative file names in a recording are resolved against the folder in which most of the files exist', () => {
  const files = [
    { path: '/w/sub/a.rr', kind: 'recording' as const, isOwn: true },
    { path: 'o.qcow2', kind: 'overlay' as const, isOwn: false },
    { path: 'disk.img', kind: 'image' as const, isOwn: false },
  ];
  const at = (...there: string[]) =>
    baseFolder(path.posix, { files }, ['/w', '/w/sub'], (file) => there.includes(file));
  assert.equal(at('/w/o.qcow2', '/w/disk.img'), '/w');
  assert.equal(at('/w/disk.img', '/w/sub/disk.img', '/w/sub/o.qcow2'), '/w/sub');
  assert.equal(at('/o.qcow2'), '/');
  assert.equal(at(), '/w', 'no file exists');
});

test("`identify` reports a file's kind and the session that has it open", async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.disk('disk.img', MIB);
  const endless = ['--kernel', guest('endless/endless'), '--drive', `${ROOT},overlay=o.qcow2`, '--idle', 'realtime'];
  const running = sandbox.start(['record', '--rrfile', 'a.rr', ...endless, '--json']);
  while (!sandbox.exists('a.rr')) await new Promise((resolve) => setTimeout(resolve, 20));
  const identify = async (file: string) =>
    JSON.parse((await sandbox.cli(['identify', file, '--json'])).console) as {
      kind: string | null;
      inUse: string | null;
    };
  for (const [file, kind] of [
    ['a.rr', 'recording'],
    ['o.qcow2', 'overlay'],
  ]) {
    const found = await identify(file);
    assert.equal(found.kind, kind);
    assert.match(found.inUse!, /is in use by process \d+ \(recording a\.rr\)\. End that session first\.$/);
  }
  running.kill('SIGINT');
  await running.end;
  assert.deepEqual(await identify('o.qcow2'), { path: 'o.qcow2', kind: 'overlay', inUse: null });
  assert.deepEqual(await identify('disk.img'), { path: 'disk.img', kind: null, inUse: null });
  assert.match((await sandbox.cli(['identify', 'a.rr'])).console, /^a\.rr is a blkreplay recording\.\n$/);
});

function linked(sandbox: Sandbox, to: string, link: (to: string, from: string) => void): void {
  fs.rmSync(sandbox.path('o.qcow2'));
  link(sandbox.path(to), sandbox.path('o.qcow2'));
}

async function recordedTwo(sandbox: Sandbox): Promise<void> {
  sandbox.disk('disk.img', MIB);
  fs.copyFileSync(hello, sandbox.path('kernel.elf'));
  const drive = ['--drive', `${ROOT},overlay=o.qcow2`];
  assert.equal((await sandbox.cli(['record', '--kernel', 'kernel.elf', '--rrfile', 'a.rr', ...drive])).status, 0);
}

async function view(sandbox: Sandbox, name = 'a.rr') {
  const rrfile = sandbox.path(name);
  const { console: json } = await sandbox.cli(['info', rrfile, '--json']);
  const info = readInfo(json, rrfile);
  const find = fileResolver(path, [sandbox.folder], existsSync);
  return { info, find, files: filesOf(info, find), launch: replayOf(info, name, existsSync, find) };
}

/** Changes the drives in the recording's header. */
function rewriteDrives(sandbox: Sandbox, change: (drives: Drive[]) => Drive[]): void {
  const recording = sandbox.read('a.rr');
  const header = headerJson(recording) as { drives: Drive[] };
  sandbox.write('a.rr', withHeader(recording, { ...header, drives: change(header.drives) }));
}

type Drive = { [name: string]: string | number | boolean | null };
