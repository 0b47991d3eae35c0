/** A replay that diverges from its recording stops there, with exit status 3 and a one-sentence message.
 *
 * The message gives the position, what was expected, what happened, and possible reasons.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Qcow2Image } from '../../debug-adapter/engine/block/qcow2/image.ts';
import type { LogEntry } from '../../debug-adapter/engine/recording/logEntry.ts';
import { type Session, Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { changeOverlay } from '../support/overlays.ts';
import { entriesOf, rewriteRecording } from '../support/recordings.ts';
import { longTest, some } from '../support/extent.ts';

type Kind = LogEntry['kind'];
type Entry<K extends Kind> = Extract<LogEntry, { kind: K }>;

interface Forgery {
  what: string;
  /** Changes entries of the given log in place. */
  forge: (log: LogEntry[]) => void;
  code: string;
  /** Returns a pattern that the error message must match. `log` is the unchanged log. */
  says: (log: LogEntry[]) => RegExp;
}

/** The middle one of the log entries of the given kind that satisfy `also`. */
function middle<K extends Kind>(log: LogEntry[], kind: K, also: (entry: Entry<K>) => boolean = () => true) {
  const all = log.filter((entry): entry is Entry<K> => entry.kind === kind && also(entry as Entry<K>));
  return all[Math.floor(all.length / 2)];
}

const last = <K extends Kind>(log: LogEntry[], kind: K) => log.findLast((entry) => entry.kind === kind) as Entry<K>;

function replace(log: LogEntry[], entry: LogEntry, ...by: LogEntry[]): void {
  log.splice(log.indexOf(entry), 1, ...by);
}

const lieAboutDigest = (part: string): Omit<Forgery, 'what' | 'says'> => ({
  forge: (log) => {
    const digest = last(log, 'digest');
    const parts = digest.parts.map(({ name, value }) => ({ name, value: name === part ? value ^ 1n : value }));
    replace(log, digest, { ...digest, parts });
  },
  code: 'divergence-digest',
});

const read = (log: LogEntry[]) => middle(log, 'blockRequest', ({ operation }) => operation === 'read');
const completionOf = (log: LogEntry[], request: Entry<'blockRequest'>) =>
  middle(log, 'blockCompletion', ({ id }) => id === request.id);

const FORGERIES: Forgery[] = [
  {
    what: 'a digest of RAM',
    ...lieAboutDigest('RAM'),
    says: (log) =>
      new RegExp(
        `position ${last(log, 'digest').position}: expected digest \\w+ of RAM, but it is \\w+\\. The machine`,
      ),
  },
  {
    what: 'a digest of a device',
    ...lieAboutDigest('uart0'),
    says: () => /expected digest \w+ of uart0, but it is \w+\. The machine did not repeat the recorded execution/,
  },
  {
    what: 'a digest of a drive',
    ...lieAboutDigest('drive hd0'),
    says: () => /expected digest \w+ of drive hd0, but it is \w+\. The content of drive hd0 differs/,
  },
  {
    what: 'the offset of a read',
    forge: (log) => replace(log, read(log), { ...read(log), offset: read(log).offset + 512 }),
    code: 'divergence-request',
    says: (log) => new RegExp(`position ${read(log).position}: expected .*read.*, but the guest made .*read`),
  },
  {
    what: 'the position of a read',
    forge: (log) => replace(log, read(log), { ...read(log), position: read(log).position - 1 }),
    code: 'divergence-request',
    says: (log) => new RegExp(`position ${read(log).position - 1}: expected .*read.*, but the .*`),
  },
  {
    what: 'a request left out',
    forge: (log) => replace(log, read(log)),
    code: 'divergence-request',
    says: (log) => new RegExp(`position ${read(log).position}: expected .*, but the guest made .*read`),
  },
  {
    what: 'the data of a read',
    forge: (log) => {
      const completion = completionOf(log, read(log));
      replace(log, completion, { ...completion, digest: completion.digest ^ 1n });
    },
    code: 'divergence-completion',
    says: (log) =>
      new RegExp(
        `position ${completionOf(log, read(log)).position}: expected .*, but .*\\. ` +
          `The guest read different data from drive hd0 at sector ${read(log).offset / 512}: disk\\.img or ` +
          `its overlay hd0\\.qcow2 has changed`,
      ),
  },
  {
    what: 'a failed read',
    forge: (log) => {
      const completion = completionOf(log, read(log));
      replace(log, completion, { ...completion, status: 'ioError', digest: 0n });
    },
    code: 'divergence-completion',
    says: () => /expected .*, but .*\. Drive hd0 completed the request with a different status/,
  },
  {
    what: 'a key that was not pressed',
    forge: (log) => {
      const key = middle(log, 'input');
      replace(log, key, { ...key, payload: key.payload.map((byte) => byte ^ 1) });
    },
    code: 'divergence-request',
    says: () => /position \d+: expected .*, but /,
  },
  {
    what: 'a clock jump while the machine is busy',
    forge: (log) => log.splice(log.indexOf(read(log)), 0, { kind: 'clockJump', position: 1000, nanoseconds: 5 }),
    code: 'divergence-input',
    says: () => /position 1000: expected .*clock.*, but the machine is not waiting at this position/,
  },
  {
    what: 'the result at the end',
    forge: (log) => replace(log, last(log, 'end'), { ...last(log, 'end'), reason: 'guestFailed', guestExit: 3 }),
    code: 'divergence-end',
    says: (log) =>
      new RegExp(
        `position ${last(log, 'end').position}: expected .*guestFailed.*, but the machine ended with .*powerOff`,
      ),
  },
  {
    what: 'the position of the end',
    forge: (log) => replace(log, last(log, 'end'), { ...last(log, 'end'), position: last(log, 'end').position + 7 }),
    code: 'divergence-end',
    says: (log) =>
      new RegExp(
        `position ${last(log, 'end').position}: expected execution to continue to position ` +
          `${last(log, 'end').position + 7}, but the machine ended with .*powerOff`,
      ),
  },
];

const SESSION: Session = {
  kernel: guest('kernel/oslet'),
  drives: [{ image: 'disk.img', overlay: 'hd0.qcow2' }],
  stdin: 'typed',
};

const recorded = new Sandbox({ after });
recorded.disk('disk.img', 4 << 20, 'sacred');
recorded.write('typed', 'writeblk 1 one\nreadblk 1\nsum 64\nreadblk 0\nreadblk 2\npoweroff\n');
before(async () => {
  (await recorded.record(SESSION)).ended(0, 'powerOff');
});

suite('a forged recording', { concurrency: 2 }, () => {
  for (const { what, forge, code, says } of some(FORGERIES, 1)) {
    test(`forged: ${what}`, async (t) => {
      const sandbox = recorded.copy(t);
      const log = entriesOf(sandbox, 'a.rr');
      const untouched = log.slice();
      forge(log);
      rewriteRecording(
        sandbox,
        'a.rr',
        log.toSorted((a, b) => a.position - b.position),
      );
      const refused = (await sandbox.replay(SESSION)).refused(3);
      assert.equal(refused.code, code, refused.message);
      assert.match(refused.message, /^The replay differs from a\.rr at position \d+: expected /);
      assert.match(refused.message, says(untouched));
    });
  }

  longTest('a recording that is rewritten with its log unchanged still replays', async (t) => {
    const sandbox = recorded.copy(t);
    rewriteRecording(sandbox, 'a.rr', entriesOf(sandbox, 'a.rr'));
    (await sandbox.replay(SESSION)).ended(0, 'powerOff');
  });

  longTest('the console output up to the divergence is printed', async (t) => {
    const sandbox = recorded.copy(t);
    const whole = (await sandbox.replay(SESSION)).console;
    const log = entriesOf(sandbox, 'a.rr');
    const key = last(log, 'end');
    replace(log, key, { ...key, guestExit: 1, reason: 'guestFailed' });
    rewriteRecording(sandbox, 'a.rr', log);
    assert.equal((await sandbox.replay(SESSION)).console, whole);
  });
});

suite('an overlay that has changed since it was recorded', { concurrency: 2 }, () => {
  const changes: [what: string, change: (image: Qcow2Image) => void, says: RegExp][] = [
    [
      'in the first byte of its disk',
      (image) => image.write(0, Uint8Array.of(1)),
      /position 0: expected digest \w+ of drive hd0, but it is \w+\. The content of drive hd0 differs: disk\.img or its overlay hd0\.qcow2 has changed since it was recorded/,
    ],
    [
      'in the last byte of its disk',
      (image) => image.write(image.lengthBytes - 1, Uint8Array.of(1)),
      /position 0: expected digest \w+ of drive hd0/,
    ],
    [
      'in a byte of RAM',
      (image) => image.vmState.write((1 << 20) + 0x10_0000, Uint8Array.of(1)),
      /position 0: expected digest \w+ of RAM, but it is \w+\. The machine did not repeat the recorded execution/,
    ],
  ];
  for (const [what, change, says] of some(changes, 1)) {
    test(`a change ${what}, in the snapshot from which the replay starts, causes a divergence`, async (t) => {
      const sandbox = recorded.copy(t);
      changeOverlay(sandbox, 'hd0.qcow2', (image) => changeSnapshot(image, 'replay_init', change), 'disk.img');
      const { message, code } = (await sandbox.replay(SESSION)).refused(3);
      assert.equal(code, 'divergence-digest');
      assert.match(message, says);
    });
  }

  longTest(
    'an overlay of another recording whose drives and snapshots have the same names causes a divergence',
    async (t) => {
      const sandbox = recorded.copy(t);
      const other = { ...SESSION, kernel: guest('small/hello'), rrfile: 'b.rr', stdin: undefined };
      const drives = [{ image: 'disk.img', overlay: 'other.qcow2' }];
      await sandbox.record({ ...other, drives });
      const { message } = (await sandbox.replay({ ...SESSION, drives })).refused(3);
      assert.match(message, /position 0: expected digest \w+ of RAM.*the snapshot belongs to another recording/);
    },
  );
});

/** Applies a snapshot, changes something, and takes the snapshot again under the same name. */
function changeSnapshot(image: Qcow2Image, name: string, change: (image: Qcow2Image) => void): void {
  const snapshot = image.snapshots.list.find((one) => one.name === name)!;
  image.snapshots.apply(name);
  change(image);
  image.snapshots.delete(name);
  image.snapshots.create(snapshot);
}
