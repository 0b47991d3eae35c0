/** A replay is rejected if its options do not match the recorded machine; omitted options are accepted. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { RecordingHeader } from '../../../debug-adapter/engine/recording/header.ts';
import { checkMachineMatches, type MachineOptionsGiven } from '../../../debug-adapter/engine/recording/sameMachine.ts';
import { HEADER, userErrorOf } from './support.ts';

const RECORDED: RecordingHeader = {
  ...HEADER,
  formatVersion: 1,
  bootFiles: [],
  drives: [HEADER.drives[0], { ...HEADER.drives[0], id: 'hd1', image: 'other.img', overlay: null }],
};
const SAME: MachineOptionsGiven = { machine: RECORDED.machine, append: RECORDED.append, drives: RECORDED.drives };
const [HD0, HD1] = RECORDED.drives;

test('equal options and omitted options are accepted', () => {
  checkMachineMatches('boot.rr', RECORDED, SAME);
  checkMachineMatches('boot.rr', RECORDED, { machine: {}, drives: RECORDED.drives });
});

const LOADED: RecordingHeader = {
  ...RECORDED,
  bootFiles: [
    { role: 'kernel', name: 'x.bin', lengthBytes: 1, digest: '0', address: 0x8000_0000 },
    { role: 'load', name: 'data', lengthBytes: 1, digest: '0', address: 0x8400_0000 },
    { role: 'load', name: 'app.elf', lengthBytes: 1, digest: '0' },
  ],
};

test('load addresses are accepted if they are equal to the recorded ones or omitted', () => {
  checkMachineMatches('boot.rr', LOADED, SAME);
  checkMachineMatches('boot.rr', LOADED, { ...SAME, kernelAddress: 0x8000_0000, loads: [0x8400_0000, null] });
  const refusal = (given: Partial<MachineOptionsGiven>) =>
    userErrorOf(() => checkMachineMatches('boot.rr', LOADED, { ...SAME, ...given }))?.message ?? '';
  assert.match(refusal({ kernelAddress: 0x8000_0004 }), /kernel address: recorded 0x80000000, given 0x80000004/);
  assert.match(refusal({ loads: [0x8400_0000] }), /files to load: recorded 2, given 1/);
  assert.match(refusal({ loads: [null, null] }), /address of data: recorded 0x84000000, given none/);
});

const machine = (differs: Partial<RecordingHeader['machine']>) => ({
  ...SAME,
  machine: { ...SAME.machine, ...differs },
});
const hd1 = (differs: Partial<typeof HD1>) => ({ ...SAME, drives: [HD0, { ...HD1, ...differs }] });

const DIFFERENCES: [title: string, given: MachineOptionsGiven, code: string, says: RegExp][] = [
  [
    'memory',
    machine({ memoryBytes: 64 << 20 }),
    'recording-other-machine',
    /\(memory: recorded 128 MiB, given 64 MiB\)/,
  ],
  ['harts', machine({ harts: 2 }), 'recording-other-machine', /harts: recorded 1, given 2/],
  [
    'another seed',
    machine({ rngSeed: '00'.repeat(32) }),
    'recording-other-machine',
    /rng seed: recorded a5a5.* given 0000/,
  ],
  ['no seed', machine({ rngSeed: null }), 'recording-other-machine', /rng seed: recorded a5a5.* given none/],
  ['resets', machine({ noReboot: false }), 'recording-other-machine', /no reboot: recorded on, given off/],
  ['semihosting', machine({ semihosting: false }), 'recording-other-machine', /semihosting: recorded on, given off/],
  ['isa', machine({ isa: 'rv64gc' }), 'recording-other-machine', /instruction set: recorded rv64imac/],
  ['mmu', machine({ mmu: 'sv39' }), 'recording-other-machine', /page tables: recorded sv48/],
  ['append', { ...SAME, append: '' }, 'recording-other-machine', /append: recorded "console=ttyS0", given ""/],
  ['a missing drive', { ...SAME, drives: [HD0] }, 'recording-drive-missing', /with drive hd1 \(image other\.img\)/],
  [
    'an additional drive',
    { ...SAME, drives: [HD0, HD1, { ...HD1, id: 'x' }] },
    'recording-drive-extra',
    /without drive x/,
  ],
  [
    'a different order of drives',
    { ...SAME, drives: [HD1, HD0] },
    'recording-other-machine',
    /order of drives: recorded hd0, hd1, given hd1, hd0/,
  ],
  ['format', hd1({ format: 'qcow2' }), 'recording-other-machine', /drive hd1: format: recorded raw, given qcow2/],
  ['readonly', hd1({ readOnly: true }), 'recording-other-machine', /drive hd1: readonly: recorded off, given on/],
  [
    'length',
    hd1({ lengthBytes: 512 }),
    'recording-other-machine',
    /drive hd1: length: recorded 1048576 bytes, given 512 bytes/,
  ],
  [
    'content',
    hd1({ contentDigest: 'ffffffffffffffff', image: 'moved/other.img' }),
    'recording-base-changed',
    /moved\/other\.img \(drive hd1\) has changed since boot\.rr was recorded/,
  ],
];

for (const [title, given, code, says] of DIFFERENCES) {
  test(`a replay on a different machine is rejected: ${title}`, () => {
    const error = userErrorOf(() => checkMachineMatches('boot.rr', RECORDED, given));
    assert.equal(error?.kind, 'badInput');
    assert.equal(error?.code, code);
    assert.match(error.message, says);
  });
}
