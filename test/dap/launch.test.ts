/** A wrong launch configuration is refused with one sentence, and only files of blkreplay are overwritten. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Workplace } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { expected, guest } from '../support/guests.ts';
import { changeOverlay, makeOverlay } from '../support/overlays.ts';

test('each mistake in a launch configuration is refused with one sentence, and a corrected launch works', async (t) => {
  const place = new Workplace(t);
  const dap = new DapClient(t);
  await dap.request('initialize', { adapterID: 'blkreplay' });
  const drive = { id: 'hd0', image: 'disk.img', format: 'raw' };
  const mistakes: [object, RegExp][] = [
    [{ rr: 'rewind' }, /^"rr": "rewind" is not possible .* give "record" or "replay" or "off"\.$/],
    [{ rrfile: undefined }, /has no "rrfile"/],
    [{ kernel: undefined }, /has no "kernel"/],
    [{ kernel: 7 }, /"kernel": 7 .* give a string/],
    [{ kernel: 'absent.elf' }, /no file .*absent\.elf/],
    [{ memory: '3.5M' }, /"memory": "3\.5M".* whole MiB/],
    [{ harts: 9 }, /"harts": 9 .* a number from 1 to 8/],
    [{ overwrite: 'maybe' }, /"overwrite": "maybe"/],
    [{ stopOnEntry: 'yes' }, /"stopOnEntry": "yes".* true or false/],
    [{ drives: [{ ...drive, format: 'vmdk' }] }, /"drives\[0\]\.format": "vmdk"/],
    [{ drives: [{ ...drive, image: undefined }] }, /has no "drives\[0\]\.image"/],
    [{ drives: [{ ...drive, slot: 8 }] }, /"drives\[0\]\.slot": 8 .* a number from 0 to 7/],
    [{ drives: [{ ...drive, virtio: 'old' }] }, /"drives\[0\]\.virtio": "old".* "modern" or "legacy"/],
    [
      {
        drives: [
          { ...drive, slot: 2 },
          { ...drive, id: 'hd1', slot: 2 },
        ],
      },
      /hd0 and hd1 .* share a slot/,
    ],
    [{ rng: 'yes' }, /"rng": "yes".* true or false/],
    [{ rngSeed: 'abc' }, /"rngSeed": "abc".* give 64 hexadecimal digits \(32 bytes\), or "none"\.$/],
    [{ rngSeed: 7 }, /"rngSeed": 7 .* a string/],
    [{ noReboot: 1 }, /"noReboot": 1 .* true or false/],
    [{ semihosting: 'on' }, /"semihosting": "on" .* true or false/],
    [{ bios: 'absent.bin' }, /no file .*absent\.bin/],
    [{ bios: 'builtin' }, /builtin and .*demo\.elf would both be loaded/],
    [{ drives: [drive, drive] }, /hd0 and hd0 .* share an id/],
    [{ drives: [{ ...drive, image: 'absent.img' }] }, /no file .*absent\.img/],
    [{ symbols: ['disk.img'] }, /disk\.img is not an ELF file/],
    [{ rr: 'replay', rrfile: 'absent.rr' }, /no file .*absent\.rr/],
  ];
  for (const [change, sentence] of mistakes) {
    assert.match(await dap.refused('launch', demoLaunch(place, change)), sentence, JSON.stringify(change));
  }
  await dap.request('launch', demoLaunch(place));
});

test('existing files are overwritten only when "overwrite" is "always"', async (t) => {
  const place = new Workplace(t);
  place.write('hd0.qcow2', 'mine');
  const dap = new DapClient(t);
  await dap.request('initialize', { adapterID: 'blkreplay' });
  const ask = await dap.refused('launch', demoLaunch(place));
  assert.match(ask, /hd0\.qcow2 exists .* set "overwrite" to "always" \("ask" is for the editor/);
  const never = await dap.refused('launch', demoLaunch(place, { overwrite: 'never' }));
  assert.match(never, /hd0\.qcow2 exists .* set "overwrite" to "always"\.$/);
  const foreign = await dap.refused('launch', demoLaunch(place, { overwrite: 'always' }));
  assert.match(
    foreign,
    /hd0\.qcow2 would be overwritten, and it is no overlay that blkreplay made: delete it yourself/,
  );
  assert.equal(place.read('hd0.qcow2').toString(), 'mine');
  assert.ok(!place.exists('demo.rr'));
  makeOverlay(place, 'hd0.qcow2', 'disk.img');
  await dap.request('launch', demoLaunch(place, { overwrite: 'always' }));
});

test("after the user confirms, blkreplay's own files are replaced for that session, and no other files", async (t) => {
  const place = new Workplace(t);
  const first = new DapClient(t);
  await first.start(demoLaunch(place, { noDebug: true }));
  await first.event('terminated');
  await first.leave();
  const again = new DapClient(t, { args: ['--overwrite'] });
  await again.request('initialize', { adapterID: 'blkreplay' });
  place.write('mine.qcow2', 'mine');
  const drives = [{ id: 'hd0', image: 'disk.img', format: 'raw', overlay: 'mine.qcow2' }];
  const refused = await again.refused('launch', demoLaunch(place, { overwrite: 'ask', drives }));
  assert.match(refused, /mine\.qcow2 would be overwritten, and it is no overlay that blkreplay made/);
  assert.equal(place.read('mine.qcow2').toString(), 'mine');
  await again.request('launch', demoLaunch(place, { overwrite: 'ask' }));
});

test('a start snapshot past the end of the recording is refused, and a corrected launch works', async (t) => {
  const place = new Workplace(t);
  const recording = new DapClient(t);
  await recording.start(demoLaunch(place, { noDebug: true }));
  await recording.event('terminated');
  changeOverlay(place, 'hd0.qcow2', (image) => {
    const [first] = image.snapshots;
    image.createSnapshotFrom(first.name, { ...first, name: 'late', icount: 10 ** 9 }, () => {});
  });
  const dap = new DapClient(t);
  await dap.request('initialize', { adapterID: 'blkreplay' });
  const replaying = { rr: 'replay', stopOnEntry: true };
  const refusal = await dap.refused('launch', demoLaunch(place, { ...replaying, rrsnapshot: 'late' }));
  assert.match(refusal, /^snapshot "late" .* ends at \d+, so nothing replays from it: start from another snapshot/);
  await dap.request('launch', demoLaunch(place, replaying));
});

test('with "noDebug" the guest runs to its end and the session terminates', async (t) => {
  const dap = new DapClient(t);
  await dap.start({ rr: 'off', noDebug: true, stopOnEntry: true, kernel: guest('small/hello') });
  assert.equal((await dap.event('exited')).exitCode, expected('small/hello').guestExit);
  await dap.event('terminated');
  assert.equal(dap.console, expected('small/hello').console);
  assert.match(await dap.refused('continue', { threadId: 1 }), /session has ended/);
});

test('terminate completes the recording', async (t) => {
  const place = new Workplace(t);
  const dap = new DapClient(t);
  await dap.start(demoLaunch(place, { stopOnEntry: true }));
  await dap.event('stopped');
  await dap.request('terminate');
  await dap.event('terminated');
  await dap.request('disconnect');
  assert.equal(await dap.exited, 0);
});
