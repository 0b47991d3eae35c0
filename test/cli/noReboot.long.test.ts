/** With --no-reboot a guest's first reset ends the run, as with QEMU's -no-reboot.
 *
 * The guest resets the machine twice.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Session, Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';

suite('--no-reboot', () => {
  test('a reset ends the recording, and ends the replay at the same position', async (t) => {
    const sandbox = new Sandbox(t);
    const session = sessionIn(sandbox);
    const recorded = await sandbox.record(session, '--no-reboot');
    const summary = recorded.ended(0, 'reset');
    assert.match(recorded.console, /^boot 1$/m);
    assert.doesNotMatch(recorded.console, /boot 2|not reached/);
    for (const more of [[], ['--no-reboot']]) {
      const replayed = await sandbox.replay(session, ...more);
      const { position, digest } = replayed.ended(0, 'reset');
      assert.deepEqual([position, digest, replayed.console], [summary.position, summary.digest, recorded.console]);
    }
    assert.match((await sandbox.cli(['info', 'a.rr'])).console, /, no reboot$/m);
  });

  test('without a recording, the reset is reported in one sentence', async (t) => {
    const sandbox = new Sandbox(t);
    const disk = `id=hd0,image=${sandbox.disk('disk.img')},format=raw`;
    const { status, stderr } = await sandbox.cli([
      ...['run', '--kernel', guest('small/reset'), '--drive', disk],
      '--no-reboot',
    ]);
    assert.equal(status, 0);
    assert.match(stderr, /: the guest requested a reset, and --no-reboot was given\.$/m);
  });

  test('a replay with --no-reboot is rejected if the recording was made without it', async (t) => {
    const sandbox = new Sandbox(t);
    const session = sessionIn(sandbox);
    const recorded = await sandbox.record(session);
    recorded.ended(0, 'powerOff');
    assert.match(recorded.console, /^boot 3$/m);
    const { message } = (await sandbox.replay(session, '--no-reboot')).refused(2);
    assert.match(message, /no reboot: recorded off, given on/);
  });
});

function sessionIn(sandbox: Sandbox): Session {
  const drives = [{ image: sandbox.disk('disk.img'), overlay: 'hd0.qcow2' }];
  return { kernel: guest('small/reset'), drives, rrfile: 'a.rr' };
}
