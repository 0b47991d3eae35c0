/** Every command that writes can be killed or get a host error at any file call without losing data.
 *
 * A sample of all file calls is tried. Afterwards images have leaks at most, everything opens and replays, what the
 * guest flushed is present, bases are unchanged, and exit status and message describe what happened. BLKREPLAY_FAULTS
 * sets the number of kills and of faults for each command.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';
import { optionsOf, type Outcome, type Session, Workplace } from '../support/cli.ts';
import { type Fault, FaultyHost, type FaultKind, KILLED } from '../support/faults/faultyHost.ts';
import { bothDisks, flushedIsThere, imagesAreSound, recordingReplays, snapshotNames } from '../support/faults/judge.ts';
import { guest } from '../support/guests.ts';
import { SeededRandom } from '../support/seededRandom.ts';
import { requireTool } from '../support/tools.ts';

const TIMES = Number(process.env.BLKREPLAY_FAULTS ?? 1);
const KILLS: readonly FaultKind[] = ['kill', 'torn', 'after'];
const FAULTS: readonly FaultKind[] = ['eio', 'enospc', 'short'];

const TAKE_SNAPSHOTS = path.resolve(import.meta.dirname, '../support/faults/takeSnapshots.ts');
const KERNEL = guest('disk/numbered');
const SESSION: Session = {
  kernel: KERNEL,
  drives: [0, 1].map((i) => ({ image: `b${i}.img`, overlay: `o${i}.qcow2` })),
  options: ['--memory', '16M', '--all-snapshots'],
};
const RECORD = ['record', ...optionsOf(SESSION)];

interface Scenario {
  name: string;
  /** The workplace to start from; each case gets a copy. */
  from: 'bases' | 'recorded' | 'packed';
  args: readonly string[];
  script?: string;
  /** Files that the command may create or change; all others stay unchanged. */
  writes: readonly string[];
  /** After a failure no new file of these remains, except a recording that has begun. */
  isAllOrNothing?: boolean;
  /** Further conditions; `was` is the workplace before the command. */
  holds?: (place: Workplace, was: Workplace, outcome: Outcome) => void;
  /** A command that succeeds after a kill. */
  again: readonly string[];
}

const OVERLAYS = ['o0.qcow2', 'o1.qcow2'];

const SCENARIOS: Scenario[] = [
  {
    ...{ name: 'record', from: 'bases', args: RECORD, writes: ['a.rr', ...OVERLAYS] },
    holds: (place, _, outcome) => hasRecorded(place, outcome),
    again: [...RECORD, '--overwrite'],
  },
  {
    ...{ name: 'record over an earlier recording', from: 'recorded', args: [...RECORD, '--overwrite'] },
    writes: ['a.rr', ...OVERLAYS],
    holds: (place, _, outcome) => hasRecorded(place, outcome),
    again: [...RECORD, '--overwrite'],
  },
  {
    ...{ name: 'snapshots of a live session', from: 'bases', script: TAKE_SNAPSHOTS, args: ['record', KERNEL] },
    writes: ['a.rr', ...OVERLAYS],
    holds: (place, _, outcome) => hasRecorded(place, outcome),
    again: [...RECORD, '--overwrite'],
  },
  {
    ...{ name: 'snapshots of a replay', from: 'recorded', script: TAKE_SNAPSHOTS, args: ['replay', KERNEL] },
    writes: OVERLAYS,
    holds: (place, was, outcome) => {
      hasRecorded(place, outcome);
      sameDisks(place, was);
    },
    again: ['snapshot', 'rename', 'a.rr', 'auto-16777216', 'other'],
  },
  {
    ...{ name: 'snapshot rename', from: 'recorded', args: ['snapshot', 'rename', 'a.rr', 'auto-16777216', 'mine'] },
    writes: OVERLAYS,
    holds: (place, was, outcome) => {
      changesNames(place, was, outcome, (name) => (name === 'auto-16777216' ? 'mine' : name));
      sameDisks(place, was);
    },
    again: ['snapshot', 'rename', 'a.rr', 'auto-33554432', 'other'],
  },
  {
    ...{ name: 'snapshot delete', from: 'recorded', args: ['snapshot', 'delete', 'a.rr', 'auto-33554432'] },
    writes: OVERLAYS,
    holds: (place, was, outcome) => {
      changesNames(place, was, outcome, (name) => (name === 'auto-33554432' ? undefined : name));
      sameDisks(place, was);
    },
    again: ['snapshot', 'delete', 'a.rr', 'auto-50331648'],
  },
  {
    ...{ name: 'snapshot apply', from: 'recorded', args: ['snapshot', 'apply', 'a.rr', 'auto-16777216', '--yes'] },
    writes: OVERLAYS,
    holds: (place) => recordingReplays(place),
    again: ['snapshot', 'apply', 'a.rr', 'auto-16777216', '--yes'],
  },
  {
    ...{ name: 'overlay commit', from: 'recorded', args: ['overlay', 'commit', 'o0.qcow2', '--yes'] },
    writes: ['o0.qcow2', 'b0.img'],
    holds: sameDisks,
    again: ['overlay', 'commit', 'o0.qcow2', '--yes'],
  },
  {
    ...{ name: 'overlay discard', from: 'recorded', args: ['overlay', 'discard', 'o0.qcow2', '--yes'] },
    writes: ['o0.qcow2'],
    again: ['overlay', 'discard', 'o0.qcow2', '--yes'],
  },
  {
    name: 'overlay rebase',
    ...{ from: 'recorded', writes: ['o0.qcow2'] },
    args: ['overlay', 'rebase', 'o0.qcow2', '--base', 'other.img', '--format', 'raw', '--yes'],
    holds: sameDisks,
    again: ['overlay', 'rebase', 'o0.qcow2', '--base', 'other.img', '--format', 'raw', '--yes'],
  },
  {
    name: 'overlay create',
    ...{ from: 'bases', writes: ['new.qcow2'], isAllOrNothing: true },
    args: ['overlay', 'create', 'new.qcow2', '--base', 'b0.img', '--format', 'raw'],
    again: ['overlay', 'create', 'new.qcow2', '--base', 'b0.img', '--format', 'raw', '--overwrite'],
  },
  {
    ...{ name: 'pack', from: 'recorded', args: ['pack', 'a.rr', '--into', 'a.pack'], writes: ['a.pack'] },
    isAllOrNothing: true,
    holds: (place) => recordingReplays(place),
    again: ['pack', 'a.rr', '--into', 'a.pack', '--overwrite'],
  },
  {
    ...{ name: 'unpack', from: 'packed', args: ['unpack', 'a.pack', '--into', 'out'], writes: ['out'] },
    isAllOrNothing: true,
    again: ['unpack', 'a.pack', '--into', 'out', '--overwrite'],
  },
];

suite('commands that write, on a failing host', { concurrency: 2 }, () => {
  const places = {} as Record<Scenario['from'], Workplace>;

  const cleanups: (() => void)[] = [];
  after(() => cleanups.forEach((cleanup) => cleanup()));
  before(async () => {
    const owner = { after: (cleanup: () => void) => void cleanups.push(cleanup) };
    places.bases = new Workplace(owner);
    for (const i of [0, 1]) places.bases.disk(`b${i}.img`, 1 << 20, `sacred ${i}`);
    places.bases.disk('other.img', 1 << 20, 'another base');
    places.recorded = places.bases.copy(owner);
    (await places.recorded.cli(RECORD)).ended(0, 'powerOff');
    places.packed = places.recorded.copy(owner);
    assert.equal((await places.packed.cli(['pack', 'a.rr', '--into', 'a.pack'])).status, 0);
  });

  for (const scenario of SCENARIOS) {
    for (const [what, kinds] of [
      ['killed', KILLS],
      ['with faults', FAULTS],
    ] as const) {
      test(`${scenario.name}, ${what}`, async (t) => {
        const host = FaultyHost.build(t);
        if (!host || !requireTool('qemu-img', t)) return;
        const was = places[scenario.from];
        const place = was.copy(t);
        const calls = await host.countCalls(place, (through) => start(place, scenario, through));
        assert.ok(calls > 0, 'the command writes');
        const random = SeededRandom.forTest(t);
        for (let i = 0; i < TIMES; i++) {
          // One call from each section of all its calls.
          const at = 1 + Math.floor(((i + random.below(1000) / 1000) * calls) / TIMES);
          const fault: Fault = { kind: random.pick(kinds), at, stays: random.chance(0.5) };
          await holdsUnder(t, { host, scenario, was, fault });
        }
        t.diagnostic(`${TIMES} of ${calls} calls`);
      });
    }
  }
});

const start = (place: Workplace, { args, script }: Scenario, through: readonly string[]): Promise<Outcome> =>
  place.cli(args, { through, script });

async function holdsUnder(
  t: TestContext,
  { host, scenario, was, fault }: { host: FaultyHost; scenario: Scenario; was: Workplace; fault: Fault },
): Promise<void> {
  const place = was.copy(t);
  const outcome = await start(place, scenario, host.words(place, fault));
  try {
    saysTheTruth(outcome, fault);
    keepsToItsFiles(place, was, { scenario, outcome, fault });
    imagesAreSound(place);
    scenario.holds?.(place, was, outcome);
    const isUndone = !(isGone(fault) && scenario.isAllOrNothing);
    const isDisturbed = isKill(fault) || fault.kind === 'eio' || outcome.status !== 0;
    if (isUndone && isDisturbed) await worksAgain(place, scenario);
  } catch (error) {
    const { kind, at, stays } = fault;
    const where = `${kind}${stays ? ' that persists' : ''} at call ${at}; exit status ${outcome.status}: ${outcome.stderr}`;
    throw new Error(`${scenario.name}, ${where}`, { cause: error });
  }
  fs.rmSync(place.folder, { recursive: true });
}

const isKill = ({ kind }: Fault): boolean => KILLS.includes(kind);

/** The whole disk fails, so that nothing can be removed either. */
const isGone = ({ kind, stays }: Fault): boolean => kind === 'eio' && stays;

/** Reported while the recording continues: a full disk may still have room for the log but not for a snapshot. */
const LEFT_OUT = /^blkreplay: The automatic snapshot at position \d+ was skipped/;

/** A kill prints nothing; a fault is reported in one sentence with exit status 4, or did no harm. */
function saysTheTruth({ status, stderr }: Outcome, fault: Fault): void {
  if (isKill(fault)) return assert.equal(status, KILLED);
  if (status === 0) return;
  assert.equal(status, 4);
  const sentences = stderr.split('\n').filter((line) => line.startsWith('blkreplay: '));
  const errors = sentences.filter((line) => !LEFT_OUT.test(line));
  assert.equal(errors.length, 1, 'one sentence');
  assert.match(errors[0], / failed: /);
}

function keepsToItsFiles(
  place: Workplace,
  was: Workplace,
  { scenario, outcome, fault }: { scenario: Scenario; outcome: Outcome; fault: Fault },
): void {
  const isWritten = (name: string) =>
    scenario.writes.some((written) => name === written || name.startsWith(`${written}/`));
  const [files, before] = [place.fingerprint(), was.fingerprint()];
  for (const name of Object.keys(before)) if (!isWritten(name)) assert.equal(files[name], before[name], name);
  // The temporary file of a killed process stays until the next command removes it.
  if (outcome.status === KILLED) return;
  const isExpected = (name: string) => isWritten(name) && !(scenario.isAllOrNothing && outcome.status !== 0);
  // Removing can fail as well: the next command removes the file.
  const mayStay = (name: string) =>
    isGone(fault) || (fault.kind === 'eio' && (isPassing(name) || files[name] === 'folder'));
  const more = Object.keys(files).filter((name) => !(name in before) && !isExpected(name) && !mayStay(name));
  assert.deepEqual(more, [], 'files are left behind');
}

function hasRecorded(place: Workplace, outcome: Outcome): void {
  flushedIsThere(place, outcome);
  const isThere = fs.existsSync(place.path('a.rr')) && fs.statSync(place.path('a.rr')).size > 0;
  if (!isThere) return assert.doesNotMatch(outcome.console, /flushed/);
  const isComplete = fs.existsSync(place.path('o1.qcow2')) && fs.statSync(place.path('o1.qcow2')).size > 0;
  // Killed before there was anything to replay: the recording can be started again.
  if (!isComplete || snapshotNames(place).length === 0) return assert.doesNotMatch(outcome.console, /flushed|took/);
  recordingReplays(place);
  const names = snapshotNames(place);
  const changes = outcome.console.split('\n');
  if (changes.includes('took here')) assert.ok(names.includes('here') || names.includes('kept'), 'here was taken');
  if (changes.includes('renamed here to kept')) assert.ok(names.includes('kept'), 'here was renamed');
  if (changes.includes('deleted past')) assert.ok(!names.includes('past'), 'past was deleted');
}

/** All snapshots have either their old or their new names: the new ones if the command reported success. */
function changesNames(
  place: Workplace,
  was: Workplace,
  { status }: Outcome,
  change: (name: string) => string | undefined,
): void {
  const [names, old] = [snapshotNames(place), snapshotNames(was)];
  const changed = old.flatMap((name) => change(name) ?? []);
  if (status === 0) assert.deepEqual(names, changed);
  else
    assert.ok(
      [old, changed].some((each) => each.join() === names.join()),
      `neither old nor new: ${names.join()}`,
    );
  recordingReplays(place);
}

/** The contents of the drives are unchanged. */
function sameDisks(place: Workplace, was: Workplace): void {
  const [disks, before] = [bothDisks(place), bothDisks(was)];
  for (const drive of [0, 1]) {
    assert.ok(Buffer.from(disks[drive]).equals(Buffer.from(before[drive])), `drive ${drive} has changed`);
  }
}

/** The user tries again on a working host; no lock of the dead process is in the way, and none is left. */
async function worksAgain(place: Workplace, { again }: Scenario): Promise<void> {
  const outcome = await place.cli(again);
  assert.equal(outcome.status, 0, `again: ${outcome.stderr}`);
  assert.deepEqual(Object.keys(place.fingerprint()).filter(isPassing), [], 'files of the dead process are left behind');
}

/** A lock file, or a temporary file that has not been renamed yet. */
const isPassing = (name: string): boolean => /\.lock(\.|$)|^\.blkreplay-/.test(path.basename(name));
