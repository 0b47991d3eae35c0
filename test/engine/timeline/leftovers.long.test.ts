/** Opening and closing sessions many times in one process leaks no open files. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { openRecord, openReplay, openRun } from '../../../debug-adapter/engine/index.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { KERNEL, stageOf } from './travelSupport.ts';

const CYCLES = Number(process.env.BLKREPLAY_STARTS ?? 24);

test(
  `${CYCLES} sessions in one process leave no open files and no extra files behind`,
  { skip: process.platform === 'linux' ? false : 'open files are looked at in /proc' },
  (t) => {
    const random = SeededRandom.forTest(t);
    const { setup } = stageOf(KERNEL, t);
    const folder = path.dirname(setup.rrfile);
    const again = { ...setup, overwrite: true };
    const replay = { ...setup, append: null, memoryBytes: null, rrsnapshot: null };
    const temporaryDrives = setup.drives.map((drive) => ({ ...drive, overlay: null }));
    const opened: Record<string, () => MachineTimeline> = {
      record: () => openRecord(nodeHost, again),
      replay: () => openReplay(nodeHost, replay),
      run: () => openRun(nodeHost, { ...again, drives: temporaryDrives }),
      'record over a temporary overlay': () =>
        openRecord(nodeHost, { ...again, drives: temporaryDrives, rrfile: path.join(folder, 'b.rr') }),
    };
    const refused: Record<string, () => unknown> = {
      'a file exists': () => openRecord(nodeHost, setup),
      'another disk': () => openReplay(nodeHost, { ...replay, drives: [] }),
      'a boot file is damaged': () => openReplay({ ...nodeHost, compression: damaging }, replay),
      'no such snapshot': () => openReplay(nodeHost, { ...replay, rrsnapshot: 'absent' }),
      'no such image': () =>
        openRecord(nodeHost, {
          ...again,
          drives: [...setup.drives, { ...setup.drives[0], id: 'hd1', image: 'absent' }],
        }),
    };
    const once = (): void => {
      for (const open of Object.values(opened)) visit(open(), random);
      for (const open of Object.values(refused)) assert.throws(open, { name: 'UserError' });
    };
    once();
    const files = openFiles();
    const names = fs.readdirSync(folder);
    for (let cycle = 1; cycle < CYCLES / Object.keys(opened).length; cycle++) once();
    assert.deepEqual(openFiles(), files);
    assert.deepEqual(fs.readdirSync(folder), names);
    assert.deepEqual(
      names.filter((name) => !/^(disk\.img|hd0\.qcow2|[ab]\.rr|[ab]\.rr\.qcow2)$/.test(name)),
      [],
    );
  },
);

function visit(timeline: MachineTimeline, random: SeededRandom): void {
  timeline.advance(2_000_000 + random.below(1_000_000));
  const { travel } = timeline;
  if (travel) {
    for (let look = 0; look < 3; look++)
      complete(travel.seekTo(travel.start + random.below(timeline.position - travel.start + 1)));
    if (random.chance(0.5)) complete(travel.seekTo(travel.end));
  }
  if (random.chance(0.2)) timeline.abandon();
  else timeline.close({ reason: 'interrupted' });
}

const damaging = {
  ...nodeHost.compression,
  decompress: () => {
    throw new Error('damaged');
  },
};

const openFiles = (): string[] =>
  fs
    .readdirSync('/proc/self/fd')
    .flatMap((fd) => {
      try {
        return [fs.readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return []; // Excludes the handle that is used to read the folder /proc/self/fd.
      }
    })
    .filter((name) => name.startsWith('/') && !name.startsWith('/proc'))
    .sort();
