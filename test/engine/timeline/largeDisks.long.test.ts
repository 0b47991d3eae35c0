/** With a 16 TiB disk, states in the history, in snapshots and in replays equal the recorded ones. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { Qcow2Image } from '../../../debug-adapter/engine/block/qcow2/image.ts';
import { openFile } from '../../../debug-adapter/host/nodeFiles.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { digestsOnTheWay, stageOf } from './travelSupport.ts';

/** At this position, the guest (disk/far.c) has discarded the whole disk once and is discarding it again. */
const END = 12_000_000;

test('with a 16 TiB disk, jumps, snapshots taken in the history, and replays give the recorded states', (t) => {
  const random = SeededRandom.forTest(t);
  const stage = stageOf({ kernel: 'test/guests/disk/far.elf', diskBytes: 0 }, t);
  const [drive] = stage.setup.drives;
  const image = path.join(path.dirname(drive.image), 'base.qcow2');
  const file = openFile(image, { write: true, create: 'new' });
  Qcow2Image.create(file, { lengthBytes: 2 ** 44, clusterSizeBytes: 65536 }).close();
  Object.assign(stage.setup, { drives: [{ ...drive, image, format: 'qcow2' }] });

  const positions = [50_000, 120_000, END, ...Array.from({ length: 4 }, () => random.below(END))];
  const live = stage.record();
  const digests = digestsOnTheWay(live, positions);
  for (const position of positions) {
    complete(live.travel!.seekTo(position));
    assert.equal(live.digest(), digests.get(position), `back at ${position}`);
  }
  complete(live.travel!.seekTo(positions[3]));
  live.snapshots.take('in the past');
  complete(live.travel!.seekTo(END));
  live.close({ reason: 'interrupted' });

  const replay = stage.replay({ rrsnapshot: 'in the past' });
  assert.equal(replay.position, positions[3]);
  for (const position of positions.filter((each) => each >= positions[3])) {
    complete(replay.travel!.seekTo(position));
    assert.equal(replay.digest(), digests.get(position), `replayed ${position}`);
  }
  replay.close({ reason: 'interrupted' });
});
