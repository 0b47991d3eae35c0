import fs from 'node:fs';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { Sandbox } from '../../support/cli.ts';
import { DapClient, demoLaunch } from '../../support/dapClient.ts';
import { guest } from '../../support/guests.ts';
import { writingGuest } from '../../support/writingGuest.ts';
import { noticeOf } from './cli.ts';
import { faultyAdapter, outputOf, refusal, type Scene, started } from './dap.ts';
import type { Row, Shown } from './rows.ts';

const ENDLESS = { kernel: guest('endless/endless') };

/** Waits until the session has printed matching output in the category. */
async function untilOutput(dap: DapClient, category: string, pattern: RegExp): Promise<Shown> {
  const isPrinted = () =>
    dap.events.some(
      ({ event, body }) => event === 'output' && body.category === category && pattern.test(body.output as string),
    );
  while (!isPrinted()) await dap.event('output');
  return outputOf(dap, category, pattern);
}

/** Records an endless guest, and deletes one of the recording's files in the meantime. */
async function withoutFile(t: TestContext, name: string): Promise<Scene> {
  const scene = await started(t, ENDLESS);
  await scene.dap.request('continue', { threadId: 1 });
  fs.rmSync(scene.sandbox.path(name));
  return scene;
}

/** Records an endless guest, and meanwhile the disk that holds the files with matching names becomes full. */
async function onFullDisk(t: TestContext, names: string): Promise<Scene> {
  const sandbox = new Sandbox(t);
  const marker = sandbox.path('full');
  const dap = faultyAdapter(t, { BLKREPLAY_FAULT: names, BLKREPLAY_FAULT_MARKER: marker });
  await dap.start(demoLaunch(sandbox, { ...ENDLESS, stopOnEntry: true }));
  await dap.event('stopped');
  fs.writeFileSync(marker, '');
  await dap.request('continue', { threadId: 1 });
  return { dap, sandbox };
}

/** An adapter that receives data that is not a DAP message. */
const protocolError = (write: (dap: DapClient) => void, pattern: RegExp) => async (t: TestContext) => {
  const dap = new DapClient(t);
  write(dap);
  return untilOutput(dap, 'stderr', pattern);
};

/** Problems that occur while a session is running. */
export const sessionRows: readonly Row[] = [
  {
    message: 'session/fileLost',
    provoke: async (t) => untilOutput((await withoutFile(t, 'hd0.qcow2')).dap, 'important', /hd0\.qcow2/),
    cause: /was deleted while this session was writing to it/,
    where: /hd0\.qcow2 /,
    remedy: /End the session and start a new one/,
  },
  {
    message: 'session/savedNowhere',
    provoke: async (t) => {
      const { dap } = await withoutFile(t, 'hd0.qcow2');
      await untilOutput(dap, 'important', /hd0\.qcow2/);
      await dap.until('pause');
      return refusal(dap, 'blkreplay/takeSnapshot', { name: 'x' }, 'elsewhere');
    },
    cause: /was deleted while this session was using it, so snapshots cannot be taken/,
    where: /hd0\.qcow2 /,
    remedy: /Restore the file, and start the session again/,
  },
  {
    message: 'session/pastLost',
    provoke: async (t) => {
      const { dap } = await withoutFile(t, 'demo.rr');
      await untilOutput(dap, 'important', /demo\.rr/);
      await dap.until('pause');
      await dap.request('reverseContinue', { threadId: 1 });
      // The `stopped` event contains the message, which the editor shows next to the source line.
      return { text: (await dap.event('stopped')).text as string };
    },
    cause: /was deleted while this session was recording to it, so going back is not possible/,
    where: /demo\.rr /,
    remedy: /Continue, or end the session and record again/,
  },
  {
    message: 'session/sessionFailed',
    provoke: async (t) => untilOutput((await onFullDisk(t, 'demo|hd0')).dap, 'important', /The session has ended/),
    cause: /failed: the disk is full.*The session has ended/,
    where: /^Writing \S+(demo\.rr|hd0\.qcow2) /,
    remedy: /Free some space, or use another disk.*can be replayed up to position \d+/,
  },
  {
    message: 'gdb/foreignConnection',
    provoke: async (t) => {
      const { dap } = await started(t, { gdbServer: 0 });
      const printed = dap.events.flatMap(({ event, body }) => (event === 'output' ? [body.output as string] : []));
      const socket = net.connect({ host: '127.0.0.1', port: Number(/127\.0\.0\.1:(\d+)/.exec(printed.join(''))![1]) });
      t.after(() => socket.destroy());
      socket.on('error', () => {});
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      return untilOutput(dap, 'important', /connection/);
    },
    cause: /did not use the gdb remote protocol/,
    where: /A connection to the gdb server/,
    remedy: /if it happens again, close the page/,
  },
  {
    message: 'dap/messageUnreadable',
    provoke: protocolError((dap) => dap.write('not JSON'), /could not be read/),
    cause: /could not be read/,
    where: /A message from the client/,
    remedy: /Check the client/,
  },
  {
    message: 'dap/messageTooLarge',
    provoke: protocolError((dap) => dap.writeRaw('Content-Length: 99999999999\r\n\r\n'), /announced a message/),
    cause: /announced a message of 99999999999 bytes; at most \d+ are accepted/,
    where: /The client/,
    remedy: /Check the client/,
  },
  {
    message: 'dap/notTheProtocol',
    provoke: protocolError((dap) => dap.writeRaw('x'.repeat(100_000)), /Debug Adapter Protocol/),
    cause: /a header is not terminated/,
    where: /The input on stdin/,
    remedy: /Start the adapter from an editor/,
  },
  {
    message: 'snapshots/snapshotFailed',
    provoke: async (t) => untilOutput((await onFullDisk(t, 'hd0')).dap, 'important', /automatic snapshot/),
    cause: /The automatic snapshot .* was skipped\. .*Cause: Writing .*hd0\.qcow2 failed: the disk is full/,
    where: /at position \d+/,
    remedy: /Free some space, or use another disk/,
  },
  {
    message: 'snapshots/snapshotSpaceUsedUp',
    provoke: noticeOf(
      'record --kernel writing.elf --rrfile w.rr --all-snapshots --memory 16M --snapshot-space 4M --stop-at 60_000_000',
      { trouble: (sandbox) => void sandbox.write('writing.elf', writingGuest()) },
    ),
    cause: /The automatic snapshots have used up their disk space of 4M/,
    where: /The automatic snapshots/,
    remedy: /record with a larger --snapshot-space/,
  },
  {
    message: 'gdb/portNotPermitted',
    provoke: async (t) => {
      const dap = faultyAdapter(t, { BLKREPLAY_FAULT: 'listen' });
      await dap.request('initialize', { adapterID: 'blkreplay' });
      return refusal(dap, 'launch', demoLaunch(new Sandbox(t), { gdbServer: 80 }), 'dialog');
    },
    cause: /is reserved by the system/,
    where: /^Port 80 /,
    remedy: /Set "gdbServer" to a port of 1024 or higher/,
  },
];
