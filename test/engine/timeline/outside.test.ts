import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { LiveInputs } from '../../../debug-adapter/engine/index.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { digestsOnTheWay, RESETS, type Scene, stageOf } from './travelSupport.ts';

/** What comes from outside in the middle of a step, and resets, in recordings, replays and looking back. */
const SCENES: Record<string, Scene> = {
  'date and entropy': { kernel: 'test/guests/small/outside.elf', diskBytes: 4096 },
  resets: RESETS,
};

suite('outside', () => {
  for (const [name, scene] of Object.entries(SCENES)) {
    test(`${name}: looking back while live, and replaying, show what was`, (t) => {
      const random = SeededRandom.forTest(t);
      const stage = stageOf(scene, t);
      stage.setup.rng = true;
      stage.setup.live = new LiveInputs([], nodeHost);
      const live = stage.record();
      assert.equal(live.advance(1e9)?.reason, 'powerOff');
      const { position: end } = live;
      const said = stage.console;
      const places = [...Array.from({ length: 12 }, () => random.below(end)), end];

      const digests = new Map<number, bigint>();
      for (const place of places) {
        live.travel!.seekTo(place);
        digests.set(place, live.digest());
      }
      live.travel!.seekTo(end);
      live.close({ reason: 'powerOff', guestExit: 0 });

      stage.console = '';
      const replay = stage.replay();
      for (const [place, digest] of digestsOnTheWay(replay, places)) {
        assert.equal(digest, digests.get(place), `at ${place} of ${end}`);
      }
      assert.equal(replay.advance(1e9)?.reason, 'powerOff');
      assert.equal(stage.console, said);
      replay.close({ reason: 'powerOff', guestExit: 0 });
    });
  }
});
