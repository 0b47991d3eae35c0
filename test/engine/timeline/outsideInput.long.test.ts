/** Resets and input that arrives during a step have the same effects while recording, in the history and in replays. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { ConsoleInput, LiveInputs, SharedFolder } from '../../../debug-adapter/engine/index.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { digestsOnTheWay, RESETS, type Scene, type Stage, stageOf } from './travelSupport.ts';

const SCENES: Record<string, Scene> = {
  'date and entropy': { kernel: 'test/guests/small/outside.elf', diskBytes: 4096 },
  resets: RESETS,
  // A guest that reads a file and the date, and waits for key presses.
  semihosting: { kernel: 'test/guests/semihosting/semihosting.elf', diskBytes: 4096 },
};

function letIn(stage: Stage): void {
  const { setup } = stage;
  setup.rng = true;
  setup.semihosting = true;
  setup.append = 'cat=semihosting.c date keys clock heap line sum=semihosting.elf exit=00';
  const keys = new ConsoleInput(Buffer.from('abc\nand a line\n'));
  const folder = new SharedFolder(nodeHost, 'test/guests/semihosting');
  setup.live = new LiveInputs(setup.kernel?.includes('semihosting') ? [keys] : [], nodeHost, folder);
}

suite('outside input and resets', () => {
  for (const [name, scene] of Object.entries(SCENES)) {
    test(`${name}: the history and replays reproduce the recorded states`, (t) => {
      const random = SeededRandom.forTest(t);
      const stage = stageOf(scene, t);
      letIn(stage);
      const live = stage.record();
      assert.equal(live.advance(1e9)?.reason, 'powerOff');
      const { position: end } = live;
      const output = stage.console;
      const positions = [...Array.from({ length: 12 }, () => random.below(end)), end];

      const digests = new Map<number, bigint>();
      for (const location of positions) {
        complete(live.travel!.seekTo(location));
        digests.set(location, live.digest());
      }
      complete(live.travel!.seekTo(end));
      live.close({ reason: 'powerOff', guestExit: 0 });

      stage.console = '';
      const replay = stage.replay();
      for (const [location, digest] of digestsOnTheWay(replay, positions)) {
        assert.equal(digest, digests.get(location), `at ${location} of ${end}`);
      }
      assert.equal(replay.advance(1e9)?.reason, 'powerOff');
      assert.equal(stage.console, output);
      replay.close({ reason: 'powerOff', guestExit: 0 });
    });
  }
});
