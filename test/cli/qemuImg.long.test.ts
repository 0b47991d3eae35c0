/** A recording's images are standard qcow2: qemu-img finds no errors and reads the same data as the guest. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, suite, test, type TestContext } from 'node:test';
import { type Session, type Summary, Sandbox } from '../support/cli.ts';
import { expected, guest, maskDemo, SESSION } from '../support/guests.ts';
import { visibleBytes } from '../support/overlays.ts';
import { requireTool, runTool } from '../support/tools.ts';

interface Story {
  name: string;
  session: Session;
  /** The overlays, or the state-only image, each with its base. */
  images: { name: string; base: string | null }[];
  firstSnapshot: string;
}

const MIB = 1 << 20;
const recorded = new Sandbox({ after });
recorded.disk('disk.img', 4 * MIB, 'sacred');
recorded.disk('empty.img', 4 * MIB);
recorded.disk('second.img', MIB);

const DEMO: Story = {
  name: 'the demo',
  session: {
    kernel: guest('demo/demo'),
    drives: [{ image: 'empty.img', overlay: 'overlays/demo.qcow2' }],
    rrfile: 'demo.rr',
  },
  images: [{ name: 'overlays/demo.qcow2', base: 'empty.img' }],
  firstSnapshot: 'replay_init',
};

const KERNEL: Story = {
  name: 'a kernel with a session typed on its console',
  session: {
    kernel: guest('kernel/oslet'),
    drives: [{ image: 'disk.img', overlay: 'kernel.qcow2' }],
    stdin: SESSION,
    rrfile: 'kernel.rr',
    options: ['--rrsnapshot', 'before boot'],
  },
  images: [{ name: 'kernel.qcow2', base: 'disk.img' }],
  firstSnapshot: 'before boot',
};

const STORIES: Story[] = [
  DEMO,
  KERNEL,
  {
    name: 'two drives',
    session: {
      kernel: guest('small/twodisk'),
      drives: [
        { image: 'disk.img', overlay: 'a.qcow2' },
        { image: 'second.img', overlay: 'b.qcow2' },
      ],
      rrfile: 'two.rr',
    },
    images: [
      { name: 'a.qcow2', base: 'disk.img' },
      { name: 'b.qcow2', base: 'second.img' },
    ],
    firstSnapshot: 'replay_init',
  },
  {
    name: 'no drive',
    session: { kernel: guest('small/timer'), rrfile: 'timer.rr' },
    images: [{ name: 'timer.rr.qcow2', base: null }],
    firstSnapshot: 'replay_init',
  },
];

const summaries = new Map<Story, Summary>();
before(async () => {
  for (const story of STORIES) summaries.set(story, (await recorded.record(story.session)).summary);
});

suite('qemu-img on the images of a recording', () => {
  for (const story of STORIES) {
    test(`${story.name}: qemu-img check finds no errors, and info lists the snapshots`, (t) => {
      if (!requireTool('qemu-img', t)) return;
      for (const { name, base } of story.images) {
        isClean(name);
        const info = infoOf(name);
        const snapshots = info.snapshots.map((one) => ({ name: one.name, position: one.icount }));
        assert.deepEqual(snapshots, summaries.get(story)!.snapshots);
        assert.deepEqual(snapshots[0], { name: story.firstSnapshot, position: 0 });
        for (const later of snapshots.slice(1)) assert.equal(later.name, `auto-${later.position}`);
        // The first image contains the machine state and RAM; the others do not.
        assert.equal(info.snapshots[0]['vm-state-size'] > 128 * MIB, name === story.images[0].name);
        if (base !== null) assert.equal(info['full-backing-filename'], recorded.path(base));
      }
    });

    test(`${story.name}: qemu-img convert writes the guest's disk contents at the end and in each snapshot`, (t) => {
      if (!requireTool('qemu-img', t)) return;
      for (const { name, base } of story.images) {
        if (base === null) continue;
        assert.ok(same(converted(t, name), visibleBytes(recorded, name, base)));
        for (const { name: snapshot } of infoOf(name).snapshots) {
          const options = ['-l', `snapshot.name=${snapshot}`];
          assert.ok(same(converted(t, name, options), visibleBytes(recorded, name, base, snapshot)), snapshot);
        }
      }
    });

    test(`${story.name}: after qemu-img applies the first snapshot, the disk equals the base`, (t) => {
      if (!requireTool('qemu-img', t)) return;
      for (const { name, base } of story.images) {
        if (base === null) continue;
        const copy = `${name}.copy`;
        fs.copyFileSync(recorded.path(name), recorded.path(copy));
        runTool('qemu-img', ['snapshot', '-a', story.firstSnapshot, recorded.path(copy)]);
        const files = [recorded.path(copy), recorded.path(base)];
        assert.match(runTool('qemu-img', ['compare', '-f', 'qcow2', '-F', 'raw', ...files]), /identical/);
        isClean(copy);
      }
    });
  }

  test('a long recording has automatic snapshots at multiples of 2^24 steps', () => {
    const positions = summaries.get(DEMO)!.snapshots.map(({ position }) => position);
    assert.ok(positions.length > 3);
    for (const position of positions) assert.equal(position % (1 << 24), 0);
  });

  test('the guest finds its data on the disk that qemu-img convert wrote', async (t) => {
    if (!requireTool('qemu-img', t)) return;
    const sandbox = new Sandbox(t);
    sandbox.write('disk.img', converted(t, 'overlays/demo.qcow2'));
    const { console } = await sandbox.run({ kernel: guest('demo/demo'), drives: [{ image: 'disk.img' }] });
    assert.equal(maskDemo(console), maskDemo(expected('demo/demo-second-boot').console));
  });

  test('the converted disk contains the text that a user wrote to it with a shell command', (t) => {
    if (!requireTool('qemu-img', t)) return;
    const disk = Buffer.from(converted(t, 'kernel.qcow2'));
    const block = (n: number) => disk.subarray(512 * n, 512 * (n + 1)).toString('latin1');
    assert.match(block(7), /^the quick brown fox\0/);
    assert.match(block(63), /^once more\0/);
    assert.match(block(8), /^sacred/);
  });

  test('a replay still works after qemu-img has read the images', async (t) => {
    if (!requireTool('qemu-img', t)) return;
    runTool('qemu-img', ['snapshot', '-l', recorded.path('kernel.qcow2')]);
    const { digest } = summaries.get(KERNEL)!;
    assert.equal((await recorded.replay(KERNEL.session)).summary.digest, digest);
  });
});

function isClean(name: string): void {
  assert.match(runTool('qemu-img', ['check', recorded.path(name)]), /^No errors were found on the image\./);
}

interface ImageInfo {
  snapshots: { name: string; icount: number; 'vm-state-size': number }[];
  'full-backing-filename'?: string;
}

function infoOf(name: string): ImageInfo {
  const info = JSON.parse(runTool('qemu-img', ['info', '--output=json', recorded.path(name)])) as ImageInfo;
  const backing = info['full-backing-filename'];
  return { ...info, 'full-backing-filename': backing && fs.realpathSync(backing) };
}

/** Converts the image to raw bytes with qemu-img. */
function converted(t: TestContext, name: string, options: string[] = []): Uint8Array {
  const sandbox = new Sandbox(t);
  runTool('qemu-img', ['convert', '-f', 'qcow2', ...options, '-O', 'raw', recorded.path(name), sandbox.path('raw')]);
  return sandbox.read('raw');
}

/** Unlike `assert.deepEqual`, does not print megabytes of data if the contents differ. */
const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
