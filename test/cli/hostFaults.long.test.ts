/** A command never loses data, no matter which file call fails or is cut short because the process is killed.
 *
 * The test tries a random sample of all file calls. After each fault, images have no errors other than leaked clusters,
 * every file can be opened, recordings replay, all data that the guest flushed is present, and base images are
 * unchanged. The exit status and the message describe the fault. BLKREPLAY_FAULTS sets the number of kills and the
 * number of faults for each command.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';
import { optionsOf, type Outcome, type Session, Sandbox } from '../support/cli.ts';
import { type Fault, FaultyHost, type FaultKind, KILLED } from '../support/faults/faultyHost.ts';
import {
  bothDisks,
  assertFlushedData,
  assertImagesSound,
  assertRecordingReplays,
  snapshotNames,
} from '../support/faults/checks.ts';
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
  /** The sandbox to start from; each case gets a copy. */
  from: 'bases' | 'recorded' | 'packed';
  args: readonly string[];
  script?: string;
  /** Files that the command may create or change; all others stay unchanged. */
  writes: readonly string[];
  /** Whether a failed command leaves no new file behind, except for a recording that has already started. */
  isAllOrNothing?: boolean;
  /** Checks conditions specific to this command. `original` is the sandbox before the command ran. */
  holds?: (sandbox: Sandbox, original: Sandbox, outcome: Outcome) => void;
  /** A command that must succeed afterwards on a host without faults. */
  again: readonly string[];
}

const OVERLAYS = ['o0.qcow2', 'o1.qcow2'];

const SCENARIOS: Scenario[] = [
  {
    ...{ name: 'record', from: 'bases', args: RECORD, writes: ['a.rr', ...OVERLAYS] },
    holds: (sandbox, _, outcome) => hasRecorded(sandbox, outcome),
    again: [...RECORD, '--overwrite'],
  },
  {
    ...{ name: 'record over an earlier recording', from: 'recorded', args: [...RECORD, '--overwrite'] },
    writes: ['a.rr', ...OVERLAYS],
    holds: (sandbox, _, outcome) => hasRecorded(sandbox, outcome),
    again: [...RECORD, '--overwrite'],
  },
  {
    ...{ name: 'snapshots of a live session', from: 'bases', script: TAKE_SNAPSHOTS, args: ['record', KERNEL] },
    writes: ['a.rr', ...OVERLAYS],
    holds: (sandbox, _, outcome) => hasRecorded(sandbox, outcome),
    again: [...RECORD, '--overwrite'],
  },
  {
    ...{ name: 'snapshots of a replay', from: 'recorded', script: TAKE_SNAPSHOTS, args: ['replay', KERNEL] },
    writes: OVERLAYS,
    holds: (sandbox, original, outcome) => {
      hasRecorded(sandbox, outcome);
      sameDisks(sandbox, original);
    },
    again: ['snapshot', 'rename', 'a.rr', 'auto-16777216', 'other'],
  },
  {
    ...{ name: 'snapshot rename', from: 'recorded', args: ['snapshot', 'rename', 'a.rr', 'auto-16777216', 'mine'] },
    writes: OVERLAYS,
    holds: (sandbox, original, outcome) => {
      changesNames(sandbox, original, outcome, (name) => (name === 'auto-16777216' ? 'mine' : name));
      sameDisks(sandbox, original);
    },
    again: ['snapshot', 'rename', 'a.rr', 'auto-33554432', 'other'],
  },
  {
    ...{ name: 'snapshot delete', from: 'recorded', args: ['snapshot', 'delete', 'a.rr', 'auto-33554432'] },
    writes: OVERLAYS,
    holds: (sandbox, original, outcome) => {
      changesNames(sandbox, original, outcome, (name) => (name === 'auto-33554432' ? undefined : name));
      sameDisks(sandbox, original);
    },
    again: ['snapshot', 'delete', 'a.rr', 'auto-50331648'],
  },
  {
    ...{ name: 'snapshot apply', from: 'recorded', args: ['snapshot', 'apply', 'a.rr', 'auto-16777216', '--yes'] },
    writes: OVERLAYS,
    holds: (sandbox) => assertRecordingReplays(sandbox),
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
    holds: (sandbox) => assertRecordingReplays(sandbox),
    again: ['pack', 'a.rr', '--into', 'a.pack', '--overwrite'],
  },
  {
    ...{ name: 'unpack', from: 'packed', args: ['unpack', 'a.pack', '--into', 'out'], writes: ['out'] },
    isAllOrNothing: true,
    again: ['unpack', 'a.pack', '--into', 'out', '--overwrite'],
  },
];

suite('commands that write files lose no data on a failing host', { concurrency: 2 }, () => {
  const positions = {} as Record<Scenario['from'], Sandbox>;

  const cleanups: (() => void)[] = [];
  after(() => cleanups.forEach((cleanup) => cleanup()));
  before(async () => {
    const owner = { after: (cleanup: () => void) => void cleanups.push(cleanup) };
    positions.bases = new Sandbox(owner);
    for (const i of [0, 1]) positions.bases.disk(`b${i}.img`, 1 << 20, `sacred ${i}`);
    positions.bases.disk('other.img', 1 << 20, 'another base');
    positions.recorded = positions.bases.copy(owner);
    (await positions.recorded.cli(RECORD)).ended(0, 'powerOff');
    positions.packed = positions.recorded.copy(owner);
    assert.equal((await positions.packed.cli(['pack', 'a.rr', '--into', 'a.pack'])).status, 0);
  });

  for (const scenario of SCENARIOS) {
    for (const [what, kinds] of [
      ['killed', KILLS],
      ['with faults', FAULTS],
    ] as const) {
      test(`${scenario.name}, ${what}`, async (t) => {
        const host = FaultyHost.build(t);
        if (!host || !requireTool('qemu-img', t)) return;
        const original = positions[scenario.from];
        const sandbox = original.copy(t);
        const calls = await host.countCalls(sandbox, (through) => start(sandbox, scenario, through));
        const random = SeededRandom.forTest(t);
        for (let i = 0; i < TIMES; i++) {
          // Divides the command's file calls into TIMES sections and picks a random call from each section.
          const at = 1 + Math.floor(((i + random.below(1000) / 1000) * calls) / TIMES);
          const fault: Fault = { kind: random.pick(kinds), at, persists: random.chance(0.5) };
          await holdsUnder(t, { host, scenario, original, fault });
        }
        t.diagnostic(`${TIMES} of ${calls} calls`);
      });
    }
  }
});

const start = (sandbox: Sandbox, { args, script }: Scenario, through: readonly string[]): Promise<Outcome> =>
  sandbox.cli(args, { through, script });

async function holdsUnder(
  t: TestContext,
  { host, scenario, original, fault }: { host: FaultyHost; scenario: Scenario; original: Sandbox; fault: Fault },
): Promise<void> {
  const sandbox = original.copy(t);
  const { outcome, isReached } = await host.run(sandbox, fault, (through) => start(sandbox, scenario, through));
  if (!isReached) {
    fs.rmSync(sandbox.folder, { recursive: true });
    const earlier = Math.floor(fault.at * 0.8);
    assert.ok(earlier > 0, 'the command still writes');
    return holdsUnder(t, { host, scenario, original, fault: { ...fault, at: earlier } });
  }
  try {
    saysTheTruth(outcome, fault);
    keepsToItsFiles(sandbox, original, { scenario, outcome, fault });
    assertImagesSound(sandbox);
    scenario.holds?.(sandbox, original, outcome);
    const isUndone = !(isGone(fault) && scenario.isAllOrNothing);
    const isDisturbed = isKill(fault) || fault.kind === 'eio' || outcome.status !== 0;
    if (isUndone && isDisturbed) await worksAgain(sandbox, scenario);
  } catch (error) {
    const { kind, at, persists } = fault;
    const where = `${kind}${persists ? ' that persists' : ''} at call ${at}; exit status ${outcome.status}: ${outcome.stderr}`;
    throw new Error(`${scenario.name}, ${where}`, { cause: error });
  }
  fs.rmSync(sandbox.folder, { recursive: true });
}

const isKill = ({ kind }: Fault): boolean => KILLS.includes(kind);

/** Whether every later call fails too, as on a broken disk. Files cannot be removed then either. */
const isGone = ({ kind, persists }: Fault): boolean => kind === 'eio' && persists;

/**
 * The recording continues after this message: a full disk may have room for the log even if it has none for a snapshot.
 */
const LEFT_OUT = /^blkreplay: The automatic snapshot at position \d+ was skipped/;

/**
 * Checks the exit status of a killed command, and that any other fault either is reported in one sentence with exit
 * status 4 or has no effect.
 */
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
  sandbox: Sandbox,
  original: Sandbox,
  { scenario, outcome, fault }: { scenario: Scenario; outcome: Outcome; fault: Fault },
): void {
  const isWritten = (name: string) =>
    scenario.writes.some((written) => name === written || name.startsWith(`${written}/`));
  const [files, before] = [sandbox.fingerprint(), original.fingerprint()];
  for (const name of Object.keys(before)) if (!isWritten(name)) assert.equal(files[name], before[name], name);
  // A killed process's temporary file remains until the next command removes it.
  if (outcome.status === KILLED) return;
  const isExpected = (name: string) => isWritten(name) && !(scenario.isAllOrNothing && outcome.status !== 0);
  // Removing a file can fail as well; in that case, the next command removes it.
  const mayStay = (name: string) =>
    isGone(fault) || (fault.kind === 'eio' && (isPassing(name) || files[name] === 'folder'));
  const more = Object.keys(files).filter((name) => !(name in before) && !isExpected(name) && !mayStay(name));
  assert.deepEqual(more, [], 'files are left behind');
}

function hasRecorded(sandbox: Sandbox, outcome: Outcome): void {
  assertFlushedData(sandbox, outcome);
  const isThere = fs.existsSync(sandbox.path('a.rr')) && fs.statSync(sandbox.path('a.rr')).size > 0;
  if (!isThere) return assert.doesNotMatch(outcome.console, /flushed/);
  const isComplete = fs.existsSync(sandbox.path('o1.qcow2')) && fs.statSync(sandbox.path('o1.qcow2')).size > 0;
  // The process was killed before there was anything to replay. The recording can be started again.
  if (!isComplete || snapshotNames(sandbox).length === 0) return assert.doesNotMatch(outcome.console, /flushed|took/);
  assertRecordingReplays(sandbox);
  const names = snapshotNames(sandbox);
  const changes = outcome.console.split('\n');
  if (changes.includes('took here')) assert.ok(names.includes('here') || names.includes('kept'), 'here was taken');
  if (changes.includes('renamed here to kept')) assert.ok(names.includes('kept'), 'here was renamed');
  if (changes.includes('deleted past')) assert.ok(!names.includes('past'), 'past was deleted');
}

/**
 * Checks that either all snapshots have their new names or, if the command did not report success, all have their old
 * ones.
 */
function changesNames(
  sandbox: Sandbox,
  original: Sandbox,
  { status }: Outcome,
  change: (name: string) => string | undefined,
): void {
  const [names, old] = [snapshotNames(sandbox), snapshotNames(original)];
  const changed = old.flatMap((name) => change(name) ?? []);
  if (status === 0) assert.deepEqual(names, changed);
  else
    assert.ok(
      [old, changed].some((each) => each.join() === names.join()),
      `neither old nor new: ${names.join()}`,
    );
  assertRecordingReplays(sandbox);
}

/** Checks that the contents of the drives are unchanged. */
function sameDisks(sandbox: Sandbox, original: Sandbox): void {
  const [disks, before] = [bothDisks(sandbox), bothDisks(original)];
  for (const drive of [0, 1]) {
    assert.ok(Buffer.from(disks[drive]).equals(Buffer.from(before[drive])), `drive ${drive} has changed`);
  }
}

/**
 * Runs the command again on a host without faults. No lock left by the dead process may block it, and no temporary file
 * of that process may remain.
 */
async function worksAgain(sandbox: Sandbox, { again }: Scenario): Promise<void> {
  const outcome = await sandbox.cli(again);
  assert.equal(outcome.status, 0, `again: ${outcome.stderr}`);
  assert.deepEqual(
    Object.keys(sandbox.fingerprint()).filter(isPassing),
    [],
    'files of the dead process are left behind',
  );
}

/** A lock file, or a temporary file that has not been renamed yet. */
const isPassing = (name: string): boolean => /\.lock(\.|$)|^\.blkreplay-/.test(path.basename(name));
