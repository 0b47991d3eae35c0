import { after, before } from 'node:test';
import { scanRecording } from '../../debug-adapter/engine/recording/scan.ts';
import { openFile } from '../../debug-adapter/host/nodeFiles.ts';
import type { Sandbox } from '../support/cli.ts';
import { DEMO, fresh, TIMER, withDrive } from './freshScene.ts';

/** The folder from freshScene.ts with recordings added. It is created once; each test works on a copy. */
export const recorded = fresh.copy({ after });
before(async () => {
  const stopAt = ['--stop-at', '3_000_000'];
  await recorded.record(DEMO, ...stopAt);
  await recorded.record({ ...DEMO, rrfile: 'temporary.rr', drives: [{ image: 'disk.img' }] }, ...stopAt);
  await recorded.record({ ...withDrive({ overlay: 'small.qcow2' }), rrfile: 'small.rr' }, '--memory', '64M', ...stopAt);
  await recorded.record({ ...TIMER, rrfile: 'timer.rr' });
});

/** The offset at which the log begins. */
export function firstEventsOf(sandbox: Sandbox, rrfile: string): number {
  const file = openFile(sandbox.path(rrfile), { write: false, create: 'never' });
  const { events } = scanRecording(file);
  file.close();
  return events.at(0).offset;
}
