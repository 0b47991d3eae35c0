/** A replay that diverges stops and reports the divergence, and can still be inspected. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogEntry } from '../../debug-adapter/engine/recording/logEntry.ts';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { entriesOf, rewriteRecording } from '../support/recordings.ts';

test('a diverging replay stops at the divergence, reports it, and can still be inspected', async (t) => {
  const sandbox = new Sandbox(t);
  const recorder = new DapClient(t);
  await recorder.start(demoLaunch(sandbox));
  await recorder.event('stopped');
  await recorder.leave();
  rewriteRecording(sandbox, 'demo.rr', withLie(entriesOf(sandbox, 'demo.rr')));

  const dap = new DapClient(t);
  await dap.start(demoLaunch(sandbox, { rr: 'replay' }));
  const stop = await dap.event('stopped');
  assert.equal(stop.reason, 'exception');
  assert.match(stop.text, /position \d+: expected digest \w+ of RAM/);
  assert.ok(dap.events.some(({ body }) => body?.category === 'stderr' && body.output.includes(stop.text)));
  assert.match((await dap.topFrame()).name, /^\w+$/);
  assert.equal((await dap.until('reverseContinue')).description, 'Beginning of recording');
  assert.equal(await dap.leave(), 0);
});

/** Changes the RAM hash in the recording's last digest. */
function withLie(log: LogEntry[]): LogEntry[] {
  const digest = log.findLast((entry) => entry.kind === 'digest')!;
  const parts = digest.parts.map(({ name, value }) => ({ name, value: name === 'RAM' ? value ^ 1n : value }));
  return log.map((entry) => (entry === digest ? { ...digest, parts } : entry));
}
