/** When a debuggee is opened, its kernel file is read only once, for both the machine and the symbols. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { GuestConsole } from '../../debug-adapter/dap/guestConsole.ts';
import { parseLaunch } from '../support/launch.ts';
import { openDebuggee } from '../../debug-adapter/dap/openDebuggee.ts';
import type { MachineTimeline } from '../../debug-adapter/engine/timeline/machineTimeline.ts';
import type { Host } from '../../debug-adapter/engine/base/host.ts';
import { complete } from '../../debug-adapter/engine/base/sliced.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { RealtimeIdleClock } from '../../debug-adapter/host/wallClock.ts';
import { Sandbox } from '../support/cli.ts';
import { NEVER } from '../support/snapshotPaces.ts';
import { guest } from '../support/guests.ts';

test('a kernel is read once, so its symbols match the machine even if the file is rebuilt during the launch', () => {
  const reads: string[] = [];
  const readWhole: Host['files']['readWhole'] = (name, maxBytes) => {
    reads.push(path.basename(name));
    return nodeHost.files.readWhole(name, maxBytes);
  };
  const debuggee = openDebuggee(
    {
      host: { ...nodeHost, files: { ...nodeHost.files, readWhole } },
      idleClock: new RealtimeIdleClock(),
      makePaces: () => ({ pace: NEVER, cachePace: NEVER }),
      version: 'test',
    },
    parseLaunch({ rr: 'off', idle: 'warp', kernel: guest('small/hello'), symbols: [guest('small/hello')] }),
    new GuestConsole(() => {}),
    () => {},
  );
  assert.deepEqual(reads, ['hello.elf']);
  assert.equal(debuggee.symbols.groups.length, 1);
  debuggee.session.target.abandon();
});

test('"snapshotMemory" limits the memory for cached snapshots', (t) => {
  const sandbox = new Sandbox(t);
  const usedBytes = (snapshotMemory: string | undefined) => {
    const launch = { rr: 'record', rrfile: sandbox.path('endless.rr'), overwrite: 'always', idle: 'warp' };
    const environment = {
      ...{ host: nodeHost, idleClock: new RealtimeIdleClock(), version: 'test' },
      makePaces: () => ({ pace: NEVER, cachePace: NEVER }),
    };
    const { session } = openDebuggee(
      environment,
      parseLaunch({ ...launch, kernel: guest('endless/endless'), snapshotMemory }),
      new GuestConsole(() => {}),
      () => {},
    );
    const target = session.target as MachineTimeline;
    target.advance(STEPS);
    for (let position = STEPS; position > 0; position -= STEPS / 40) complete(target.travel!.seekTo(position));
    const { memoryBytes } = target.travel!.cost;
    target.abandon();
    return memoryBytes;
  };
  assert.ok(usedBytes('1M') <= 1 << 20);
  assert.ok(usedBytes(undefined) > 1 << 20);
});

const STEPS = 5_000_000;
