/** The command line accepts all options of the commands that start a machine or read a recording. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseCommandLine } from '../../debug-adapter/cli/options.ts';
import { usage } from '../../debug-adapter/messages/usage.ts';
import * as limits from '../../debug-adapter/engine/limits.ts';
import { DRIVE, SEED, words } from './commandLines.ts';

const LIVE = {
  kernel: 'k.elf',
  kernelAddress: null,
  bios: null,
  initrd: null,
  load: [],
  dtb: null,
  dumpdtb: null,
  append: '',
  memoryBytes: 128 << 20,
  drives: [],
  rng: false,
  rngSeed: null,
  noReboot: false,
  semihosting: false,
  allow: [],
  stdin: null,
  stopAt: null,
  gdb: null,
  harts: 1,
  idle: 'warp',
  overwrite: false,
  json: false,
};
const RECORD = {
  kind: 'record',
  ...LIVE,
  rrfile: 'a.rr',
  rrsnapshot: null,
  allSnapshots: false,
  snapshotSpaceBytes: null,
};
const HD0 = { id: 'hd0', image: 'disk.img', format: 'raw', overlay: null, readOnly: false };

test('run with only the required options', () => {
  assert.deepEqual(parseCommandLine(words('run --kernel k.elf')), { kind: 'run', ...LIVE });
});

test('record with all options', () => {
  const line =
    'record --kernel k.bin@0x8040_0000 --bios fw.bin --initrd i.cpio --load a.elf --load b@c@2147487744 --dtb t.dtb --append=-x --memory 1G --harts 4 --rrfile a.rr --rrsnapshot start' +
    ' --drive id=hd0,image=disk.img,format=raw,overlay=o.qcow2 --drive id=cd,image=b.qcow2,format=qcow2,readonly,slot=7,virtio=legacy' +
    ` --rng --rng-seed ${SEED} --no-reboot --semihosting` +
    ' --stdin keys --stop-at 1_000_000 --gdb 1234 --idle realtime --all-snapshots --snapshot-space 20G --overwrite --json';
  assert.deepEqual(parseCommandLine(words(line)), {
    kind: 'record',
    kernel: 'k.bin',
    kernelAddress: 0x8040_0000,
    bios: 'fw.bin',
    initrd: 'i.cpio',
    load: [
      { file: 'a.elf', address: null },
      { file: 'b@c', address: 0x8000_1000 },
    ],
    dtb: 't.dtb',
    dumpdtb: null,
    append: '-x',
    memoryBytes: 2 ** 30,
    harts: 4,
    rrfile: 'a.rr',
    rrsnapshot: 'start',
    allSnapshots: true,
    snapshotSpaceBytes: 20 * 2 ** 30,
    allow: [],
    drives: [
      { ...HD0, overlay: 'o.qcow2' },
      { id: 'cd', image: 'b.qcow2', format: 'qcow2', overlay: null, readOnly: true, slot: 7, virtio: 'legacy' },
    ],
    rng: true,
    rngSeed: SEED,
    noReboot: true,
    semihosting: true,
    stdin: 'keys',
    stopAt: 1_000_000,
    gdb: { kind: 'port', port: 1234 },
    idle: 'realtime',
    overwrite: true,
    json: true,
  });
});

test('run, record and replay accept the same options, and their command lines differ in only one word', () => {
  const options =
    '--kernel k.elf --bios none --memory 64M --harts 2 --rrfile a.rr --rrsnapshot s --drive id=hd0,image=disk.img,format=raw' +
    ' --allow up --stdin keys --stop-at 5 --gdb 0 --idle warp --overwrite --json';
  const [run, record, replay] = ['run', 'record', 'replay'].map((word) =>
    parseCommandLine(words(`${word} ${options}`)),
  );
  const live = {
    ...{ ...LIVE, memoryBytes: 64 << 20, harts: 2, drives: [HD0], allow: ['up'], stdin: 'keys' },
    ...{ bios: 'none', stopAt: 5, gdb: { kind: 'port', port: 0 }, overwrite: true, json: true },
  };
  assert.deepEqual(run, { kind: 'run', ...live });
  assert.deepEqual(record, {
    ...live,
    kind: 'record',
    rrfile: 'a.rr',
    rrsnapshot: 's',
    allSnapshots: false,
    snapshotSpaceBytes: null,
  });
  const { append: _a, idle: _i, stdin: _s, overwrite: _o, ...same } = live;
  assert.deepEqual(replay, { kind: 'replay', ...same, append: null, rrfile: 'a.rr', rrsnapshot: 's' });
});

test('replay takes omitted options from the recording', () => {
  const { idle: _i, stdin: _s, overwrite: _o, ...output } = { ...LIVE, rrfile: 'a.rr' };
  const unsaid = { kernel: null, append: null, memoryBytes: null, harts: null, rrsnapshot: null };
  assert.deepEqual(parseCommandLine(words('replay --rrfile a.rr')), { kind: 'replay', ...output, ...unsaid });
});

test('info, help and version', () => {
  assert.deepEqual(parseCommandLine(['info', 'my file.rr']), { kind: 'info', rrfile: 'my file.rr', json: false });
  assert.deepEqual(parseCommandLine(['info', '--json', 'a.rr']), { kind: 'info', rrfile: 'a.rr', json: true });
  assert.deepEqual(parseCommandLine(['symbols', 'Image']), { kind: 'symbols', image: 'Image' });
  for (const line of ['--help', '-h', 'record --help', 'run --kernel k.elf --help', 'nonsense --help']) {
    assert.deepEqual(parseCommandLine(words(line)), { kind: 'help' }, line);
  }
  assert.deepEqual(parseCommandLine(['--version']), { kind: 'version' });
});

for (const [text, bytes] of [
  ['128M', 2 ** 27],
  ['1g', 2 ** 30],
  ['2G', 2 ** 31],
  ['262144K', 2 ** 28],
  ['16m', 2 ** 24],
  ['134217728', 2 ** 27],
] as const) {
  test(`--memory ${text}`, () => {
    assert.deepEqual(parseCommandLine(words(`run --kernel k.elf --memory ${text}`)), {
      kind: 'run',
      ...LIVE,
      memoryBytes: bytes,
    });
  });
}

for (const [text, position] of [
  ['0', 0],
  ['1000000', 1e6],
  ['1_000_000', 1e6],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
] as const) {
  test(`--stop-at ${text}`, () => {
    assert.deepEqual(parseCommandLine(words(`run --kernel k.elf --stop-at=${text}`)), {
      kind: 'run',
      ...LIVE,
      stopAt: position,
    });
  });
}

for (const [text, drive] of [
  ['id=hd0,image=disk.img,format=raw', HD0],
  ['format=raw,image=disk.img,id=hd0', HD0],
  ['id=hd0,image=a,,b=c.img,format=raw', { ...HD0, image: 'a,b=c.img' }],
  ['id=hd0,image=,,,format=raw', { ...HD0, image: ',' }],
  ['id=hd0,image=C:\\vm\\disk.img,format=raw', { ...HD0, image: 'C:\\vm\\disk.img' }],
  ['id=hd0,image=disk.img,format=raw,overlay=o,,1.qcow2', { ...HD0, overlay: 'o,1.qcow2' }],
  ['id=hd0,image=disk.img,format=raw,readonly=on', { ...HD0, readOnly: true }],
  ['id=hd0,image=disk.img,format=raw,readonly=off', HD0],
] as const) {
  test(`--drive ${text}`, () => {
    assert.deepEqual(parseCommandLine(['run', '--kernel', 'k.elf', '--drive', text]), {
      kind: 'run',
      ...LIVE,
      drives: [drive],
    });
  });
}

for (const [text, file, address] of [
  ['x.bin', 'x.bin', null],
  ['x.bin@0x80200000', 'x.bin', 0x8020_0000],
  ['x.bin@0X8020_0000', 'x.bin', 0x8020_0000],
  ['x.bin@2149580800', 'x.bin', 0x8020_0000],
  ['me@home/x.bin', 'me@home/x.bin', null],
  ['x@2/k.bin', 'x@2/k.bin', null],
  ['kernel@2024.bin', 'kernel@2024.bin', null],
  ['kernel@v6', 'kernel@v6', null],
  ['a@b@0x80000000', 'a@b', 0x8000_0000],
  ['kernel@@2024', 'kernel@2024', null],
  ['kernel@@2024@0x80000000', 'kernel@@2024', 0x8000_0000],
  ['x.bin@@', 'x.bin@', null],
  ['@', undefined, undefined],
  ['x.bin@', undefined, undefined],
  ['x.bin@0xzz', undefined, undefined],
  ['x.bin@0x', undefined, undefined],
  ['x.bin@12ab', undefined, undefined],
  ['x.bin@-1', undefined, undefined],
  ['x.bin@ 0x80000000', undefined, undefined],
  ['x.bin@0x100000000000000000', undefined, undefined],
  ['@0x80000000', undefined, undefined],
  ['', undefined, undefined],
] as const) {
  test(`a file and its address: ${text || '(nothing)'}`, () => {
    const parsed = limits.parseFileAtAddress(text);
    assert.deepEqual(parsed, file === undefined ? undefined : { file, address });
    const kernel = () => parseCommandLine(['run', '--kernel', text]);
    if (parsed) assert.partialDeepStrictEqual(kernel(), { kernel: file, kernelAddress: address });
    else
      assert.throws(kernel, /^UserError: Invalid value ".*" for --kernel: expected (FILE or FILE@ADDRESS|a file name)/);
  });
}

test('every file name can be written so that no part of it is mistaken for an address', () => {
  for (const file of ['x.bin', 'a@b', 'a@5', 'a@@5', 'a@', '@', '@5', 'a@0xzz', 'a@5@6', 'a@@@']) {
    assert.deepEqual(limits.parseFileAtAddress(limits.fileAtAddressText(file)), { file, address: null }, file);
  }
});

test('firmware or a file to load can replace the kernel', () => {
  const none = { ...LIVE, kernel: null };
  assert.deepEqual(parseCommandLine(words('run --bios u-boot.bin')), { kind: 'run', ...none, bios: 'u-boot.bin' });
  const load = [{ file: 'x.bin', address: 0x8000_0000 }];
  assert.deepEqual(parseCommandLine(words('run --load x.bin@0x80000000')), { kind: 'run', ...none, load });
  assert.deepEqual(parseCommandLine(words('run --dumpdtb t.dtb')), { kind: 'run', ...none, dumpdtb: 't.dtb' });
});

test('two drives with separate overlays can use the same image', () => {
  const line = `run --kernel k.elf ${DRIVE} --drive id=hd1,image=disk.img,format=raw`;
  assert.deepEqual(parseCommandLine(words(line)), { kind: 'run', ...LIVE, drives: [HD0, { ...HD0, id: 'hd1' }] });
});

test('the usage text names every option and command', () => {
  const options =
    '--kernel --bios --initrd --load --dtb --dumpdtb --append --memory --rrfile --rrsnapshot --drive --rng --rng-seed --no-reboot --semihosting --stdin --stop-at --idle --overwrite --json';
  for (const word of [...words(options), 'run ', 'record', 'replay', 'info', 'symbols', '--help', '--version']) {
    assert.ok(usage(limits).includes(word), word);
  }
  assert.deepEqual(parseCommandLine(words('record --kernel k.elf --rrfile a.rr')), RECORD);
});
