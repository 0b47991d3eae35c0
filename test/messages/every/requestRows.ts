import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Sandbox } from '../../support/cli.ts';
import { DapClient, demoLaunch } from '../../support/dapClient.ts';
import { makeElf } from '../../support/elf.ts';
import { guest } from '../../support/guests.ts';
import { launchRefused, liveScene, pastScene, refusal, refused, type Scene, scopeOf, started } from './dap.ts';
import type { Row } from './rows.ts';

/** A running session whose guest loops forever. */
async function spinning(t: TestContext): Promise<Scene> {
  const scene = await started(t, (sandbox) => ({
    kernel: sandbox.path(sandbox.write('spin.elf', makeElf())),
    drives: [],
  }));
  await scene.dap.request('continue', { threadId: 1 });
  return scene;
}

/** A session whose guest has powered off. */
async function endedGuest(t: TestContext): Promise<Scene> {
  const scene = await started(t, { kernel: guest('small/timer'), drives: [] });
  await scene.dap.until('continue');
  return scene;
}

/** A replay of the demo with the given drives. */
const replaying =
  (drives: readonly object[]) =>
  async (t: TestContext): Promise<Scene> => {
    const sandbox = new Sandbox(t);
    const launch = demoLaunch(sandbox, { stopOnEntry: true, drives });
    for (const name of ['disk.img', 'other.img']) sandbox.disk(name);
    const recorder = new DapClient(t);
    await recorder.start(launch);
    await recorder.event('stopped');
    await recorder.until('next');
    await recorder.leave();
    const dap = new DapClient(t);
    await dap.start({ ...launch, rr: 'replay', startPosition: 0 });
    await dap.event('stopped');
    return { dap, sandbox };
  };

const DRIVE = { id: 'hd0', image: 'disk.img', format: 'raw' };
const here = liveScene;

/** A session with a step-out that never completes because the function does not return. */
async function endlessStep(t: TestContext): Promise<Scene> {
  const scene = await started(t, { kernel: guest('endless/endless') });
  await scene.dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'main' }] });
  await scene.dap.until('continue');
  await scene.dap.request('setFunctionBreakpoints', { breakpoints: [] });
  await scene.dap.request('stepOut', { threadId: 1 });
  return scene;
}

/**
 * Returns the error message. No dialog shows the error: the user sees instead why the machine stopped, or that it is
 * still running.
 */
function errorOf({ body }: { body?: unknown }): string {
  const { format, showUser } = (body as { error: { format: string; showUser: boolean } }).error;
  assert.equal(showUser, false);
  return format;
}

/** Requests that cannot be answered. */
export const requestRows: readonly Row[] = [
  {
    message: 'dap/launchBadSetting',
    provoke: launchRefused({ memory: '3M' }),
    cause: /^Invalid value "3M"/,
    where: /for "memory" in the launch configuration/,
    remedy: /expected 16M to 2G/,
  },
  {
    message: 'dap/launchSettingMissing',
    provoke: launchRefused({ rrfile: undefined }),
    cause: /has no/,
    where: /launch configuration.*"rrfile"/,
    remedy: /Set it to the path of the recording file/,
  },
  {
    message: 'dap/launchDrivesShare',
    provoke: launchRefused({ drives: [DRIVE, DRIVE] }),
    cause: /have the same id/,
    where: /"hd0" and "hd0" in the launch configuration/,
    remedy: /Give each drive its own id/,
  },
  {
    message: 'dap/launchWouldOverwrite',
    provoke: launchRefused({ overwrite: 'never' }, (sandbox) => void sandbox.write('demo.rr', 'mine')),
    cause: /already exists and would be overwritten/,
    where: /demo\.rr /,
    remedy: /Specify another file, or set "overwrite" to "always"/,
  },
  {
    message: 'dap/requestUnknown',
    provoke: refused(here, 'bogus', {}, 'dialog'),
    cause: /Unknown request/,
    where: /"bogus"/,
    remedy: /Check the name/,
  },
  {
    message: 'dap/requestMalformed',
    provoke: refused(here, 'readMemory', { memoryReference: 'here', count: 1 }),
    cause: /Invalid argument/,
    where: /"memoryReference" of the readMemory request/,
    remedy: /expected an address/,
  },
  {
    message: 'dap/requestUnannounced',
    provoke: refused(here, 'evaluate', { expression: '1', format: { hex: true } }),
    cause: /does not announce supportsValueFormattingOptions/,
    where: /"format" of the evaluate request/,
    remedy: /Leave the argument out/,
  },
  {
    message: 'dap/requestTooDeep',
    provoke: async (t) => {
      const { dap } = await started(t);
      const deep = '['.repeat(200_000) + ']'.repeat(200_000);
      const response = await dap.send('evaluate', { expression: 'DEEP' }, (text) => text.replace('"DEEP"', deep));
      const { format } = (response.body as { error: { format: string } }).error;
      return { code: response.message!, text: format };
    },
    cause: /nested too deeply/,
    where: /arguments of the evaluate request/,
    remedy: /fewer levels/,
  },
  {
    message: 'dap/requestTooEarly',
    provoke: (t) => refusal(new DapClient(t), 'continue', { threadId: 1 }, 'dialog'),
    cause: /must come after/,
    where: /The continue request /,
    remedy: /after the initialize request/,
  },
  {
    message: 'dap/requestTwice',
    provoke: refused(here, 'initialize', {}, 'dialog'),
    cause: /was already made/,
    where: /The initialize request /,
    remedy: /Start a new session/,
  },
  {
    message: 'dap/machineIsRunning',
    provoke: refused(spinning, 'setVariable', { variablesReference: 1, name: 'a', value: '1' }, 'dialog'),
    cause: /is running/,
    where: /^The machine/,
    remedy: /Pause it first/,
  },
  {
    message: 'dap/sessionHasEnded',
    provoke: async (t) => {
      const { dap } = await started(t);
      await dap.request('terminate');
      return refusal(dap, 'continue', { threadId: 1 }, 'dialog');
    },
    cause: /has ended/,
    where: /^The session/,
    remedy: /Start a new one/,
  },
  {
    message: 'dap/staleReference',
    provoke: refused(here, 'scopes', { frameId: 999_999 }),
    cause: /belongs to an earlier stop/,
    where: /^This frame/,
    remedy: /Request the stack trace again/,
  },
  {
    message: 'dap/threadUnknown',
    provoke: refused(here, 'stackTrace', { threadId: 99 }, 'dialog'),
    cause: /There is no thread/,
    where: /thread 99/,
    remedy: /Request the list of threads/,
  },
  {
    message: 'dap/variableUnknown',
    provoke: refused(
      here,
      'setVariable',
      async (scene) => ({ variablesReference: await scopeOf(scene, 0), name: 'nobody', value: '1' }),
      'dialog',
    ),
    cause: /There is no variable/,
    where: /"nobody" in this scope/,
    remedy: /Request the variables again/,
  },
  {
    message: 'dap/noSymbols',
    provoke: async (t) => {
      const sandbox = new Sandbox(t);
      const dap = new DapClient(t);
      const kernel = sandbox.path(sandbox.write('spin.elf', makeElf()));
      await dap.start(demoLaunch(sandbox, { kernel, drives: [], noDebug: true }));
      await dap.until('pause');
      return refusal(dap, 'evaluate', { expression: '1', context: 'watch' }, 'elsewhere');
    },
    cause: /No symbols are loaded/,
    where: /symbols/,
    remedy: /Specify an ELF file in "kernel" or "symbols"/,
  },
  {
    message: 'dap/writingNotByLooking',
    provoke: refused(here, 'evaluate', { expression: 'store.journal.pending = 1', context: 'hover' }),
    cause: /cannot modify the guest/,
    where: /Expressions evaluated here/,
    remedy: /Type the assignment in the Debug Console/,
  },
  {
    message: 'dap/notWritable',
    provoke: refused(
      here,
      'setVariable',
      async (scene) => ({ variablesReference: await scopeOf(scene, 3), name: 'mepc', value: '1' }),
      'dialog',
    ),
    cause: /cannot be written/,
    where: /"mepc"/,
    remedy: /Select the innermost frame/,
  },
  {
    message: 'dap/valueNeeded',
    provoke: refused(
      here,
      'setVariable',
      async (scene) => ({ variablesReference: await scopeOf(scene, 2), name: 'a0', value: 'store' }),
      'dialog',
    ),
    cause: /Invalid value "store"/,
    where: /for a register/,
    remedy: /expected a number such as 42/,
  },
  {
    message: 'dap/noException',
    provoke: refused(here, 'exceptionInfo', { threadId: 1 }),
    cause: /did not stop because of an exception/,
    where: /^The machine/,
    remedy: /set an exception breakpoint/,
  },
  {
    message: 'dap/inputNotInReplay',
    provoke: refused(replaying([{ ...DRIVE, overlay: 'hd0.qcow2' }]), 'blkreplay/consoleInput', { base64: 'YQ==' }),
    cause: /the guest receives the recorded input/,
    where: /Console input .* in a replay/,
    remedy: /record a new run/,
  },
  {
    message: 'dap/inputNotInPast',
    provoke: refused(pastScene, 'blkreplay/consoleInput', { base64: 'YQ==' }),
    cause: /the guest receives its recorded input/,
    where: /You are viewing a past state/,
    remedy: /continue to the live end/,
  },
  {
    message: 'dap/inputQueueFull',
    provoke: async (t) => {
      const { dap } = await started(t);
      const base64 = Buffer.alloc(1 << 20, 'a').toString('base64');
      for (let i = 0; i < 4; i++) await dap.request('blkreplay/consoleInput', { base64 });
      return refusal(dap, 'blkreplay/consoleInput', { base64: 'YQ==' }, 'elsewhere');
    },
    cause: /bytes of console input are already waiting/,
    where: /^4194304 bytes/,
    remedy: /Wait until the guest has read some of them/,
  },
  {
    message: 'session/noHistory',
    provoke: refused(
      (t) => started(t, { rr: 'off', rrfile: undefined, drives: [] }),
      'stepBack',
      { threadId: 1 },
      'dialog',
    ),
    cause: /is not recorded, so it has no history/,
    where: /^This run/,
    remedy: /Set "rr" to "record" or "replay"/,
  },
  {
    message: 'session/pastIsFixed',
    provoke: refused(pastScene, 'writeMemory', { memoryReference: '0x80010000', data: 'AQID' }, 'dialog'),
    cause: /cannot be changed/,
    where: /Recorded history/,
    remedy: /go to the live end/,
  },
  {
    message: 'session/guestHasEnded',
    provoke: refused(endedGuest, 'writeMemory', { memoryReference: '0x80010000', data: 'AQID' }, 'dialog'),
    cause: /has ended, so nothing can be written/,
    where: /^The run/,
    remedy: /Start a new session/,
  },
  {
    message: 'session/positionOutside',
    provoke: refused(here, 'blkreplay/goTo', { position: 9e12 }),
    cause: /is not in the recording, which covers positions 0 to \d+/,
    where: /Position 9000000000000/,
    remedy: /Go to one of these positions/,
  },
  {
    message: 'session/badAddress',
    provoke: refused(here, 'writeMemory', { memoryReference: '0x10', data: 'AQID' }, 'dialog'),
    cause: /no RAM is currently mapped there/,
    where: /3 bytes at 0x10/,
    remedy: /Use another address/,
  },
  {
    message: 'snapshots/snapshotNameUnusable',
    provoke: refused(here, 'blkreplay/takeSnapshot', { name: '' }),
    cause: /Invalid snapshot name/,
    where: /""/,
    remedy: /expected 1 to 255 bytes/,
  },
  {
    message: 'snapshots/snapshotNameAutomatic',
    provoke: refused(here, 'blkreplay/takeSnapshot', { name: 'auto-1' }),
    cause: /are reserved for automatic snapshots/,
    where: /"auto-1"/,
    remedy: /Choose another name/,
  },
  {
    message: 'snapshots/snapshotNameReserved',
    provoke: refused(here, 'blkreplay/takeSnapshot', { name: 'replay_init' }),
    cause: /it is the name of the recording's first snapshot/,
    where: /"replay_init"/,
    remedy: /Choose another name/,
  },
  {
    message: 'snapshots/snapshotNameTaken',
    provoke: async (t) => {
      const { dap } = await started(t);
      await dap.request('blkreplay/takeSnapshot', { name: 'here' });
      return refusal(dap, 'blkreplay/takeSnapshot', { name: 'here' }, 'elsewhere');
    },
    cause: /already exists/,
    where: /"here"/,
    remedy: /Choose another name, or delete that snapshot/,
  },
  {
    message: 'snapshots/snapshotUnknown',
    provoke: refused(here, 'blkreplay/deleteSnapshot', { name: 'nowhere' }),
    cause: /There is no snapshot named/,
    where: /"nowhere"/,
    remedy: /Existing snapshots: "replay_init"/,
  },
  {
    message: 'snapshots/snapshotIdUnknown',
    provoke: refused(here, 'blkreplay/deleteSnapshot', { id: '77' }),
    cause: /There is no snapshot with the id/,
    where: /"77"/,
    remedy: /may already have been deleted/,
  },
  {
    message: 'snapshots/snapshotNeeded',
    provoke: refused(here, 'blkreplay/deleteSnapshot', { name: 'replay_init' }),
    cause: /Replays start from/,
    where: /"replay_init"/,
    remedy: /Delete another snapshot, or the whole recording/,
  },
  {
    message: 'snapshots/snapshotStateLost',
    provoke: refused(replaying([DRIVE]), 'blkreplay/takeSnapshot', { name: 'here' }),
    cause: /cannot be saved: this recording used a temporary overlay/,
    where: /^Snapshots/,
    remedy: /Record with an overlay/,
  },
  {
    message: 'snapshots/snapshotDiskLost',
    provoke: refused(
      replaying([
        { ...DRIVE, overlay: 'hd0.qcow2' },
        { ...DRIVE, id: 'hd1', image: 'other.img' },
      ]),
      'blkreplay/takeSnapshot',
      { name: 'here' },
    ),
    cause: /was recorded with a temporary overlay/,
    where: /drive hd1/,
    remedy: /Record with an overlay/,
  },
  {
    message: 'dap/tooManySteps',
    provoke: async (t) => {
      const { dap } = await endlessStep(t);
      const steps = Array.from({ length: 40 }, () => dap.send('next', { threadId: 1 }));
      const first = await Promise.race(steps);
      return { code: first.message!, text: errorOf(first) };
    },
    cause: /steps are already waiting for the current step to end/,
    where: /^32 steps/,
    remedy: /Wait until they have ended/,
  },
  {
    message: 'dap/stepDropped',
    provoke: async (t) => {
      const { dap } = await endlessStep(t);
      const waiting = dap.send('next', { threadId: 1 });
      await dap.request('pause', { threadId: 1 });
      const dropped = await waiting;
      return { code: dropped.message!, text: errorOf(dropped) };
    },
    cause: /was not executed, because the machine stopped for another reason/,
    where: /^The step/,
    remedy: /Step again/,
  },
];
