import fs from 'node:fs';
import { after, before } from 'node:test';
import { scanRecording } from '../../debug-adapter/engine/recording/scan.ts';
import { openFile } from '../../debug-adapter/host/nodeFiles.ts';
import { type DriveSpec, type Session, Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';

/**
 * A folder with guests and a disk (`fresh`), and a copy of it with recordings (`recorded`). Both are created once; each
 * test works on a copy.
 */
const MIB = 1 << 20;
export const DRIVE: DriveSpec = { image: 'disk.img', overlay: 'hd0.qcow2' };
export const DEMO: Session = { kernel: 'demo.elf', drives: [DRIVE] };
export const TIMER: Session = { kernel: 'timer.elf' };

export const withDrive = (drive: Partial<DriveSpec>): Session => ({ ...DEMO, drives: [{ ...DRIVE, ...drive }] });

export const fresh = new Sandbox({ after });
fresh.write('demo.elf', fs.readFileSync(guest('demo/demo')));
fresh.write('timer.elf', fs.readFileSync(guest('small/timer')));
fresh.write('demo.c', 'int main(void);\n');
fresh.disk('disk.img', 4 * MIB);
fresh.write('folder/in-it', 'precious');
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
