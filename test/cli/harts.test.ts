/** A guest on several harts prints the same output as in QEMU; a replay has the recorded number of harts. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { expected, guest } from '../support/guests.ts';
import { some } from '../support/extent.ts';

const KERNEL = guest('harts/harts');

suite('several harts', { concurrency: 2 }, () => {
  test('four harts print the same output as in QEMU', async (t) => {
    const outcome = await new Sandbox(t).run({ kernel: KERNEL, options: ['--harts', '4'] });
    outcome.ended(0, 'powerOff');
    assert.equal(outcome.console, expected('harts/harts').console);
  });

  for (const harts of some(['2', '1', '8'], 1)) {
    test(`a guest on ${harts} hart(s) is recorded and replayed`, async (t) => {
      const sandbox = new Sandbox(t);
      const recorded = await sandbox.record({ kernel: KERNEL, rrfile: 'a.rr', options: ['--harts', harts] });
      const { position, digest } = recorded.ended(0, 'powerOff');
      assert.match(
        recorded.console,
        new RegExp(`^${harts} harts\nunder the lock: ${harts}000, by LR and SC: ${harts}000\n`),
      );
      const replayed = await sandbox.replay({ kernel: KERNEL, rrfile: 'a.rr' });
      const again = replayed.ended(0, 'powerOff');
      assert.deepEqual([replayed.console, again.position, again.digest], [recorded.console, position, digest]);
      const info = await sandbox.cli(['info', 'a.rr']);
      assert.match(info.console, new RegExp(`, ${harts} harts?, `));
    });
  }
});
