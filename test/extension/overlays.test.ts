/** The Overlays view shows sessions and recordings as trees of drives, chains and snapshots. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Overview } from '../../debug-adapter/dap/customProtocol.ts';
import { parseLaunch } from '../support/launch.ts';
import { commandFailure } from '../../extension/overlays/commandFailure.ts';
import { filesOf, fileResolver, readInfo, replayOf } from '../../extension/overlays/recordingInfo.ts';
import { unusedName, validateSnapshotName } from '../../extension/overlays/snapshotName.ts';
import {
  accessibleName,
  problemNode,
  recordingContents,
  recordingNode,
  sessionTree,
  formatBytes,
  type TreeNode,
} from '../../extension/overlays/treeModel.ts';
import { Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { backingOutside } from '../../debug-adapter/messages/drives.ts';
import { dataOf, textFor } from '../../debug-adapter/messages/userError.ts';

const OVERVIEW: Overview = {
  place: { rr: 'record', position: 1500, start: 0, end: 4000, isRunning: false, isPast: true },
  rrfile: '/w/boot.rr',
  stateFile: null,
  deletedSnapshots: 0,
  drives: [
    {
      ...{ id: 'hd0', isReadOnly: false, isTemporary: false },
      chain: [
        { file: '/w/hd0.qcow2', format: 'qcow2', fileBytes: 1_258_291, virtualBytes: 4 << 20 },
        { file: '/w/disk.img', format: 'raw', fileBytes: 4 << 20, virtualBytes: 4 << 20 },
      ],
    },
    { id: 'tmp', isReadOnly: false, isTemporary: true, chain: [] },
  ],
  snapshots: [
    { id: '2', name: 'auto-2000', position: 2000, date: 'D2', isAutomatic: true, stateBytes: 1 << 20 },
    { id: '1', name: 'replay_init', position: 0, date: 'D0', isAutomatic: false, stateBytes: 128 << 20 },
  ],
};
const SHOWN = { date: (iso: string) => `on ${iso}`, file: (file: string) => path.posix.relative('/w', file) };

/** The lines of the tree in the order shown on the screen. */
function lines(node: TreeNode, indent = ''): string[] {
  const own = `${indent}${node.label} | ${node.description} | ${node.context}`;
  return [own, ...node.children.flatMap((child) => lines(child, indent + '  '))];
}

test('if automatic snapshots have been deleted, an item says how many, and why', () => {
  const session = { id: 's', name: 'demo' };
  const labels = (deletedSnapshots: number) =>
    sessionTree({ ...OVERVIEW, deletedSnapshots }, session, SHOWN).children.map(({ label }) => label);
  assert.deepEqual(labels(3), [...labels(0), '3 automatic snapshots deleted']);
  const node = sessionTree({ ...OVERVIEW, deletedSnapshots: 1 }, session, SHOWN).children.at(-1)!;
  assert.equal(node.label, '1 automatic snapshot deleted');
  assert.match(node.tooltip, /"snapshotSpace"/);
});

test('a screen reader reads what each item is', () => {
  const names = (node: TreeNode): string[] => [accessibleName(node), ...node.children.flatMap(names)];
  assert.deepEqual(names(sessionTree(OVERVIEW, { id: 's1', name: 'Record my kernel' }, SHOWN)), [
    'Session Record my kernel, record, boot.rr',
    ...['Drive hd0, overlay hd0.qcow2', 'File hd0.qcow2, qcow2, 1.2 MiB', 'File disk.img, base, raw, 4 MiB'],
    ...['Drive tmp, temporary overlay', 'Snapshot replay_init, 0, on D0, 128 MiB', 'You are here, 1,500'],
    'Snapshot at position 2,000, automatic, on D2, 1 MiB',
  ]);
  const recording = recordingNode('/w/boot.rr', { bytes: 2048, date: 'D' }, SHOWN);
  assert.equal(accessibleName(recording), 'Recording boot.rr, 2 KiB, on D');
  assert.equal(accessibleName(problemNode('/w/boot.rr', 'It is damaged.')), 'It is damaged.');
});

test('a session shows its drives with their image chains, and its snapshots and current position in order of position', () => {
  const tree = sessionTree(OVERVIEW, { id: 's1', name: 'Record my kernel' }, SHOWN);
  assert.deepEqual(lines(tree), [
    'Record my kernel | record · boot.rr | session',
    '  hd0 | overlay hd0.qcow2 | drive',
    '    hd0.qcow2 | qcow2 · 1.2 MiB | file',
    '    disk.img | base · raw · 4 MiB | file',
    '  tmp | temporary overlay | drive',
    '  replay_init | 0 · on D0 · 128 MiB | snapshot.session.named',
    '  You are here | 1,500 | place',
    '  2,000 | automatic · on D2 · 1 MiB | snapshot.session.automatic',
  ]);
});

test('a recording on disk is not read until its item is expanded; it shows no current position, and all item ids are unique', () => {
  const node = recordingNode('/w/boot.rr', { bytes: 2048, date: 'D' }, SHOWN);
  assert.deepEqual(lines(node), ['boot.rr | 2 KiB · on D | recording']);
  assert.equal(node.isLazy, true);
  const contents = recordingContents(OVERVIEW, '/w/boot.rr', SHOWN);
  assert.deepEqual(
    contents.map((child) => lines(child)[0]),
    [
      'positions | 0 to 4,000 | positions',
      'hd0 | overlay hd0.qcow2 | drive',
      'tmp | temporary overlay | drive',
      'replay_init | 0 · on D0 · 128 MiB | snapshot.recording.named',
      '2,000 | automatic · on D2 · 1 MiB | snapshot.recording.automatic',
    ],
  );
  const ids = (child: TreeNode): string[] => [child.id, ...child.children.flatMap(ids)];
  const all = [node, ...contents].flatMap(ids);
  assert.equal(new Set(all).size, all.length);
});

test("a missing file in an image chain is shown with the engine's message", () => {
  const problem = dataOf(backingOutside('hd0.qcow2', 'base.img'));
  const why = textFor(problem, 'editor');
  assert.match(why, /set "cwd" to a folder/);
  const [drive] = OVERVIEW.drives;
  const missing = { file: '/w/base.img', format: 'raw' as const, fileBytes: 0, virtualBytes: 0 };
  const chain = [drive.chain[0], { ...missing, problem }];
  const tree = sessionTree({ ...OVERVIEW, drives: [{ ...drive, chain }] }, { id: 's1', name: 'x' }, SHOWN);
  assert.deepEqual(lines(tree).slice(1, 4), [
    '  hd0 | overlay hd0.qcow2 | drive',
    '    hd0.qcow2 | qcow2 · 1.2 MiB | file',
    `    base.img | ${why} | file`,
  ]);
  assert.equal(tree.children[0].children[1].icon, 'warning');
});

test('the current position is listed after a snapshot at the same position, and last if it is after all snapshots', () => {
  const labels = (position: number) =>
    sessionTree(
      { ...OVERVIEW, drives: [], place: { ...OVERVIEW.place, position } },
      { id: 's1', name: 'x' },
      SHOWN,
    ).children.map(({ label }) => label);
  assert.deepEqual(labels(0), ['replay_init', 'You are here', '2,000']);
  assert.deepEqual(labels(9999), ['replay_init', '2,000', 'You are here']);
});

test('renaming a snapshot does not change the identity of its item, so that it stays selected', () => {
  const itemIds = (name: string) => {
    const snapshots = OVERVIEW.snapshots.map((snapshot) => (snapshot.id === '1' ? { ...snapshot, name } : snapshot));
    const tree = sessionTree({ ...OVERVIEW, snapshots }, { id: 's1', name: 'x' }, SHOWN);
    return tree.children.map(({ id }) => id);
  };
  assert.deepEqual(itemIds('before the crash'), itemIds('replay_init'));
  assert.equal(new Set(itemIds('replay_init')).size, itemIds('replay_init').length);
});

test('if a recording cannot be read, the reason is shown', () => {
  assert.deepEqual(lines(problemNode('/w/bad.rr', 'it is damaged')), ['it is damaged |  | problem']);
});

test("the output of `info` is converted to a tree, a replay configuration and a list of the recording's own files", async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.disk('disk.img');
  const drive = 'id=hd0,image=disk.img,format=raw,overlay=o/hd0.qcow2';
  sandbox.write('o/keep', '');
  await sandbox.cli(['record', '--kernel', guest('small/blkerr'), '--rrfile', 'boot.rr', '--drive', drive]);
  const { console: json } = await sandbox.cli(['info', 'boot.rr', '--json']);
  const rrfile = sandbox.path('boot.rr');
  const info = readInfo(json, rrfile);
  const find = fileResolver(path, [sandbox.folder], existsSync);

  const contents = recordingContents(info.overview, rrfile, { ...SHOWN, file: path.basename });
  const shown = contents.flatMap((node) => lines(node)).join('\n');
  assert.match(shown, /hd0 \| overlay hd0\.qcow2 \| drive/);
  assert.match(shown, /hd0\.qcow2 \| qcow2 · [\d.]+ KiB \| file/);
  assert.match(shown, /replay_init \| 0 · on \d{4}-.* · [\d.]+ MiB \| snapshot\.recording\.named/);

  const launch = parseLaunch(replayOf(info, 'boot.rr', existsSync, find));
  assert.deepEqual([launch.rr, launch.rrfile, launch.kernel], ['replay', rrfile, guest('small/blkerr')]);
  assert.deepEqual(
    launch.drives.map(({ image, overlay }) => [image, overlay]),
    [[sandbox.path('disk.img'), sandbox.path('o/hd0.qcow2')]],
  );
  assert.deepEqual(filesOf(info, find), [rrfile, sandbox.path('o/hd0.qcow2')], 'the image stays');
});

test('if a command fails, the reported reason uses the terms of the editor', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('text.rr', 'no recording at all');
  const { stderr } = await sandbox.cli(['info', 'text.rr', '--json']);
  assert.match(stderr, /--rrfile/);
  assert.equal(commandFailure(stderr), 'text.rr is not a blkreplay recording. Set "rrfile" to a recording.');
  assert.equal(commandFailure('Killed'), undefined);
});

test("file names in a recording are resolved against the workspace, the recording's folder and its parent folders", () => {
  const there = ['C:\\w\\out\\kernel.elf', 'C:\\disk.img'];
  const find = fileResolver(path.win32, ['C:\\w', 'C:\\w\\recordings'], (file) => there.includes(file));
  assert.equal(find('out\\kernel.elf'), 'C:\\w\\out\\kernel.elf');
  assert.equal(find('disk.img'), 'C:\\disk.img');
  assert.equal(find('D:\\x.img'), 'D:\\x.img');
  assert.equal(find('gone.img'), 'C:\\w\\gone.img');
  const beside = fileResolver(path.posix, ['/w', '/w/from-ci'], (file) => file === '/w/from-ci/hd0.qcow2');
  assert.equal(beside('/builds/7/hd0.qcow2'), '/w/from-ci/hd0.qcow2', 'from another computer');
  assert.equal(beside('C:\\builds\\7\\hd0.qcow2'), '/w/from-ci/hd0.qcow2');
});

test('invalid, reserved and existing snapshot names are rejected with a message', () => {
  assert.equal(validateSnapshotName('before the crash', ['x']), undefined);
  assert.match(validateSnapshotName('  ', [])!, /Enter a name/);
  assert.match(validateSnapshotName('auto-7', [])!, /automatic/);
  assert.match(validateSnapshotName('x', ['x'])!, /already/);
  assert.match(validateSnapshotName('é'.repeat(128), [])!, /255 bytes/);
  assert.match(validateSnapshotName('a\nb', [])!, /control/);
  assert.equal(unusedName('snapshot', []), 'snapshot');
  assert.equal(unusedName('snapshot', ['snapshot', 'snapshot-2']), 'snapshot-3');
});

test('sizes are shown in binary units with at most one decimal', () => {
  const output = [0, 1, 1023, 1024, 1536, 128 << 20, 1.25 * 2 ** 30, 2 ** 51].map(formatBytes);
  assert.deepEqual(output, ['0 bytes', '1 bytes', '1023 bytes', '1 KiB', '1.5 KiB', '128 MiB', '1.3 GiB', '2048 TiB']);
});
