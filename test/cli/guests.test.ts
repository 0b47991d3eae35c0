/** Every guest in test/guests prints the same output as under QEMU, and exits as expected. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { expected, guest, maskDemo, SESSION, SMALL_GUESTS } from '../support/guests.ts';
import { type DriveSpec, type Outcome, Sandbox } from '../support/cli.ts';
import { longTest, some } from '../support/extent.ts';

const MIB = 1 << 20;
const DISKS: Record<string, number[]> = { blkerr: [4 * MIB], reset: [4 * MIB], twodisk: [4 * MIB, MIB] };
const OPTIONS: Record<string, string[]> = { outside: ['--rng'] };

suite('guests print the expected output', { concurrency: 2 }, () => {
  for (const name of some(SMALL_GUESTS, 2)) {
    test(`small/${name}`, async (t) => {
      const sandbox = new Sandbox(t);
      const drives = (DISKS[name] ?? []).map((bytes, slot) => ({ image: sandbox.disk(`disk${slot}`, bytes) }));
      const outcome = await sandbox.run({ kernel: guest(`small/${name}`), drives, options: OPTIONS[name] });
      const { console, guestExit } = expected(`small/${name}`);
      assert.equal(outcome.console, console);
      if (name === 'stuck') endsWaiting(outcome);
      else endsWith(outcome, guestExit);
    });
  }

  for (const way of some(['', '-clint'], 1)) {
    test(`kernel/oslet${way} prints the expected output for a session typed on its console`, async (t) => {
      const sandbox = new Sandbox(t);
      const kernel = guest(`kernel/oslet${way}`);
      const outcome = await sandbox.run({ kernel, drives: [{ image: sandbox.disk('disk') }], stdin: SESSION });
      assert.equal(outcome.console, expected(`kernel/session${way}`).console);
      endsWith(outcome, 0);
    });
  }

  test('the demo prints the expected output on a new disk', async (t) => {
    const sandbox = new Sandbox(t);
    const outcome = await sandbox.run({ kernel: guest('demo/demo'), drives: [{ image: sandbox.disk('disk') }] });
    demoPrinted(outcome, 'demo/demo');
  });

  longTest('a second boot of the demo finds the store that the first boot left in its overlay', async (t) => {
    const sandbox = new Sandbox(t);
    const boot = (drive: DriveSpec, rrfile: string) =>
      sandbox.record({ kernel: guest('demo/demo'), drives: [drive], rrfile });
    demoPrinted(await boot({ image: sandbox.disk('disk'), overlay: 'first.qcow2' }, 'first.rr'), 'demo/demo');
    const before = sandbox.fingerprint();
    const second = await boot({ image: 'first.qcow2', format: 'qcow2', overlay: 'second.qcow2' }, 'second.rr');
    demoPrinted(second, 'demo/demo-second-boot');
    assert.deepEqual(
      sandbox.fingerprint(Object.keys(before)),
      before,
      'the first boot is the base and stays unchanged',
    );
  });

  longTest('without --json, blkreplay reports in one sentence that a guest is halted forever', async (t) => {
    const { status, stderr } = await new Sandbox(t).cli(['run', '--kernel', guest('small/stuck')]);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^Ran to position \d+ in [\d.]+ s: all harts are waiting for interrupts that cannot occur\.\n$/,
    );
  });
});

function demoPrinted(outcome: Outcome, name: string): void {
  const { console, guestExit } = expected(name);
  assert.equal(maskDemo(outcome.console), maskDemo(console));
  endsWith(outcome, guestExit);
}

function endsWith(outcome: Outcome, guestExit: number): void {
  const summary = guestExit === 0 ? outcome.ended(0, 'powerOff') : outcome.ended(1, 'guestFailed');
  assert.equal(summary.guestExit, guestExit);
}

function endsWaiting(outcome: Outcome): void {
  assert.equal(outcome.ended(1, 'waitsForever').guestExit, null);
}
