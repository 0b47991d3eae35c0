/** An error in a launch configuration is attributed to the setting in launch.json that causes it. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { parseLaunch } from '../support/launch.ts';
import { withDefaults } from '../../extension/configuration/defaults.ts';
import { missingFiles, refusedSetting } from '../../extension/configuration/launchChecks.ts';
import { rangeOfSetting } from '../../extension/configuration/settingRange.ts';

const DRIVE = { id: 'hd0', image: 'disk.img', format: 'raw', overlay: 'hd0.qcow2' };
const GIVEN = { rr: 'record', rrfile: 'boot.rr', kernel: 'kernel.elf', cwd: path.resolve('/w'), drives: [DRIVE] };

test("the adapter's messages identify the setting that causes the error", () => {
  const mistakes: [object, string][] = [
    [{ rr: 'rewind' }, 'rr'],
    [{ rrfile: undefined }, 'rrfile'],
    [{ kernel: 7 }, 'kernel'],
    [{ kernel: undefined }, 'kernel'],
    [{ kernel: undefined, bios: 'builtin' }, 'kernel'],
    [{ kernel: 'x.bin@0xzz' }, 'kernel'],
    [{ load: 'a.elf' }, 'load'],
    [{ load: ['a.elf', 'b@'] }, 'load[1]'],
    [{ load: [5] }, 'load[0]'],
    [{ load: Array(33).fill('a.elf') }, 'load'],
    [{ dtb: '' }, 'dtb'],
    [{ memory: '3.5M' }, 'memory'],
    [{ snapshotMemory: '4G' }, 'snapshotMemory'],
    [{ snapshotSpace: '1T' }, 'snapshotSpace'],
    [{ harts: 9 }, 'harts'],
    [{ rngSeed: '12' }, 'rngSeed'],
    [{ noReboot: 'yes' }, 'noReboot'],
    [{ semihosting: 'yes' }, 'semihosting'],
    [{ stopOnEntry: 'yes' }, 'stopOnEntry'],
    [{ startPosition: -1 }, 'startPosition'],
    [{ symbols: 'a.elf' }, 'symbols'],
    [{ rrsnapshot: 'auto-7' }, 'rrsnapshot'],
    [{ drives: [{ ...DRIVE, format: 'vmdk' }] }, 'drives[0].format'],
    [{ drives: [DRIVE, { ...DRIVE, image: undefined }] }, 'drives[1].image'],
    [{ drives: [{ ...DRIVE, readOnly: true }] }, 'drives[0].overlay'],
  ];
  for (const [change, setting] of mistakes) {
    assert.throws(
      () => parseLaunch({ ...GIVEN, ...change }),
      (error: Error) => refusedSetting(error).setting === setting,
      JSON.stringify(change),
    );
  }
  assert.deepEqual(refusedSetting('not of ours'), { message: 'not of ours', setting: '' });
});

test('a missing file that the session needs is reported with the setting that names it', () => {
  const lacking = (change: object, ...absent: string[]) =>
    missingFiles(parseLaunch({ ...GIVEN, ...change }), (file) => !absent.includes(path.basename(file)));
  assert.equal(lacking({}), undefined);
  assert.equal(lacking({}, 'boot.rr', 'hd0.qcow2'), undefined, 'recording creates these');
  assert.equal(lacking({}, 'kernel.elf')?.setting, 'kernel');
  assert.equal(lacking({ bios: 'builtin' }, 'builtin'), undefined, 'this is not a regular file');
  assert.equal(lacking({ load: ['a', 'b@0x84000000'] }, 'b')?.setting, 'load[1]');
  assert.equal(lacking({ dtb: 't.dtb' }, 't.dtb')?.setting, 'dtb');
  assert.equal(lacking({}, 'disk.img')?.setting, 'drives[0].image');
  assert.equal(lacking({ symbols: ['a.elf', 'b.elf'] }, 'b.elf')?.setting, 'symbols[1]');
  const replay = { rr: 'replay', kernel: undefined };
  assert.equal(lacking(replay, 'boot.rr')?.setting, 'rrfile');
  assert.match(
    lacking(replay, 'boot.rr')!.message,
    /the recording .*boot\.rr does not exist\. Record it first with "rr": "record"/,
  );
  assert.equal(lacking(replay, 'hd0.qcow2')?.setting, 'drives[0].overlay');
  const boots = { rr: 'replay', bios: 'fw.elf', initrd: 'initrd', load: ['a'], dtb: 't.dtb' };
  assert.equal(
    lacking(boots, 'kernel.elf', 'fw.elf', 'initrd', 'a', 't.dtb'),
    undefined,
    'the recording contains these',
  );
  assert.equal(lacking({ ...boots, symbols: ['a.elf'] }, 'a.elf')?.setting, 'symbols[0]');
});

test('the kernel and the files to load can have an address, and firmware can replace the kernel', () => {
  const launch = parseLaunch({
    ...GIVEN,
    kernel: 'me@home/x.bin@0x80200000',
    load: ['a.elf', 'b@0x84000000'],
    dtb: 't.dtb',
  });
  const inFolder = (name: string) => path.resolve('/w', name);
  assert.deepEqual([launch.kernel, launch.kernelAddress], [inFolder('me@home/x.bin'), 0x8020_0000]);
  assert.deepEqual(launch.load, [
    { file: inFolder('a.elf'), address: null },
    { file: inFolder('b'), address: 0x8400_0000 },
  ]);
  assert.equal(launch.dtb, inFolder('t.dtb'));
  assert.equal(parseLaunch({ ...GIVEN, kernel: undefined, bios: 'u-boot.bin' }).kernel, null);
  assert.equal(parseLaunch({ ...GIVEN, kernel: undefined, load: ['a.elf'] }).kernel, null);
});

test('the editor adds default settings for the working folder and the console, and changes no setting that the user wrote', () => {
  assert.deepEqual(withDefaults({ name: 'x' }, '/w'), {
    ...{ name: 'x', cwd: '/w', console: 'terminal', internalConsoleOptions: 'neverOpen' },
  });
  const written = { cwd: '/other', console: 'debugConsole' };
  assert.deepEqual(withDefaults(written, '/w'), written);
  assert.deepEqual(withDefaults({ console: 'terminal', internalConsoleOptions: 'openOnSessionStart' }, undefined), {
    ...{ console: 'terminal', internalConsoleOptions: 'openOnSessionStart' },
  });
});

test("the user's preferences are defaults, and launch.json takes precedence", () => {
  const preferences = {
    overwrite: 'ask',
    console: 'debugConsole',
    snapshotMemory: '64M',
    snapshotSpace: '1G',
    symbolCache: false,
  };
  assert.deepEqual(withDefaults({ name: 'x' }, '/w', preferences), { name: 'x', cwd: '/w', ...preferences });
  const written = {
    cwd: '/w',
    overwrite: 'never',
    console: 'terminal',
    snapshotMemory: '1G',
    snapshotSpace: '64M',
    symbolCache: true,
  };
  assert.deepEqual(withDefaults(written, '/w', preferences), { ...written, internalConsoleOptions: 'neverOpen' });
  assert.equal(parseLaunch({ ...GIVEN, snapshotMemory: '64M' }).snapshotMemoryBytes, 64 << 20);
  assert.equal(parseLaunch({ ...GIVEN, snapshotSpace: '20G' }).snapshotSpaceBytes, 20 * 2 ** 30);
  for (const wrong of ['512K', '0', '4G', 'much']) {
    assert.throws(
      () => parseLaunch({ ...GIVEN, snapshotMemory: wrong }),
      /"snapshotMemory" in the launch configuration: expected 1M to 2G/,
    );
  }
});

const LAUNCH_JSON = `{
  // Comments, "quotes" in them, and [brackets
  "version": "0.2.0",
  "configurations": [
    { "type": "node", "name": "other", "rr": "other's", },
    /* mine: { */
    {
      "type": "blkreplay", "name": "mine",
      "rr": "rewind",
      "kernel": "a \\"b\\" // no comment",
      "drives": [
        { "id": "hd0", "format": "raw", "x": [] },
        { "id": "hd1", "format": "vmdk" /* bad */ },
      ],
    },
  ]
}`;

test('the location of a setting in launch.json is found', () => {
  const at = (setting: string, text = LAUNCH_JSON) => {
    const place = rangeOfSetting(text, 'mine', setting);
    return place && text.slice(place.start, place.end);
  };
  assert.equal(at('rr'), '"rewind"');
  assert.equal(at('kernel'), '"a \\"b\\" // no comment"');
  assert.equal(at('drives'), '"drives"');
  assert.equal(at('drives[1].format'), '"vmdk"');
  assert.equal(at('drives[1]'), '{');
  assert.equal(at('drives[1].image'), '{', 'a missing setting of a drive is located at the drive');
  assert.equal(at('rrfile'), '"mine"', 'a missing setting is located at the configuration');
  assert.equal(rangeOfSetting(LAUNCH_JSON, 'unknown', 'rr'), undefined);
  const workspace = `{ "folders": [], "launch": ${LAUNCH_JSON} }`;
  assert.equal(at('rr', workspace), '"rewind"');
});

test('a launch.json truncated at any point is read without errors', () => {
  for (let length = 0; length < LAUNCH_JSON.length; length++) {
    const place = rangeOfSetting(LAUNCH_JSON.slice(0, length), 'mine', 'rr');
    assert.ok(place === undefined || place.end <= length);
  }
});
