/** Sessions can be started from the sample, recording pages, packs and links, and the last session can be resumed. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { parseLaunch } from '../support/launch.ts';
import { assembleSample } from '../../scripts/sample.ts';
import { decodeLink } from '../../extension/start/links.ts';
import { unpackedReplay, unusedFolder } from '../../extension/start/packs.ts';
import { packPage, pageHtml, problemPage, recordingPage } from '../../extension/start/recordingPage.ts';
import { resumeConfiguration, resumePointOf } from '../../extension/start/resumePoint.ts';
import { copySample } from '../../extension/start/sampleFolder.ts';
import type { RecordingInfo } from '../../extension/overlays/recordingInfo.ts';

const { posix, win32 } = path;

function temporaryFolder(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-start-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('the sample is complete, and copying it again keeps changed files and restores deleted ones', async (t) => {
  const folder = temporaryFolder(t);
  const [from, into] = ['sample', 'copy'].map((name) => path.join(folder, name));
  assembleSample(from);
  await copySample(from, into);
  const at = (file: string) => path.join(into, file);
  const sources = ['demo/main.c', 'demo/statistics.c', 'demo/store.h', 'lib/start.S', 'lib/virtio_blk.c'];
  for (const file of [...sources, 'demo/demo.elf', 'empty.qcow2', '.vscode/launch.json', 'blkreplay-sample.md']) {
    assert.deepEqual(fs.readFileSync(at(file)), fs.readFileSync(path.join(from, file)), file);
  }
  const programMs = fs.statSync(at('demo/demo.elf')).mtimeMs;
  for (const file of sources) assert.ok(fs.statSync(at(file)).mtimeMs <= programMs, `${file} is not newer`);
  fs.writeFileSync(at('demo/main.c'), 'mine');
  fs.rmSync(at('demo/store.c'));
  fs.writeFileSync(at('demo/store.c.tmp'), 'an incomplete copy');
  await copySample(from, into);
  assert.equal(fs.readFileSync(at('demo/main.c'), 'utf8'), 'mine');
  assert.deepEqual(fs.readFileSync(at('demo/store.c')), fs.readFileSync(path.join(from, 'demo/store.c')));
  assert.equal(fs.existsSync(at('demo/store.c.tmp')), false);
});

test('the configurations of the sample are valid, and differ in only one word apart from their names', (t) => {
  const folder = temporaryFolder(t);
  assembleSample(folder);
  const text = fs.readFileSync(path.join(folder, '.vscode/launch.json'), 'utf8').replace(/^ *\/\/.*$/m, '');
  const [record, replay] = JSON.parse(text).configurations;
  assert.deepEqual({ ...record, name: '', rr: '' }, { ...replay, name: '', rr: '' });
  for (const configuration of [record, replay]) {
    const { kernel, drives } = parseLaunch({ ...configuration, cwd: folder });
    for (const file of [kernel!, drives[0].image]) assert.ok(fs.existsSync(file), file);
  }
});

const INFO: RecordingInfo = {
  ...{ kernel: 'k<b>.elf', bios: null, initrd: null, rrsnapshot: 'replay_init', files: [] },
  drives: [
    { id: 'hd0', image: 'disk.img', format: 'raw', overlay: 'hd0.qcow2', readOnly: false, slot: 3, virtio: 'legacy' },
  ],
  details: {
    ...{ blkreplayVersion: '0.1.0', memoryBytes: 128 << 20, harts: 2, append: '', isComplete: true },
    ...{ lastPosition: 1_234_567, end: { reason: 'guestFailed', guestExit: 3 } },
  },
  overview: {
    place: { rr: 'replay', position: 0, start: 0, end: 1_234_567, isRunning: false, isPast: true },
    ...{ rrfile: '/w/boot.rr', drives: [], stateFile: null, deletedSnapshots: 0 },
    snapshots: [{ id: '1', name: '"><script>', position: 1500, date: '', isAutomatic: false, stateBytes: 0 }],
  },
};
const FILE = { path: '/w/boot.rr', name: 'boot.rr', bytes: 2048 };

test('the page of a recording shows its machine, drives, length, end and snapshots, with buttons to replay it', () => {
  const page = recordingPage(INFO, FILE);
  assert.deepEqual(
    page.rows.map(({ label, value }) => `${label}: ${value}`),
    [
      'Kernel: k<b>.elf',
      'Machine: 128 MiB of RAM, 2 harts',
      'Drive hd0: disk.img (raw), overlay hd0.qcow2',
      'Positions: 0 to 1,234,567',
      'End: The guest reported failure with code 3.',
      'File size: 2 KiB',
      'Recorded with blkreplay: 0.1.0',
    ],
  );
  const html = pageHtml(page, 'abc', (date) => date);
  assert.match(html, /<button data-id="replay">Replay<\/button>/);
  assert.match(html, /data-position="1500" aria-label="Replay, starting at position 1,500"/);
  const interrupted = { ...INFO, details: { ...INFO.details, isComplete: false, end: null } };
  assert.match(JSON.stringify(recordingPage(interrupted, FILE).rows), /The recording was interrupted/);
});

test('text from a file cannot add markup or code to the page', () => {
  const html = pageHtml(recordingPage(INFO, FILE), 'abc', (date) => date);
  assert.ok(!html.includes('k<b>') && !html.includes('"><script>'));
  assert.ok(html.includes('k&lt;b&gt;.elf') && html.includes('&quot;&gt;&lt;script&gt;'));
  assert.match(html, /default-src 'none'/);
  assert.equal(html.match(/<script/g)!.length, 1);
  assert.ok(!pageHtml(problemPage(FILE, '<img>'), 'abc', String).includes('<img>'));
});

test('a pack is unpacked before it is replayed, to a folder that does not exist yet', () => {
  assert.deepEqual(
    packPage(FILE).buttons.map(({ id }) => id),
    ['unpack'],
  );
  const exists = (file: string) => ['/w/boot', '/w/boot-2'].includes(file);
  assert.equal(unusedFolder(posix, '/w/boot.pack', exists), '/w/boot-3');
  assert.equal(unusedFolder(posix, '/w/bundle.pack', exists), '/w/bundle');
  assert.equal(unusedFolder(posix, '/w/bundle', exists), '/w/bundle-unpacked');
  assert.equal(
    unusedFolder(win32, 'C:\\w\\boot.pack', () => false),
    'C:\\w\\boot',
  );
});

test('the replay of an unpacked recording uses the unpacked files and the recorded slots', () => {
  const drives = [{ id: 'hd0', image: '/u/disk.img', format: 'raw' as const, overlay: '/u/hd0.qcow2' }];
  const configuration = unpackedReplay(INFO, { rrfile: '/u/boot.rr', drives }, 'boot.rr');
  assert.deepEqual(configuration.drives, [
    { id: 'hd0', image: '/u/disk.img', format: 'raw', slot: 3, overlay: '/u/hd0.qcow2', virtio: 'legacy' },
  ]);
  assert.ok(!('kernel' in configuration), 'the recording contains it');
  parseLaunch(configuration);
});

test('a link names a local file and a position', () => {
  const open = (query: string) => decodeLink(posix, { path: '/open', query });
  assert.deepEqual(open('recording=/w/a b.rr&position=1200'), { recording: '/w/a b.rr', position: 1200 });
  assert.deepEqual(open('position=7&recording=/w/a.rr'), { recording: '/w/a.rr', position: 7 });
  assert.deepEqual(open('recording=/w/boot.rr'), { recording: '/w/boot.rr', position: undefined });
  assert.deepEqual(decodeLink(win32, { path: '/open', query: 'recording=C:\\w\\boot.rr&position=0' }), {
    ...{ recording: 'C:\\w\\boot.rr', position: 0 },
  });
});

test('a path in a link may contain characters that separate parameters', () => {
  for (const recording of ['/w/a+b.rr', '/w/100%.rr', '/w/%41.rr', '/w/this&that.rr', '/w/a=b?c#d.rr']) {
    assert.deepEqual(decodeLink(posix, { path: '/open', query: `recording=${recording}&position=3` }), {
      ...{ recording, position: 3 },
    });
    assert.deepEqual(decodeLink(posix, { path: '/open', query: `recording=${recording}` }), {
      ...{ recording, position: undefined },
    });
  }
});

test('a link to anything but an absolute path on this computer is refused', () => {
  const refused = (platform: typeof posix, file: string) => {
    const link = decodeLink(platform, { path: '/open', query: `recording=${file}` });
    assert.match('problem' in link ? link.problem : '', /not an absolute path/, file);
  };
  for (const file of [
    'boot.rr',
    '../boot.rr',
    '~/boot.rr',
    'https://x.test/boot.rr',
    'file:///w/boot.rr',
    '//x/boot.rr',
  ])
    refused(posix, file);
  for (const file of ['/w/boot\0.rr', '/w/boot\n.rr']) refused(posix, file);
  for (const file of [
    '\\\\x\\y\\boot.rr',
    '//x/y/boot.rr',
    '\\\\?\\C:\\boot.rr',
    '\\boot.rr',
    'C:boot.rr',
    '/w/boot.rr',
  ])
    refused(win32, file);
});

test('a link with another path, no recording or a malformed position is refused', () => {
  const problem = (link: { path: string; query: string }) => {
    const decoded = decodeLink(posix, link);
    return 'problem' in decoded ? decoded.problem : '';
  };
  assert.match(problem({ path: '/run', query: 'recording=/w/boot.rr' }), /cannot be opened/);
  assert.match(problem({ path: '/open', query: 'position=5' }), /does not specify a recording/);
  for (const position of ['-1', '1.5', 'end', '', '99999999999999999']) {
    assert.match(problem({ path: '/open', query: `recording=/w/boot.rr&position=${position}` }), /whole number/);
  }
});

test('a session is resumed as a replay, at the position where it stopped, even if it was recording', () => {
  const configuration = {
    ...{ type: 'blkreplay', request: 'launch', name: 'Record', rr: 'record', rrfile: '/w/boot.rr', kernel: '/w/k.elf' },
    ...{ overwrite: 'always', overwriteAnswered: true, preLaunchTask: 'build', gdbServer: 1234, __sessionId: 'x' },
  };
  const point = resumePointOf(configuration, 'file:///w', { rr: 'record', position: 1200 });
  assert.ok(point && !point.hasEnded);
  const stored = JSON.parse(JSON.stringify(point));
  assert.deepEqual(resumeConfiguration(stored), {
    ...{ type: 'blkreplay', request: 'launch', name: 'Record', rr: 'replay', rrfile: '/w/boot.rr', kernel: '/w/k.elf' },
    startPosition: 1200,
  });
  parseLaunch(resumeConfiguration(stored));
  assert.equal(resumePointOf({ ...configuration, rr: 'off' }, undefined, { rr: 'off', position: 5 }), undefined);
});
