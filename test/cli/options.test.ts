/** The command line accepts every option and command, and reports each mistake in one sentence. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseCommandLine } from '../../debug-adapter/cli/options.ts';
import { usage } from '../../debug-adapter/messages/usage.ts';
import * as limits from '../../debug-adapter/engine/limits.ts';
import { UserError } from '../../debug-adapter/messages/userError.ts';

const words = (line: string) => line.split(' ').filter(Boolean);

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
const RECORD = { kind: 'record', ...LIVE, rrfile: 'a.rr', rrsnapshot: null, allSnapshots: false };
const HD0 = { id: 'hd0', image: 'disk.img', format: 'raw', overlay: null, readOnly: false };

const SEED = '0123456789abcdefABCDEF'.padEnd(64, '0');

test('run with only the required options', () => {
  assert.deepEqual(parseCommandLine(words('run --kernel k.elf')), { kind: 'run', ...LIVE });
});

test('record with all options', () => {
  const line =
    'record --kernel k.bin@0x8040_0000 --bios fw.bin --initrd i.cpio --load a.elf --load b@c@2147487744 --dtb t.dtb --append=-x --memory 1G --harts 4 --rrfile a.rr --rrsnapshot start' +
    ' --drive id=hd0,image=disk.img,format=raw,overlay=o.qcow2 --drive id=cd,image=b.qcow2,format=qcow2,readonly,slot=7,virtio=legacy' +
    ` --rng --rng-seed ${SEED} --no-reboot --semihosting` +
    ' --stdin keys --stop-at 1_000_000 --gdb 1234 --idle realtime --all-snapshots --overwrite --json';
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
  assert.deepEqual(record, { ...live, kind: 'record', rrfile: 'a.rr', rrsnapshot: 's', allSnapshots: false });
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

const DRIVE = '--drive id=hd0,image=disk.img,format=raw';
const MISTAKES: [line: string, code: string, says: RegExp][] = [
  [
    'run --kernel a --harts 9',
    'cli-option-bad-value',
    /^Invalid value "9" for --harts: expected a number from 1 to 8\.$/,
  ],
  ['run --kernel a --harts 0', 'cli-option-bad-value', /^Invalid value "0" for --harts/],
  ['', 'cli-command-missing', /^No command was given: expected run, record, replay, info, symbols/],
  ['rewind', 'cli-command-unknown', /Unknown command "rewind": expected run/],
  ['run', 'cli-option-required', /^run needs --kernel FILE/],
  ['run --bios builtin', 'cli-option-required', /^run needs --kernel FILE, --bios FILE or --load FILE\./],
  ['run --bios none --dtb a', 'cli-option-required', /^run needs --kernel FILE/],
  ['run --kernel a --load', 'cli-option-value-missing', /^--load needs a value/],
  ['run --kernel a --load=', 'cli-option-bad-value', /^Invalid value "" for --load: expected a file name/],
  [
    'run --kernel a --load b@0xg',
    'cli-option-bad-value',
    /^Invalid value "b@0xg" for --load: expected FILE or FILE@ADDRESS/,
  ],
  ['run --kernel a --dtb b --dtb c', 'cli-option-twice', /^--dtb was given twice/],
  ['run --kernel a --dumpdtb=', 'cli-option-bad-value', /^Invalid value "" for --dumpdtb: expected a file name/],
  [`run ${'--load a.elf '.repeat(33)}`, 'cli-loads-too-many', /^--load was given 33 times; at most 32 files/],
  ['record --kernel k.elf', 'cli-option-required', /^record needs --rrfile FILE/],
  ['replay', 'cli-option-required', /^replay needs --rrfile FILE/],
  ['info', 'cli-argument-missing', /^info needs RRFILE/],
  ['info a b', 'cli-argument-unexpected', /"b"/],
  ['info a --memory 1G', 'cli-option-unknown', /^info has no option --memory\. Its options are --json\./],
  ['run k.elf', 'cli-argument-unexpected', /^Unexpected argument "k\.elf" for run\./],
  ['run --kernal k.elf', 'cli-option-unknown', /^run has no option --kernal\. Its options are --kernel, --bios/],
  ['run -k k.elf', 'cli-option-unknown', /^run has no option -k\./],
  ['run --kernel', 'cli-option-value-missing', /^--kernel needs a value/],
  ['run --kernel --json', 'cli-option-value-missing', /^--kernel needs a value/],
  ['run --kernel=', 'cli-option-bad-value', /^Invalid value "" for --kernel: expected a file name/],
  ['run --kernel a --kernel b', 'cli-option-twice', /^--kernel was given twice/],
  ['run --kernel a --json=yes', 'cli-option-value-extra', /^--json does not accept a value, but "yes" was given/],
  [
    'run --kernel a --memory 100',
    'cli-option-bad-value',
    /^Invalid value "100" for --memory: expected 16M to 2G in whole MiB/,
  ],
  ['run --kernel a --memory 8M', 'cli-option-bad-value', /^Invalid value "8M" for --memory/],
  ['run --kernel a --memory 3G', 'cli-option-bad-value', /^Invalid value "3G" for --memory/],
  ['run --kernel a --memory 1.5G', 'cli-option-bad-value', /^Invalid value "1\.5G" for --memory/],
  ['run --kernel a --memory 20000K', 'cli-option-bad-value', /^Invalid value "20000K" for --memory/],
  ['run --kernel a --memory much', 'cli-option-bad-value', /^Invalid value "much" for --memory/],
  [
    'run --kernel a --stop-at 1e6',
    'cli-option-bad-value',
    /^Invalid value "1e6" for --stop-at: expected a number of steps/,
  ],
  ['run --kernel a --stop-at=-5', 'cli-option-bad-value', /^Invalid value "-5" for --stop-at/],
  ['run --kernel a --stop-at -5', 'cli-option-value-missing', /^--stop-at needs a value/],
  ['run --kernel a --stop-at 1__0', 'cli-option-bad-value', /^Invalid value "1__0" for --stop-at/],
  [
    'run --kernel a --stop-at 9007199254740992',
    'cli-option-bad-value',
    /^Invalid value "9007199254740992" for --stop-at/,
  ],
  ['run --kernel a --gdb', 'cli-option-value-missing', /^--gdb needs a value/],
  [
    'run --kernel a --gdb 65536',
    'cli-option-bad-value',
    /^Invalid value "65536" for --gdb: expected a port from 1 to 65535/,
  ],
  ['replay --rrfile a --gdb tcp:1', 'cli-option-bad-value', /^Invalid value "tcp:1" for --gdb/],
  ['run --kernel a --gdb=-1', 'cli-option-bad-value', /^Invalid value "-1" for --gdb/],
  ['symbols', 'cli-argument-missing', /^symbols needs IMAGE/],
  ['symbols Image --json', 'cli-option-unknown', /^symbols has no option --json\. It has no options\.$/],
  ['info a --gdb 1', 'cli-option-unknown', /^info has no option --gdb\./],
  [
    'run --kernel a --idle fast',
    'cli-option-bad-value',
    /^Invalid value "fast" for --idle: expected warp .* or realtime/,
  ],
  ['replay --rrfile a --idle fast', 'cli-option-bad-value', /^Invalid value "fast" for --idle/],
  ['record --kernel a --rrfile b --rrsnapshot=', 'cli-option-bad-value', /^Invalid value "" for --rrsnapshot/],
  ['record --kernel a --rrfile b --rrsnapshot auto-5', 'cli-option-bad-value', /not starting with "auto-"/],
  [`record --kernel a --rrfile b --rrsnapshot ${'x'.repeat(256)}`, 'cli-option-bad-value', /1 to 255 bytes/],
  ['run --kernel a --drive', 'cli-option-value-missing', /^--drive needs a value/],
  ['run --kernel a --drive=', 'cli-drive-bad', /^Invalid --drive "": id is missing\. Write id=NAME/],
  ['run --kernel a --drive disk.img', 'cli-drive-bad', /unknown field "disk\.img"/],
  ['run --kernel a --drive id=hd0,image=x', 'cli-drive-bad', /: format is missing\./],
  ['run --kernel a --drive id=hd0,format=raw', 'cli-drive-bad', /: image is missing\./],
  ['run --kernel a --drive id=hd0,image=,format=raw', 'cli-drive-bad', /: image is missing\./],
  ['run --kernel a --drive id,image=x,format=raw', 'cli-drive-bad', /: id has no value/],
  ['run --kernel a --drive id=hd0,id=hd1,image=x,format=raw', 'cli-drive-bad', /: id is given twice/],
  ['run --kernel a --drive id=0,image=x,format=raw', 'cli-drive-bad', /invalid value "0" for id\. Expected a letter/],
  [
    'run --kernel a --drive id=hd0,image=x,format=vmdk',
    'cli-drive-bad',
    /invalid value "vmdk" for format\. Expected raw or qcow2/,
  ],
  [
    `run --kernel a ${DRIVE},readonly=maybe`,
    'cli-drive-bad',
    /invalid value "maybe" for readonly\. Expected on or off/,
  ],
  [`run --kernel a ${DRIVE},slot=8`, 'cli-drive-bad', /invalid value "8" for slot\. Expected a number from 0 to 7/],
  [`run --kernel a ${DRIVE},slot=`, 'cli-drive-bad', /invalid value "" for slot\. Expected a number from 0/],
  [
    `run --kernel a ${DRIVE},virtio=1.0`,
    'cli-drive-bad',
    /invalid value "1\.0" for virtio\. Expected modern or legacy/,
  ],
  [
    `run --kernel a ${DRIVE},slot=3 --drive id=hd1,image=x,format=raw,slot=3`,
    'cli-drives-share',
    /hd0 and hd1 both use the slot "3"/,
  ],
  [
    `run --kernel a --rng ${Array.from({ length: 8 }, (_, i) => `--drive id=hd${i},image=x,format=raw`).join(' ')}`,
    'cli-drives-too-many',
    /--drive was given 8 times, but the machine has only 7 free slots/,
  ],
  ['run --kernel a --rng=on', 'cli-option-value-extra', /^--rng does not accept a value/],
  ['run --kernel a --rng-seed', 'cli-option-value-missing', /^--rng-seed needs a value/],
  [
    'run --kernel a --rng-seed=',
    'cli-option-bad-value',
    /^Invalid value "" for --rng-seed: expected 64 hexadecimal digits/,
  ],
  [
    `run --kernel a --rng-seed ${SEED.slice(1)}`,
    'cli-option-bad-value',
    /expected 64 hexadecimal digits .* or none\.$/,
  ],
  [
    `run --kernel a --rng-seed ${SEED}0`,
    'cli-option-bad-value',
    /^Invalid value .* for --rng-seed: expected 64 hexadecimal digits/,
  ],
  [`replay --rrfile a --rng-seed ${SEED.replace('0', 'g')}`, 'cli-option-bad-value', /^Invalid value "g123/],
  ['run --kernel a --no-reboot=yes', 'cli-option-value-extra', /^--no-reboot does not accept a value/],
  ['run --kernel a --semihosting=on', 'cli-option-value-extra', /^--semihosting does not accept a value/],
  [`run --kernel a ${DRIVE},overlay=`, 'cli-drive-bad', /the name of the overlay is empty/],
  [`run --kernel a ${DRIVE},overlay=o,readonly`, 'cli-drive-bad', /a read-only drive cannot have an overlay/],
  [`run --kernel a ${DRIVE},overlay=disk.img`, 'cli-drive-bad', /image and overlay are the same file/],
  [`run --kernel a ${DRIVE} ${DRIVE}`, 'cli-drive-twice', /Two --drive options have the id "hd0"/],
  [
    `run --kernel a ${DRIVE},overlay=o --drive id=hd1,image=x,format=raw,overlay=o`,
    'cli-drives-share',
    /hd0 and hd1 both use the file "o"/,
  ],
  [
    `run --kernel a ${DRIVE} --drive id=hd1,image=x,format=raw,overlay=disk.img`,
    'cli-drives-share',
    /hd0 and hd1 both use the file "disk\.img"/,
  ],
  [
    `run --kernel a ${Array.from({ length: 9 }, (_, i) => `--drive id=hd${i},image=x,format=raw`).join(' ')}`,
    'cli-drives-too-many',
    /--drive was given 9 times, but the machine has only 8 free slots/,
  ],
];

for (const [line, code, says] of MISTAKES) {
  test(`mistake: ${line.slice(0, 90) || '(nothing)'}`, () => {
    assert.throws(
      () => parseCommandLine(words(line)),
      (error) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.kind, 'badInput');
        assert.equal(error.code, code, error.message);
        assert.match(error.message, says);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      },
    );
  });
}

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

for (const [line, parsed] of [
  [
    'overlay create o.qcow2 --base b.img --format raw',
    {
      kind: 'overlay create',
      overlay: 'o.qcow2',
      base: { path: 'b.img', format: 'raw' },
      overwrite: false,
      json: false,
    },
  ],
  ['overlay map o.qcow2 --json', { kind: 'overlay map', overlay: 'o.qcow2', json: true }],
  ['overlay check --repair o.qcow2', { kind: 'overlay check', overlay: 'o.qcow2', repair: true, json: false }],
  ['overlay commit o.qcow2 --yes', { kind: 'overlay commit', overlay: 'o.qcow2', confirmed: true, json: false }],
  [
    'snapshot rename a.rr one two',
    { kind: 'snapshot rename', file: 'a.rr', name: 'one', newName: 'two', confirmed: false, json: false },
  ],
  [
    'dump a.rr --from 1_000 --kind end,digest',
    { kind: 'dump', rrfile: 'a.rr', from: 1000, to: Infinity, kinds: ['end', 'digest'], driveId: null, json: false },
  ],
  [
    'unpack p --into d --base hd0=a=b --base hd1=c',
    {
      ...{ kind: 'unpack', pack: 'p', folder: 'd', overwrite: false, json: false },
      bases: new Map([
        ['hd0', 'a=b'],
        ['hd1', 'c'],
      ]),
    },
  ],
] as const) {
  test(`blkreplay ${line}`, () => assert.deepEqual(parseCommandLine(words(line)), parsed));
}

for (const [line, says] of [
  ['overlay', /^overlay needs a subcommand: expected create, info/],
  ['overlay grow o.qcow2', /^Unknown command "overlay grow": expected overlay create/],
  ['overlay create o.qcow2 --base b.img', /^overlay create needs --format raw\|qcow2/],
  ['overlay create o.qcow2 --base b.img --format vmdk', /^Invalid value "vmdk" for --format: expected raw or qcow2/],
  ['overlay info', /^overlay info needs OVERLAY\. Usage: blkreplay overlay info OVERLAY/],
  ['overlay info a b', /^Unexpected argument "b" for overlay info\./],
  ['overlay map o.qcow2 --yes', /^overlay map has no option --yes\./],
  ['snapshot rename a.rr one', /^snapshot rename needs NEWNAME\. Usage: blkreplay snapshot rename FILE NAME NEWNAME/],
  ['pack a.rr', /^pack needs --into FILE/],
  ['unpack p --into d --base hd0', /^Invalid value "hd0" for --base: expected DRIVE=FILE/],
  ['unpack p --into d --base hd0=a --base hd0=b', /^--base hd0= was given twice/],
] as const) {
  test(`mistake: ${line}`, () => {
    assert.throws(
      () => parseCommandLine(words(line)),
      (error) => error instanceof Error && says.test(error.message),
    );
  });
}
