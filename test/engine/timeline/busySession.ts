import { writeSync } from 'node:fs';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { LiveInputs, openRecord, openReplay } from '../../../debug-adapter/engine/index.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';
import { RNG_SEED } from '../../support/cli.ts';
import { SeededRandom } from '../../support/seededRandom.ts';

/**
 * The program that killedInHistory.long.test.ts runs and kills. In an endless loop, it jumps in the history of a
 * recording, and takes, renames and deletes snapshots. It prints each completed change.
 */
const { kernel, drives, rrfile, liveEnd, kind, seed } = JSON.parse(process.argv[2]) as {
  kernel: string;
  drives: Parameters<typeof openRecord>[1]['drives'];
  rrfile: string;
  liveEnd: number;
  kind: 'looking back' | 'replaying';
  seed: number;
};
const machine = { bios: null, initrd: null, drives, onConsoleByte: () => {} };
const timeline: MachineTimeline =
  kind === 'replaying'
    ? openReplay(nodeHost, { ...machine, rrfile, rrsnapshot: null, append: null, memoryBytes: null })
    : openRecord(nodeHost, {
        ...{ ...machine, kernel, append: '', memoryBytes: 128 << 20, idle: 'warp', live: new LiveInputs([]) },
        ...{ otherInputs: [], overwrite: false, rrfile, rrsnapshot: 'replay_init', version: 'test', rngSeed: RNG_SEED },
      });
if (kind === 'looking back') {
  timeline.advance(liveEnd);
  timeline.writeBack();
}
const say = (line: string) => writeSync(1, `${line}\n`);
say('ready');
const random = new SeededRandom(seed);
const taken: string[] = [];
for (let n = 0; ; n++) {
  complete(timeline.travel!.seekTo(1 + random.below(liveEnd)));
  const dice = random.below(10);
  if (dice < 6) {
    timeline.snapshots.take(`s${n}`);
    taken.push(`s${n}`);
    say(`taken s${n}`);
  } else if (taken.length > 0) {
    const [name] = taken.splice(random.below(taken.length), 1);
    say(`deleting ${name}`);
    if (dice < 8) timeline.snapshots.delete(timeline.snapshots.named(name).id);
    else {
      timeline.snapshots.rename(timeline.snapshots.named(name).id, `r${n}`);
      taken.push(`r${n}`);
      say(`taken r${n}`);
    }
  }
}
