/** No matter how a session starts and ends, only the files that the user named remain, and the next session can start.
 *
 * All sessions use the same files.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { SeededRandom } from '../support/seededRandom.ts';

const STARTS = Number(process.env.BLKREPLAY_STARTS ?? 26);

interface Scene {
  dap: DapClient;
  launch: Record<string, unknown>;
  random: SeededRandom;
}

type Action = (scene: Scene) => Promise<void>;

const overwriting = { rr: 'record', overwrite: 'always' };

/** The ways to start a session. ENDINGS lists the ways to end one. */
const BEGINNINGS: Record<string, Action> = {
  recording: async ({ dap, launch }) => {
    await dap.start({ ...launch, ...overwriting });
    await dap.event('stopped');
  },
  'recording, stopped at entry': async ({ dap, launch }) => {
    await dap.start({ ...launch, ...overwriting, stopOnEntry: true });
    await dap.event('stopped');
  },
  'recording, running': async ({ dap, launch }) => dap.start({ ...launch, ...overwriting, idle: 'realtime' }),
  'recording, viewing history': async ({ dap, launch }) => {
    await dap.start({ ...launch, ...overwriting });
    await dap.event('stopped');
    await dap.until('stepBack');
    await dap.request('blkreplay/takeSnapshot', { name: 'here' });
  },
  'without an overlay or a recording': async ({ dap, launch }) => {
    const [drive] = launch.drives as object[];
    await dap.start({ ...launch, rr: 'off', rrfile: undefined, drives: [{ ...drive, overlay: undefined }] });
  },
  'recording over a temporary overlay': async ({ dap, launch }) => {
    const [drive] = launch.drives as object[];
    await dap.start({ ...launch, ...overwriting, drives: [{ ...drive, overlay: undefined }] });
    await dap.event('stopped');
    await dap.until('stepBack');
  },
  'with a gdb port': async ({ dap, launch }) => {
    await dap.start({ ...launch, ...overwriting, gdbServer: 0, stopOnEntry: true });
    await dap.event('stopped');
  },
  replaying: async ({ dap, launch }) => {
    await dap.start({ ...launch, rr: 'replay' });
    await dap.event('stopped');
    await dap.until('stepBack');
    await dap.until('reverseContinue');
  },
  'refused: a file exists': async ({ dap, launch }) => {
    await dap.request('initialize', { adapterID: 'blkreplay' });
    assert.match(await dap.refused('launch', { ...launch, overwrite: 'never' }), /exists/);
  },
  'refused: a file is missing': async ({ dap, launch, random }) => {
    await dap.request('initialize', { adapterID: 'blkreplay' });
    const missing = random.pick([
      { kernel: 'absent.elf' },
      { bios: 'absent.bin' },
      { rr: 'replay', rrfile: 'absent.rr' },
    ]);
    assert.match(await dap.refused('launch', { ...launch, ...overwriting, ...missing }), /does not exist/);
  },
  'while it opens': async ({ dap, launch, random }) => {
    await dap.request('initialize', { adapterID: 'blkreplay' });
    void dap.send('launch', { ...launch, ...random.pick([overwriting, { rr: 'replay' }]) }).catch(() => {});
    await sleep(random.below(100));
  },
  'before it is asked for anything': async () => {},
};

const ENDINGS: Record<string, Action> = {
  'the client disconnects': async ({ dap }) => {
    void dap.send('disconnect', {}).catch(() => {});
    await dap.exited;
  },
  'the client terminates it': async ({ dap }) => {
    void dap.send('terminate', {}).catch(() => {});
    await sleep(20);
    await dap.leave();
  },
  'the client closes its pipe': async ({ dap }) => void (await dap.leave()),
  'the client is killed': async ({ dap }) => {
    dap.stopListening();
    await dap.leave();
  },
  SIGTERM: async ({ dap }) => {
    process.kill(dap.pid, 'SIGTERM');
    await dap.exited;
  },
  SIGINT: async ({ dap }) => {
    process.kill(dap.pid, 'SIGINT');
    await dap.exited;
  },
};

test(`${STARTS} starts and stops leave no file, lock or process behind`, async (t) => {
  const random = SeededRandom.forTest(t);
  const sandbox = new Sandbox(t);
  const temporary = sandbox.path('tmp');
  fs.mkdirSync(temporary);
  const env = { ...process.env, TMPDIR: temporary };
  const launch = demoLaunch(sandbox) as Record<string, unknown>;
  const start = () => new DapClient(t, { env });
  const first = { dap: start(), launch, random };
  await BEGINNINGS.recording(first);
  await first.dap.leave();
  const beginnings = Object.keys(BEGINNINGS);
  for (let i = 0; i < STARTS; i++) {
    const scene = { dap: start(), launch, random };
    const beginning = beginnings[i % beginnings.length];
    const end = random.pick(Object.keys(ENDINGS));
    await inContext(`start ${i}: ${beginning}, then ${end}`, async () => {
      await BEGINNINGS[beginning](scene);
      await ENDINGS[end](scene);
      // A signal that arrives before our code runs kills the Node process, because no handler is installed yet.
      const isTooEarly = beginning === 'before it is asked for anything' && end.startsWith('SIG');
      assert.ok([0, ...(isTooEarly ? [null] : [])].includes(await scene.dap.exited), 'the process ends by itself');
      assert.equal(scene.dap.stderr, '');
      checkFiles(sandbox);
      // If the session was ended while it was being opened, the recording may be missing, but nothing may block the
      // next start.
      if (!sandbox.exists('demo.rr') || beginning === 'while it opens') await recordAgain(start(), launch, t);
    });
  }
  assert.deepEqual(processesWith(`TMPDIR=${temporary}`), []);
});

async function recordAgain(dap: DapClient, launch: object, t: TestContext): Promise<void> {
  await BEGINNINGS.recording({ dap, launch: launch as Record<string, unknown>, random: SeededRandom.forTest(t) });
  assert.equal(await dap.leave(), 0);
}

/**
 * Checks that no files remain except those that the user named. The temporary folder may contain one empty folder,
 * which all sessions share.
 */
function checkFiles(sandbox: Sandbox): void {
  const names = fs
    .readdirSync(sandbox.folder)
    .filter((name) => !['tmp', 'disk.img', 'demo.rr', 'hd0.qcow2'].includes(name));
  // If the overlay is temporary and a snapshot was taken, the machine state is in a separate file.
  assert.deepEqual(
    names.filter((name) => name !== 'demo.rr.qcow2'),
    [],
  );
  const temporary = fs.readdirSync(sandbox.path('tmp'), { recursive: true });
  assert.ok(temporary.length <= 1, `left in the temporary folder: ${temporary.join()}`);
  for (const name of temporary)
    assert.ok(fs.statSync(path.join(sandbox.path('tmp'), String(name))).isDirectory(), String(name));
}

function processesWith(variable: string): string[] {
  if (process.platform !== 'linux') return [];
  return fs.readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return fs.readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(variable);
    } catch {
      return false; // The process belongs to another user or has ended.
    }
  });
}

async function inContext(context: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    throw new Error(context, { cause: error });
  }
}
