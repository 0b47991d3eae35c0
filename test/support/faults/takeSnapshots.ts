import { writeSync } from 'node:fs';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { endAtLiveEnd, LiveInputs, openRecord, openReplay, UserError } from '../../../debug-adapter/engine/index.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';

/**
 * A program that runs a session in which snapshots are taken, renamed and deleted, as a user does in an editor. Its
 * arguments are `record KERNEL` or `replay KERNEL`, and it runs in a folder with b0.img and b1.img. It prints each
 * change once it is durable. At the end, it reports how the session ended, as the command line does.
 */
const [mode, kernel] = process.argv.slice(2);
const drives = [0, 1].map((i) => ({
  id: `hd${i}`,
  image: `b${i}.img`,
  format: 'raw' as const,
  overlay: `o${i}.qcow2`,
  readOnly: false,
}));
const machine = { bios: null, initrd: null, drives, onConsoleByte: () => {} };

function openSession() {
  if (mode === 'replay') {
    const asRecorded = { rrsnapshot: null, append: null, memoryBytes: null };
    return openReplay(nodeHost, { ...machine, rrfile: 'a.rr', ...asRecorded });
  }
  const live = { append: '', memoryBytes: 16 << 20, idle: 'warp' as const, live: new LiveInputs([]), otherInputs: [] };
  const recording = { rrfile: 'a.rr', rrsnapshot: null, version: 'test', overwrite: false };
  return openRecord(nodeHost, { ...machine, ...live, ...recording, kernel });
}

function changeSnapshots(): void {
  const timeline = openSession();
  const output = (what: string) => writeSync(1, `${what}\n`);
  try {
    timeline.advance(60_000_000);
    timeline.snapshots.take('here');
    output('took here');
    complete(timeline.travel!.seekTo(20_000_000));
    timeline.snapshots.take('past');
    output('took past');
    timeline.snapshots.rename(timeline.snapshots.named('here').id, 'kept');
    output('renamed here to kept');
    timeline.snapshots.delete(timeline.snapshots.named('past').id);
    output('deleted past');
    timeline.advance(Infinity);
    timeline.close(endAtLiveEnd(timeline));
  } catch (error) {
    timeline.abandon();
    throw error;
  }
}

try {
  changeSnapshots();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  writeSync(2, `blkreplay: ${error.message}\n`);
  process.exitCode = error.kind === 'hostFailure' ? 4 : 2;
}
