/** Before a recording replaces files, the extension lists them and can choose free names instead. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { parseLaunch } from '../support/launch.ts';
import { existingOutputs, keepBoth, laterRecording } from '../../extension/configuration/overwriteChoices.ts';

const { posix, win32 } = path;
const there =
  (...files: string[]) =>
  (file: string) =>
    files.map((name) => path.resolve('/w', name)).includes(file);

const GIVEN = {
  ...{ name: 'Record', rr: 'record', kernel: 'kernel.elf', cwd: path.resolve('/w'), rrfile: 'boot.rr' },
  drives: [
    { id: 'hd0', image: 'disk.img', format: 'raw', overlay: 'over/hd0.qcow2' },
    { id: 'hd1', image: 'disk.img', format: 'raw' },
    { id: 'hd2', image: 'disk.img', format: 'raw', readOnly: true },
  ],
};

test('recording asks for confirmation before replacing existing recordings and overlays', () => {
  const launch = parseLaunch(GIVEN);
  assert.deepEqual(existingOutputs(launch, there('disk.img', 'kernel.elf')), []);
  const found = existingOutputs(launch, there('boot.rr', 'over/hd0.qcow2', 'disk.img'));
  assert.deepEqual(
    found,
    ['boot.rr', 'over/hd0.qcow2'].map((file) => path.resolve('/w', file)),
  );
});

test('a replay replaces no files, and a run without a recording can replace only overlays', () => {
  const exists = () => true;
  assert.deepEqual(existingOutputs(parseLaunch({ ...GIVEN, rr: 'replay' }), exists), []);
  assert.deepEqual(existingOutputs(parseLaunch({ ...GIVEN, rr: 'off' }), exists), [path.resolve('/w/over/hd0.qcow2')]);
});

test('if a recording has no writable drive, its state-only image is listed too', () => {
  const launch = parseLaunch({ ...GIVEN, drives: [GIVEN.drives[2]] });
  assert.deepEqual(existingOutputs(launch, there('boot.rr.qcow2')), [path.resolve('/w/boot.rr.qcow2')]);
  const both = keepBoth(path, GIVEN, launch, there('boot.rr.qcow2', 'boot-2.rr.qcow2'));
  assert.deepEqual(
    both.files,
    ['boot-3.rr', 'boot-3.rr.qcow2'].map((file) => path.resolve('/w', file)),
  );
});

test('"keep both" adds the same unused number to all file names, and changes nothing else', () => {
  const launch = parseLaunch(GIVEN);
  const { changes, files } = keepBoth(posix, GIVEN, launch, there('boot.rr', 'over/hd0.qcow2', 'over/hd0-2.qcow2'));
  assert.deepEqual(changes, {
    rrfile: 'boot-3.rr',
    drives: [{ ...GIVEN.drives[0], overlay: 'over/hd0-3.qcow2' }, GIVEN.drives[1], GIVEN.drives[2]],
  });
  assert.deepEqual(
    files,
    ['boot-3.rr', 'over/hd0-3.qcow2'].map((file) => path.resolve('/w', file)),
  );
  const renamed = parseLaunch({ ...GIVEN, ...changes });
  assert.deepEqual([renamed.rrfile, renamed.drives[0].overlay], files);
});

test('"keep both" works with Windows paths', () => {
  const launch = {
    rr: 'record' as const,
    rrfile: 'C:\\w\\boot.rr',
    drives: [
      { id: 'hd0', image: 'C:\\w\\disk.img', format: 'raw' as const, readOnly: false, overlay: 'C:\\w\\o\\hd0.qcow2' },
    ],
  };
  const given = { rrfile: 'boot.rr', drives: [{ id: 'hd0', overlay: 'o\\hd0.qcow2' }] };
  const { changes, files } = keepBoth(win32, given, launch, (file) => file === 'C:\\w\\o\\hd0.qcow2');
  assert.deepEqual(changes, { rrfile: 'boot-2.rr', drives: [{ id: 'hd0', overlay: 'o\\hd0-2.qcow2' }] });
  assert.deepEqual(files, ['C:\\w\\boot-2.rr', 'C:\\w\\o\\hd0-2.qcow2']);
});

test('when an older recording is replayed, a later one is offered if it is complete', () => {
  const launch = parseLaunch({ ...GIVEN, rr: 'replay' });
  const later = (times: { [file: string]: number }) =>
    laterRecording(path, GIVEN, launch, (file) => times[path.relative(path.resolve('/w'), file)]);
  const overlays = { 'over/hd0-2.qcow2': 20, 'over/hd0-3.qcow2': 30 };
  assert.equal(later({ 'boot.rr': 10 }), undefined);
  assert.equal(later({ 'boot.rr': 40, 'boot-2.rr': 20, ...overlays }), undefined, 'it is older');
  assert.equal(later({ 'boot.rr': 10, 'boot-2.rr': 20 }), undefined, 'its overlay is missing');
  const found = later({ 'boot.rr': 10, 'boot-2.rr': 20, 'boot-3.rr': 30, ...overlays });
  assert.equal(found?.rrfile, path.resolve('/w/boot-3.rr'));
  const changed = parseLaunch({ ...GIVEN, ...found?.changes, rr: 'replay' });
  assert.deepEqual(
    [changed.rrfile, changed.drives[0].overlay],
    ['boot-3.rr', 'over/hd0-3.qcow2'].map((file) => path.resolve('/w', file)),
  );
});
