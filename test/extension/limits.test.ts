/** package.json, README.md and the usage text give the same limits, rules and defaults as the code. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseLaunch } from '../support/launch.ts';
import * as limits from '../../debug-adapter/engine/limits.ts';
import { RAM_BASE } from '../../debug-adapter/engine/machine/memoryMap.ts';
import { memorySize } from '../../debug-adapter/messages/expected.ts';
import { usage } from '../../debug-adapter/messages/usage.ts';
import { UserError } from '../../debug-adapter/messages/userError.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const textOf = (name: string) => readFileSync(path.join(ROOT, name), 'utf8');

/** The keywords of JSON Schema that package.json uses. */
interface Schema {
  markdownDescription: string;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
  pattern?: string;
  patternErrorMessage?: string;
  enum?: string[];
  default?: unknown;
  items?: { properties: Record<string, Schema> };
}

const { contributes } = JSON.parse(textOf('package.json'));
const [{ configurationAttributes }] = contributes.debuggers;
const preferences: Record<string, Schema> = contributes.configuration.properties;
const launch: Record<string, Schema> = configurationAttributes.launch.properties;
const drive = launch.drives.items!.properties;

const WORDS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const { MEMORY_MIB } = limits;
const {
  min,
  max,
  default: memory,
} = {
  min: memorySize(MEMORY_MIB.min),
  max: memorySize(MEMORY_MIB.max),
  default: memorySize(MEMORY_MIB.default),
};

test('RAM sizes in package.json and README.md match the code: range, notation and default', () => {
  assert.equal(launch.memory.pattern, limits.MEMORY_SIZE.source);
  assert.equal(launch.memory.default, memory);
  assert.ok(launch.memory.markdownDescription.includes(`from \`${min}\` to \`${max}\`. The default is \`${memory}\``));
  for (const size of [min, max, memory]) assert.ok(limits.parseMemorySize(size), size);
  for (const [, size] of launch.memory.patternErrorMessage!.matchAll(/"(\w+)"/g)) {
    assert.ok(limits.parseMemorySize(size), size);
  }
  assert.ok(textOf('README.md').includes(`and ${MEMORY_MIB.min} MiB to ${MEMORY_MIB.max / 1024} GiB of RAM`));
});

test('sizes for snapshots in package.json match the code: range, notation and default', () => {
  for (const [setting, { min, max, default: usual }] of [
    ['snapshotMemory', limits.SNAPSHOT_MEMORY_MIB],
    ['snapshotSpace', limits.SNAPSHOT_SPACE_MIB],
  ] as const) {
    for (const schema of [launch[setting], preferences[`blkreplay.${setting}`]]) {
      assert.equal(schema.pattern, limits.MEMORY_SIZE.source);
      assert.equal(schema.default, memorySize(usual));
      assert.ok(schema.markdownDescription.includes(`from \`${memorySize(min)}\` to \`${memorySize(max)}\``));
    }
  }
});

test('the number of harts in package.json and README.md matches the code: range and default', () => {
  const { minimum, maximum, markdownDescription } = launch.harts;
  assert.deepEqual([minimum, maximum, launch.harts.default], [1, limits.HARTS_MAX, limits.HARTS_DEFAULT]);
  assert.ok(markdownDescription.includes(`from 1 to ${limits.HARTS_MAX}`));
  assert.ok(textOf('README.md').includes(`1 to ${limits.HARTS_MAX} harts`));
});

test('drives in package.json and README.md match the code: number, ids, slots, formats and transports', () => {
  assert.equal(launch.drives.maxItems, limits.DRIVES_MAX);
  assert.ok(launch.drives.markdownDescription.includes(`up to ${WORDS[limits.DRIVES_MAX]}.`));
  assert.ok(textOf('README.md').includes(`up to ${WORDS[limits.DRIVES_MAX]} virtio-blk disks`));
  assert.equal(drive.id.pattern, limits.DRIVE_ID.source);
  for (const text of [drive.id.markdownDescription, drive.id.patternErrorMessage]) {
    assert.ok(text!.includes(`followed by up to ${limits.DRIVE_ID_LENGTH_MAX - 1} letters`));
  }
  const last = limits.VIRTIO_SLOTS - 1;
  assert.deepEqual([drive.slot.minimum, drive.slot.maximum], [0, last]);
  assert.ok(drive.slot.markdownDescription.includes(`0 to ${last}.`));
  assert.ok(drive.slot.markdownDescription.includes(`starting with ${last}`));
  assert.deepEqual([drive.format.enum, drive.virtio.enum], [limits.DRIVE_FORMATS, limits.VIRTIO_VERSIONS]);
  assert.equal(drive.virtio.default, limits.VIRTIO_VERSIONS[0]);
});

test('snapshot names, additional files, seeds and ports in package.json match the code', () => {
  assert.equal(launch.rrsnapshot.pattern, `^(?!${limits.AUTOMATIC_PREFIX})`);
  assert.ok(launch.rrsnapshot.patternErrorMessage!.includes(`"${limits.AUTOMATIC_PREFIX}"`));
  assert.equal(launch.rrsnapshot.default, limits.FIRST_SNAPSHOT_DEFAULT);
  assert.ok(launch.rrsnapshot.markdownDescription.includes(`\`${limits.FIRST_SNAPSHOT_DEFAULT}\``));
  assert.equal(launch.load.maxItems, limits.LOAD_FILES_MAX);
  assert.equal(launch.rngSeed.pattern, `^(none|${limits.RNG_SEED.source.slice(1, -1)})$`);
  assert.deepEqual([launch.gdbServer.minimum, launch.gdbServer.maximum], [0, limits.PORT_MAX]);
});

/** The values that the adapter accepts for a setting, as listed in the error message for an unknown value. */
function wordsAccepted(name: string): string[] {
  try {
    parseLaunch({ rr: 'record', rrfile: 'boot.rr', kernel: 'kernel.elf', [name]: 'unknown' });
  } catch (error) {
    assert.ok(error instanceof UserError);
    return [...String(error.fields.expected).matchAll(/"(\w+)"/g)].map(([, word]) => word);
  }
  throw new Error(`the adapter accepts any word for ${name}`);
}

test('the schema offers exactly the words that the adapter accepts', () => {
  const choices = Object.entries(launch).filter(([, schema]) => schema.enum);
  assert.ok(choices.length >= 5);
  for (const [name, schema] of choices) {
    assert.deepEqual([...schema.enum!].sort(), wordsAccepted(name).sort(), name);
  }
});

test('the address at which raw kernels and firmware start is the start of RAM', () => {
  const start = `0x${RAM_BASE.toString(16)}`;
  assert.ok(launch.kernel.markdownDescription.includes(`or at ${start} if there is none`));
  assert.ok(launch.bios.markdownDescription.includes(`leaves ${start} free`));
  const text = usage(limits);
  for (const part of [`at ${start} without firmware`, `loaded at ${start}`, `leaves ${start} free`]) {
    assert.ok(text.includes(part), part);
  }
});

test('the usage text takes its limits from the code', () => {
  const others = {
    ...{ MEMORY_MIB: { min: 5, max: 3072, default: 77 }, HARTS_MAX: 66, HARTS_DEFAULT: 55, DRIVES_MAX: 44 },
    ...{ VIRTIO_SLOTS: 34, DRIVE_FORMATS: ['a', 'b'], VIRTIO_VERSIONS: ['c', 'd'], LOAD_FILES_MAX: 22 },
    ...{ FIRST_SNAPSHOT_DEFAULT: 'first', SNAPSHOT_SPACE_MIB: { min: 6, max: 4096, default: 88 } },
  };
  const text = usage(others);
  for (const part of [
    '5M to 3G',
    '77M (default)',
    '6M to 4G (default 88M)',
    '55 (default) to 66',
    'up to 44 times',
    'slot=0..33',
    'Up to 22 times',
  ]) {
    assert.ok(text.includes(part), part);
  }
  assert.ok(text.includes('format=a|b') && text.includes('virtio=c|d') && text.includes('default first'));
});

test('a setting at its limit is accepted, and one just beyond it is refused', () => {
  const base = { rr: 'record', rrfile: 'boot.rr', kernel: 'kernel.elf' };
  const accepts = (settings: object): boolean => {
    try {
      parseLaunch({ ...base, ...settings });
      return true;
    } catch (error) {
      assert.ok(error instanceof UserError);
      return false;
    }
  };
  const drives = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ id: `hd${i}`, image: `${i}.img`, format: 'raw' }));
  const withDrive = (settings: object) => ({ drives: [{ ...drives(1)[0], ...settings }] });
  const atLimit: [object, object][] = [
    [{ memory: min }, { memory: memorySize(MEMORY_MIB.min - 1) }],
    [{ memory: max }, { memory: memorySize(MEMORY_MIB.max + 1) }],
    [{ harts: limits.HARTS_MAX }, { harts: limits.HARTS_MAX + 1 }],
    [{ harts: 1 }, { harts: 0 }],
    [{ drives: drives(limits.DRIVES_MAX) }, { drives: drives(limits.DRIVES_MAX + 1) }],
    [
      { rng: true, drives: drives(limits.DRIVES_MAX - 1) },
      { rng: true, drives: drives(limits.DRIVES_MAX) },
    ],
    [withDrive({ slot: limits.VIRTIO_SLOTS - 1 }), withDrive({ slot: limits.VIRTIO_SLOTS })],
    [
      withDrive({ id: 'x'.repeat(limits.DRIVE_ID_LENGTH_MAX) }),
      withDrive({ id: 'x'.repeat(limits.DRIVE_ID_LENGTH_MAX + 1) }),
    ],
    [
      { rrsnapshot: 'x'.repeat(limits.SNAPSHOT_NAME_BYTES_MAX) },
      { rrsnapshot: 'x'.repeat(limits.SNAPSHOT_NAME_BYTES_MAX + 1) },
    ],
    [{ rrsnapshot: `x${limits.AUTOMATIC_PREFIX}` }, { rrsnapshot: `${limits.AUTOMATIC_PREFIX}x` }],
    [
      { load: new Array(limits.LOAD_FILES_MAX).fill('a.elf') },
      { load: new Array(limits.LOAD_FILES_MAX + 1).fill('a.elf') },
    ],
    [{ gdbServer: limits.PORT_MAX }, { gdbServer: limits.PORT_MAX + 1 }],
  ];
  for (const [good, bad] of atLimit) {
    assert.ok(accepts(good), JSON.stringify(good));
    assert.ok(!accepts(bad), JSON.stringify(bad));
  }
});
