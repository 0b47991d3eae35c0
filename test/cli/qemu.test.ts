/** Guests print the same output as under the QEMU installed on this host. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { guest, maskDemo, SESSION } from '../support/guests.ts';
import { underQemu } from '../support/qemu.ts';
import { requireTool } from '../support/tools.ts';
import { longTest } from '../support/extent.ts';

const QEMU = 'qemu-system-riscv64';

suite('guests print the same output as under QEMU', { concurrency: 2 }, () => {
  for (const way of ['', '-clint']) {
    test(`kernel/oslet${way} prints the same output as under QEMU for a session typed on its console`, async (t) => {
      if (!requireTool(QEMU, t)) return;
      const sandbox = new Sandbox(t);
      const kernel = guest(`kernel/oslet${way}`);
      const drives = [{ image: sandbox.disk('ours.img') }];
      const typed = { after: '\n$ ', text: fs.readFileSync(SESSION, 'latin1') };
      const theirs = await underQemu(sandbox, { kernel, disks: ['theirs.img'], typed });
      const ours = await sandbox.run({ kernel, drives, stdin: SESSION });
      assert.equal(maskShell(ours.console), maskShell(theirs));
    });
  }

  longTest('the demo and its second boot on the same disk print the same output as under QEMU', async (t) => {
    if (!requireTool(QEMU, t)) return;
    const sandbox = new Sandbox(t);
    const kernel = guest('demo/demo');
    const demo = { kernel, disks: ['theirs.img'] };
    const first = { image: sandbox.disk('ours.img'), overlay: 'ours.qcow2' };
    const second = { image: 'ours.qcow2', format: 'qcow2' } as const;
    for (const [boot, drive] of [first, second].entries()) {
      const theirs = await underQemu(sandbox, demo);
      const ours = await sandbox.record({ kernel, drives: [drive], rrfile: `${boot}.rr` });
      assert.equal(maskDemo(ours.console), maskDemo(theirs));
    }
  });

  for (const kernel of benchGuests()) {
    longTest(
      `${path.basename(kernel)} prints the same checksum and the same instruction count as under QEMU`,
      async (t) => {
        if (!requireTool(QEMU, t)) return;
        const sandbox = new Sandbox(t);
        const ours = await sandbox.run({ kernel });
        ours.ended(0, 'powerOff');
        assert.match(ours.console, /\d/);
        assert.equal(ours.console, await underQemu(sandbox, { kernel }));
      },
    );
  }

  // CI sets the variable on hosts that have the guests, and reports the hosts that do not have them.
  if (process.env.BLKREPLAY_BENCH_GUESTS === undefined && !process.env.CI) {
    longTest('bench guests', (t) => t.skip('BLKREPLAY_BENCH_GUESTS does not name a folder with them'));
  }
});

/** Depending on when the line is typed, the shell may be preempted after starting `ps` and before waiting for it. */
const maskShell = (console: string): string => console.replace(/^( +1) [RS] +sh$/m, '$1 ? sh');

function benchGuests(): string[] {
  const folder = process.env.BLKREPLAY_BENCH_GUESTS;
  if (folder === undefined) return [];
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.elf'));
  return names.sort().map((name) => path.resolve(folder, name));
}
