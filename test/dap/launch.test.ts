/** An invalid launch configuration is rejected with one sentence, and only files made by blkreplay are overwritten. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { expected, guest } from '../support/guests.ts';
import { changeOverlay, makeOverlay } from '../support/overlays.ts';
import { longTest } from '../support/extent.ts';

test('each mistake in a launch configuration is rejected with one sentence, and a corrected launch works', async (t) => {
  const sandbox = new Sandbox(t);
  const dap = new DapClient(t);
  await dap.request('initialize', { adapterID: 'blkreplay' });
  const drive = { id: 'hd0', image: 'disk.img', format: 'raw' };
  const mistakes: [object, RegExp][] = [
    [{ rr: 'rewind' }, /^Invalid value "rewind" for "rr" .* expected "record" or "replay" or "off"\.$/],
    [{ rrfile: undefined }, /has no "rrfile"/],
    [{ kernel: undefined }, /has no "kernel"/],
    [{ kernel: 7 }, /Invalid value 7 for "kernel" .* expected a string/],
    [{ kernel: 'absent.elf' }, /absent\.elf does not exist/],
    [{ memory: '3.5M' }, /"3\.5M" for "memory".* whole MiB/],
    [{ harts: 9 }, /9 for "harts".* a number from 1 to 8/],
    [{ overwrite: 'maybe' }, /"maybe" for "overwrite"/],
    [{ stopOnEntry: 'yes' }, /"yes" for "stopOnEntry".* true or false/],
    [{ drives: [{ ...drive, format: 'vmdk' }] }, /"vmdk" for "drives\[0\]\.format"/],
    [{ drives: [{ ...drive, image: undefined }] }, /has no "drives\[0\]\.image"/],
    [{ drives: [{ ...drive, slot: 8 }] }, /8 for "drives\[0\]\.slot".* a number from 0 to 7/],
    [{ drives: [{ ...drive, virtio: 'old' }] }, /"old" for "drives\[0\]\.virtio".* "modern" or "legacy"/],
    [
      {
        drives: [
          { ...drive, slot: 2 },
          { ...drive, id: 'hd1', slot: 2 },
        ],
      },
      /"hd0" and "hd1" .* the same slot/,
    ],
    [{ rng: 'yes' }, /"yes" for "rng".* true or false/],
    [{ rngSeed: 'abc' }, /"abc" for "rngSeed".* expected 64 hexadecimal digits \(32 bytes\), or none\.$/],
    [{ rngSeed: 7 }, /7 for "rngSeed".* a string/],
    [{ noReboot: 1 }, /1 for "noReboot".* true or false/],
    [{ semihosting: 'on' }, /"on" for "semihosting".* true or false/],
    [{ bios: 'absent.bin' }, /absent\.bin does not exist/],
    [{ bios: 'builtin' }, /builtin and .*demo\.elf would both be loaded/],
    [{ drives: [drive, drive] }, /"hd0" and "hd0" .* the same id/],
    [{ drives: [{ ...drive, image: 'absent.img' }] }, /absent\.img does not exist/],
    [{ symbols: ['disk.img'] }, /disk\.img is not an ELF file/],
    [{ rr: 'replay', rrfile: 'absent.rr' }, /absent\.rr does not exist/],
  ];
  for (const [change, sentence] of mistakes) {
    assert.match(await dap.refused('launch', demoLaunch(sandbox, change)), sentence, JSON.stringify(change));
  }
  await dap.request('launch', demoLaunch(sandbox));
});

test('existing files are overwritten only when "overwrite" is "always"', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('hd0.qcow2', 'mine');
  const dap = new DapClient(t);
  await dap.request('initialize', { adapterID: 'blkreplay' });
  const ask = await dap.refused('launch', demoLaunch(sandbox));
  assert.match(ask, /hd0\.qcow2 already exists .* set "overwrite" to "always"\. Only VS Code can ask/);
  const never = await dap.refused('launch', demoLaunch(sandbox, { overwrite: 'never' }));
  assert.match(never, /hd0\.qcow2 already exists .* set "overwrite" to "always"\.$/);
  const foreign = await dap.refused('launch', demoLaunch(sandbox, { overwrite: 'always' }));
  assert.match(
    foreign,
    /hd0\.qcow2 would be overwritten, but it is not an overlay that blkreplay created\. Delete it yourself/,
  );
  assert.equal(sandbox.read('hd0.qcow2').toString(), 'mine');
  assert.ok(!sandbox.exists('demo.rr'));
  makeOverlay(sandbox, 'hd0.qcow2', 'disk.img');
  await dap.request('launch', demoLaunch(sandbox, { overwrite: 'always' }));
});

longTest("after the user confirms, that session replaces blkreplay's own files, but no other files", async (t) => {
  const sandbox = new Sandbox(t);
  const first = new DapClient(t);
  await first.start(demoLaunch(sandbox, { noDebug: true }));
  await first.event('terminated');
  await first.leave();
  const again = new DapClient(t, { args: ['--overwrite'] });
  await again.request('initialize', { adapterID: 'blkreplay' });
  sandbox.write('mine.qcow2', 'mine');
  const drives = [{ id: 'hd0', image: 'disk.img', format: 'raw', overlay: 'mine.qcow2' }];
  const refused = await again.refused('launch', demoLaunch(sandbox, { overwrite: 'ask', drives }));
  assert.match(refused, /mine\.qcow2 would be overwritten, but it is not an overlay that blkreplay created/);
  assert.equal(sandbox.read('mine.qcow2').toString(), 'mine');
  await again.request('launch', demoLaunch(sandbox, { overwrite: 'ask' }));
});

longTest('a start snapshot past the end of the recording is rejected, and a corrected launch works', async (t) => {
  const sandbox = new Sandbox(t);
  const recording = new DapClient(t);
  await recording.start(demoLaunch(sandbox, { noDebug: true }));
  await recording.event('terminated');
  changeOverlay(sandbox, 'hd0.qcow2', (image) => {
    const [first] = image.snapshots.list;
    image.snapshots.createFrom(first.name, { ...first, id: undefined, name: 'late', icount: 10 ** 9 }, () => {});
  });
  const dap = new DapClient(t);
  await dap.request('initialize', { adapterID: 'blkreplay' });
  const replaying = { rr: 'replay', stopOnEntry: true };
  const refusal = await dap.refused('launch', demoLaunch(sandbox, { ...replaying, rrsnapshot: 'late' }));
  assert.match(
    refusal,
    /^The snapshot "late" .* ends at \d+, so no replay can start from it\. Set "rrsnapshot" to another snapshot/,
  );
  await dap.request('launch', demoLaunch(sandbox, replaying));
});

test('with "noDebug" the guest runs to completion and the session terminates', async (t) => {
  const dap = new DapClient(t);
  await dap.start({ rr: 'off', noDebug: true, stopOnEntry: true, kernel: guest('small/hello') });
  assert.equal((await dap.event('exited')).exitCode, expected('small/hello').guestExit);
  await dap.event('terminated');
  assert.equal(dap.console, expected('small/hello').console);
  assert.match(await dap.refused('continue', { threadId: 1 }), /session has ended/);
});

test('a terminate request completes the recording', async (t) => {
  const sandbox = new Sandbox(t);
  const dap = new DapClient(t);
  await dap.start(demoLaunch(sandbox, { stopOnEntry: true }));
  await dap.event('stopped');
  await dap.request('terminate');
  await dap.event('terminated');
  await dap.request('disconnect');
  assert.equal(await dap.exited, 0);
});
