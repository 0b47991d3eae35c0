/** Problems during a session reach the user as output in the category `important`.
 *
 * VS Code shows such output as a notification.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { suite, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';

suite('problems while a session is running', { concurrency: 2 }, () => {
  for (const [what, kib, files] of [
    ['the recording', 64, { rrfile: 'small/demo.rr' }],
    ['an overlay', 700, { drives: [{ id: 'hd0', image: 'disk.img', format: 'raw', overlay: 'small/hd0.qcow2' }] }],
  ] as const) {
    test(`if the disk with ${what} is full, the session ends, and the end of the recording is reported correctly`, async (t) => {
      const sandbox = new Sandbox(t);
      await onSmallDisk(sandbox.path('small'), kib, t, async () => {
        const dap = new DapClient(t);
        await dap.start(demoLaunch(sandbox, files));
        // The write fails at the end of the session at the latest, when the rest of the log is written.
        const printed = (name: string) => dap.events.some(({ event }) => event === name);
        while (!printed('stopped') && !printed('terminated')) await sleep(20);
        if (!printed('terminated')) await dap.request('terminate');
        const [failure, ...more] = important(dap);
        assert.match(failure, /^Writing \S+ failed: the disk is full.*\. Free some space, or use another disk\. /);
        const kept = /The session has ended; \S*demo\.rr is kept and can be replayed up to position (\d+)\.\n$/.exec(
          failure,
        );
        assert.ok(kept, failure);
        assert.deepEqual(more, []);
        await dap.leave();

        const replay = new DapClient(t);
        await replay.start(demoLaunch(sandbox, { ...files, rr: 'replay' }));
        await replay.event('stopped');
        assert.equal(replay.place.position, Number(kept[1]));
        await replay.leave();
      });
    });
  }

  for (const [what, change] of [
    ['deleted', (file: string) => fs.rmSync(file)],
    [
      'replaced by another file',
      (file: string) => (fs.writeFileSync(`${file}.new`, 'x'), fs.renameSync(`${file}.new`, file)),
    ],
  ] as const) {
    test(`files ${what} during a recording are reported once each`, async (t) => {
      const sandbox = new Sandbox(t);
      const dap = new DapClient(t);
      await dap.start(endless(sandbox));
      for (const file of ['hd0.qcow2', 'demo.rr', 'disk.img']) {
        change(sandbox.path(file));
        const printed = await nextImportant(dap);
        const how =
          file === 'disk.img' ? 'reading it\\. .* Restore that file' : 'writing to it\\. .* lost when the session ends';
        assert.match(printed, new RegExp(`${file.replace('.', '\\.')} was ${what} while this session was ${how}`));
      }
      await dap.request('pause', { threadId: 1 });
      await dap.event('stopped');
      const refused = await dap.refused('blkreplay/takeSnapshot', { name: 'x' });
      assert.match(refused, new RegExp(`(demo\\.rr|hd0\\.qcow2) was ${what} .* snapshots cannot be taken or changed`));
      await dap.request('reverseContinue', { threadId: 1 });
      assert.match(
        (await dap.event('stopped')).text,
        new RegExp(`demo\\.rr was ${what} .* going back is not possible`),
      );
      assert.equal(important(dap).length, 3);
    });

    test(`files ${what} during a replay are reported, and snapshots are rejected instead of being written to another file`, async (t) => {
      const sandbox = new Sandbox(t);
      const recording = new DapClient(t);
      await recording.start(demoLaunch(sandbox, { noDebug: true }));
      await recording.event('terminated');
      await recording.leave();
      const dap = new DapClient(t);
      await dap.start(demoLaunch(sandbox, { rr: 'replay', stopOnEntry: true }));
      await dap.event('stopped');
      await dap.request('blkreplay/takeSnapshot', { name: 'before' });
      change(sandbox.path('hd0.qcow2'));
      assert.match(
        await nextImportant(dap),
        /hd0\.qcow2 was .* while this session was reading it\. .* Restore that file/,
      );
      for (const [command, args] of [
        ['takeSnapshot', { name: 'x' }],
        ['renameSnapshot', { name: 'before', newName: 'after' }],
        ['deleteSnapshot', { name: 'before' }],
      ] as const) {
        assert.match(await dap.refused(`blkreplay/${command}`, args), /hd0\.qcow2 was .* snapshots cannot be taken/);
      }
      if (sandbox.exists('hd0.qcow2')) assert.equal(sandbox.read('hd0.qcow2').toString(), 'x');
      assert.equal((await dap.until('continue')).text, 'End of recording');
      assert.equal(important(dap).length, 1);
    });
  }

  test('if a snapshot fails, the response is an error that the extension shows and the editor does not', async (t) => {
    const sandbox = new Sandbox(t);
    const dap = new DapClient(t);
    await dap.start(demoLaunch(sandbox, { stopOnEntry: true }));
    await dap.event('stopped');
    const response = await dap.send('blkreplay/takeSnapshot', { name: 'auto-1' });
    assert.deepEqual([response.success, response.body.error.showUser], [false, false]);
    assert.match(response.body.error.format, /auto-1/);
  });
});

const important = (dap: DapClient): string[] =>
  dap.events.flatMap(({ event, body }) => (event === 'output' && body.category === 'important' ? [body.output] : []));

/** Waits for the next output in the category `important`. */
async function nextImportant(dap: DapClient): Promise<string> {
  const before = important(dap).length;
  while (important(dap).length === before) await dap.event('output');
  return important(dap).at(-1)!;
}

function endless(sandbox: Sandbox): object {
  return demoLaunch(sandbox, { kernel: guest('endless/endless') });
}

/**
 * Runs `story` with a file system of the given size mounted at `folder`; does nothing if the host does not permit
 * mounting.
 */
async function onSmallDisk(folder: string, kib: number, t: TestContext, story: () => Promise<void>): Promise<void> {
  fs.mkdirSync(folder);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k,mode=777`, 'tmpfs', folder]);
  if (mounted.status !== 0) return t.skip('nothing can be mounted here, so no disk is full');
  try {
    await story();
  } finally {
    execFileSync('umount', ['-l', folder]);
  }
}
