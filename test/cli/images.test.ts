/** The options for boot images work like QEMU's, and a replay needs none of the image files.
 *
 * The tests compare QEMU's `-kernel`, `-bios`, `-device loader` and `-dtb` with our options, for the kinds of images
 * that users have.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { minimalElf } from '../engine/machine/cpu/minimalElf.ts';
import { RNG_SEED, Sandbox } from '../support/cli.ts';
import { probe } from '../support/probe.ts';
import { consoleOf, type Typed } from '../support/qemu.ts';
import { requireTool, runTool } from '../support/tools.ts';
import { intelHex, uImage } from '../support/wrappedImages.ts';
import { zbootImage } from '../support/zboot.ts';
import { longTest, some } from '../support/extent.ts';

const QEMU = 'qemu-system-riscv64';
const OPENSBI = '/usr/lib/riscv64-linux-gnu/opensbi/generic';
const U_BOOT = '/usr/lib/u-boot';
const DATA_AT = 0x8400_0000;
/** Far more steps than any guest needs, so that a run ends even if its guest hangs. */
const BOUNDED = ['--stop-at', '2_000_000_000', '--json'];

/**
 * A sandbox with the files for the tests below. `high.elf` is loaded above the firmware; its code can run at any
 * address.
 */
function placeWithImages(t: TestContext): Sandbox {
  const sandbox = new Sandbox(t);
  const code = probe([DATA_AT, DATA_AT + 0x1000]);
  sandbox.write('x.bin', code);
  sandbox.write('me@home.bin', code);
  sandbox.write('x@0x80000000', code);
  sandbox.write('x.elf', minimalElf(code, 0x8000_0000n));
  sandbox.write('high.elf', minimalElf(code, 0x8020_0000n));
  sandbox.write('x.uimage', uImage(code, { loadAddress: 0x8020_0000 }));
  sandbox.write('gz.uimage', uImage(gzipSync(code), { loadAddress: 0x8000_0000, compression: 1 }));
  sandbox.write('data.hex', intelHex(DATA_AT, Buffer.from('data of the user')));
  sandbox.write('data', 'data of the user');
  sandbox.write('data.elf', minimalElf(Buffer.from('more data'), BigInt(DATA_AT + 0x1000)));
  return sandbox;
}

const at = (address: number, ...words: string[]): string =>
  [address.toString(16), ...words].map((word) => word.padStart(16, '0') + ' ').join('') + '\n';
const word = (text: string): string => Buffer.from(text, 'latin1').readUInt32LE().toString(16);
const [NOTHING, DATA, MORE] = ['0', word('data'), word('more')];
const LOW = at(0x8000_0000, NOTHING, NOTHING);
const HIGH = at(0x8020_0000, NOTHING, NOTHING);

/** QEMU's options, ours, and the last line that the guest prints under both. */
const SAME: readonly [qemu: string, ours: string, line: string][] = [
  ['-bios none -kernel x.bin', '--kernel x.bin', LOW],
  ['-bios none -kernel x.bin', '--bios none --kernel x.bin', LOW],
  ['-bios none -kernel x.bin', '--kernel me@home.bin', LOW],
  ['-bios none -kernel x.bin', '--kernel x@@0x80000000', LOW],
  ['-bios none -kernel x.bin', '--kernel x@0x80000000@0x80000000', LOW],
  ['-bios none -device loader,file=x.bin,addr=0x80000000', '--kernel x.bin@0x80000000', LOW],
  ['-bios none -device loader,file=x.bin,addr=2147483648', '--load x.bin@2147483648', LOW],
  ['-bios x.bin', '--bios x.bin', LOW],
  ['-bios x.elf', '--bios x.elf', LOW],
  ['-kernel x.bin', '--bios builtin --kernel x.bin', HIGH],
  ['-kernel x.bin', '--kernel x.bin@0x80200000', HIGH],
  ['-kernel high.elf', '--kernel high.elf', HIGH],
  [
    '-bios none -kernel x.elf -device loader,file=data,addr=0x84000000 -device loader,file=data.elf',
    '--kernel x.elf --load data@0x84000000 --load data.elf',
    at(0x8000_0000, DATA, MORE),
  ],
  [
    '-bios none -kernel x.bin -device loader,file=data,addr=0x84000ffd -device loader,file=data,addr=0x84000001',
    '--kernel x.bin --load data@0x84000ffd --load data@0x84000001',
    at(0x8000_0000, word('\0dat'), word('a of')),
  ],
  ['-kernel x.uimage', '--kernel x.uimage', HIGH],
  ['-bios none -kernel gz.uimage', '--kernel gz.uimage', LOW],
  ['-bios none -device loader,file=gz.uimage', '--load gz.uimage', LOW],
  [
    '-bios none -kernel x.bin -device loader,file=data.hex',
    '--kernel x.bin --load data.hex',
    at(0x8000_0000, DATA, NOTHING),
  ],
  [
    '-bios none -kernel x.bin -device loader,file=data.elf,addr=0x84000000',
    '--kernel x.bin --load data.elf@0x84000000',
    at(0x8000_0000, NOTHING, MORE),
  ],
];

suite('images load as in QEMU', { concurrency: 2 }, () => {
  for (const [theirs, ours, line] of some(SAME, 1)) {
    test(`${ours} loads the same images as QEMU's ${theirs}`, async (t) => {
      const sandbox = placeWithImages(t);
      const session = await sandbox.cli(['run', ...ours.split(' '), ...BOUNDED]);
      session.ended(0, 'powerOff');
      assert.equal(lastLine(session.console), line);
      if (requireTool(QEMU, t)) assert.equal(lastLine(await underQemu(sandbox, theirs.split(' '))), line);
    });
  }

  for (const name of some(['fw_jump.bin', 'fw_jump.elf', 'fw_dynamic.elf'], 0)) {
    test(`OpenSBI's ${name} is loaded and starts a program`, async (t) => {
      if (!requireFile(`${OPENSBI}/${name}`, t)) return;
      const sandbox = placeWithImages(t);
      const kernel = name.startsWith('fw_jump') ? '--load x.bin@0x80200000' : '--kernel x.bin';
      const session = await sandbox.cli(['run', '--bios', `${OPENSBI}/${name}`, ...kernel.split(' '), ...BOUNDED]);
      session.ended(0, 'powerOff');
      assert.equal(lastLine(session.console), HIGH);
    });
  }

  longTest('an unnecessary load address for an ELF file is reported', async (t) => {
    const sandbox = placeWithImages(t);
    const { status, stderr } = await sandbox.cli(['run', '--kernel', 'x.bin', '--load', 'data.elf@0x84000000']);
    assert.equal(status, 0);
    assert.match(
      stderr,
      /^blkreplay: The address given for data\.elf is ignored: the file contains its load address\. Leave out the address; only raw/,
    );
  });

  longTest('a compressed kernel, with or without an EFI zboot wrapper, runs like the uncompressed one', async (t) => {
    const sandbox = placeWithImages(t);
    const packed = gzipSync(sandbox.read('x.bin'));
    sandbox.write('x.gz', packed);
    sandbox.write('x.efi', zbootImage('gzip', packed));
    for (const kernel of ['x.gz', 'x.efi', 'x.gz@0x80000000']) {
      const session = await sandbox.cli(['run', '--kernel', kernel, ...BOUNDED]);
      session.ended(0, 'powerOff');
      assert.equal(session.console, LOW);
    }
  });
});

test('Debian’s Linux boots from a gzip file and from a zboot image as it does from the uncompressed image', async (t) => {
  const folder = process.env.BLKREPLAY_LINUX_GUEST;
  if (folder === undefined) return t.skip('BLKREPLAY_LINUX_GUEST names no folder with a Linux guest');
  const sandbox = new Sandbox(t);
  const image = fs.readFileSync(path.join(folder, 'Image'));
  sandbox.write('Image', image);
  sandbox.write('Image.gz', gzipSync(image, { level: 1 }));
  sandbox.write('vmlinuz.efi', zbootImage('gzip', sandbox.read('Image.gz')));
  const digests: string[] = [];
  for (const kernel of ['Image', 'Image.gz', 'vmlinuz.efi']) {
    const options = ['--kernel', kernel, '--rng-seed', RNG_SEED, '--stop-at', '20_000_000', '--json'];
    const session = await sandbox.cli(['run', ...options]);
    digests.push(session.ended(0, 'stopAt').digest);
  }
  assert.deepEqual(digests, Array(3).fill(digests[0]));
});

suite('U-Boot', { concurrency: 2, timeout: 600_000 }, () => {
  // None of these commands polls for Ctrl-C, because polling would consume input that is typed ahead.
  const typed = '\nversion\necho $arch $board\nfdt addr $fdtcontroladdr\nfdt get value m / model\necho $m\npoweroff\n';

  for (const file of some(['qemu-riscv64/u-boot.bin', 'qemu-riscv64/uboot.elf', 'qemu-riscv64_smode/u-boot.bin'], 0)) {
    test(`${file} reaches its prompt and responds as under QEMU; the replay needs no files`, async (t) => {
      if (!requireFile(`${U_BOOT}/${file}`, t) || !requireTool(QEMU, t)) return;
      const sandbox = new Sandbox(t);
      sandbox.write('u-boot', fs.readFileSync(`${U_BOOT}/${file}`));
      sandbox.write('typed', typed);
      const isFirmware = !file.includes('smode');
      const options = isFirmware ? ['--bios', 'u-boot'] : ['--kernel', 'u-boot@0x80200000'];
      const recorded = await sandbox.cli(['record', ...options, '--rrfile', 'a.rr', '--stdin', 'typed', ...BOUNDED]);
      const { position, digest } = recorded.ended(0, 'powerOff');
      const theirs = await underQemu(sandbox, [isFirmware ? '-bios' : '-kernel', 'u-boot'], {
        after: 'stop autoboot',
        text: typed,
      });
      assert.deepEqual(answers(recorded.console), answers(theirs));
      assert.match(recorded.console, /=> echo \$m\s+riscv-virtio,qemu\s/);
      fs.rmSync(sandbox.path('u-boot'));
      const replayed = await sandbox.cli(['replay', '--rrfile', 'a.rr', '--json']);
      assert.deepEqual(replayed.ended(0, 'powerOff').digest, digest);
      assert.deepEqual([replayed.summary.position, replayed.console], [position, recorded.console]);
    });
  }
});

longTest('a recording contains every loaded file, with its address', async (t) => {
  const sandbox = placeWithImages(t);
  const [tree] = [sandbox.write('t.dtb', await deviceTree(sandbox))];
  const options = ['--kernel', 'x.bin@0x80000000', '--load', `data@0x${DATA_AT.toString(16)}`, '--load', 'data.elf'];
  const files = [...options, '--dtb', tree, '--rrfile', 'a.rr', '--json'];
  const { digest } = (await sandbox.cli(['record', ...files])).ended(0, 'powerOff');
  const info = (await sandbox.cli(['info', 'a.rr'])).console;
  assert.match(info, /^ {2}kernel {5}x\.bin \(\d+ bytes at 0x80000000, in the recording\)$/m);
  assert.match(info, /^ {2}load {7}data \(16 bytes at 0x84000000, in the recording\)$/m);
  assert.match(info, /^ {2}load {7}data\.elf \(\d+ bytes, in the recording\)$/m);
  assert.match(info, /^ {2}dtb {8}t\.dtb \(\d+ bytes, in the recording\)$/m);
  for (const name of ['x.bin', 'data', 'data.elf', 't.dtb']) fs.rmSync(sandbox.path(name));
  assert.equal((await sandbox.cli(['replay', '--rrfile', 'a.rr', '--json'])).ended(0, 'powerOff').digest, digest);
  assert.equal((await sandbox.cli(['replay', ...files])).ended(0, 'powerOff').digest, digest);
  await sandbox.cli(['pack', 'a.rr', '--into', 'a.pack']);
  assert.match(
    (await sandbox.cli(['unpack', 'a.pack', '--into', 'there'])).console,
    /replay --rrfile there.recording\.rr/,
  );
  assert.equal(
    (await sandbox.cli(['replay', '--rrfile', 'there/recording.rr', '--json'])).ended(0, 'powerOff').digest,
    digest,
  );
});

test('--dumpdtb writes a machine’s or a recording’s device tree to a new file without starting the machine', async (t) => {
  const sandbox = placeWithImages(t);
  const machine = [
    '--kernel',
    'x.bin',
    '--harts',
    '2',
    '--memory',
    '256M',
    '--append',
    'console=ttyS0',
    '--rng-seed',
    RNG_SEED,
  ];
  const dump = await sandbox.cli(['run', ...machine, '--dumpdtb', 'new/one.dtb']);
  assert.deepEqual([dump.status, dump.console, dump.stderr], [0, '', 'Wrote the device tree to new/one.dtb.\n']);
  await sandbox.cli(['record', ...machine, '--rrfile', 'a.rr', '--json']);
  (await sandbox.cli(['replay', '--rrfile', 'a.rr', '--dumpdtb', 'two.dtb', '--json'])).ended(0, 'dumpdtb');
  assert.deepEqual(sandbox.read('two.dtb'), sandbox.read('new/one.dtb'));
  assert.equal(sandbox.read('two.dtb').readUInt32BE(), 0xd00dfeed);
  for (const more of [[], ['--overwrite']]) {
    const again = await sandbox.cli(['run', '--dumpdtb', 'data', ...more, '--json']);
    assert.match(again.refused(2).message, /^data already exists\. Choose another name for the device tree, or delete/);
  }
  assert.equal(sandbox.read('data').toString(), 'data of the user');
});

longTest('a device tree supplied by the user is edited as in QEMU', async (t) => {
  if (!requireTool(QEMU, t) || !requireTool('dtc', t)) return;
  const sandbox = placeWithImages(t);
  const dts = `/dts-v1/;
    /memreserve/ 0x81000000 0x1000;
    / { model = "mine"; #address-cells = <2>; soc { chosen { }; }; chosen { a; bootargs = "old"; z = <1>; }; };`;
  sandbox.write('t.dts', dts);
  runTool('dtc', ['-q', '-I', 'dts', '-O', 'dtb', '-o', sandbox.path('t.dtb'), sandbox.path('t.dts')]);
  const options = ['-kernel', 'x.bin', '-initrd', 'data', '-append', 'hello world', '-dtb', 't.dtb'];
  await underQemu(sandbox, ['-M', 'virt,dumpdtb=theirs.dtb', '-bios', 'none', ...options]);
  await sandbox.cli(['run', ...options.map((word) => word.replace(/^-/, '--')), '--dumpdtb', 'ours.dtb']);
  const shown = (file: string) => runTool('dtc', ['-q', '-I', 'dtb', '-O', 'dts', sandbox.path(file)]);
  const withoutSeed = (text: string) => text.replace(/(rng-seed = )<[^>]*>/, '$1eight cells');
  assert.equal(withoutSeed(shown('ours.dtb')), withoutSeed(shown('theirs.dtb')));
  assert.match(shown('ours.dtb'), /bootargs = "hello world"/);
});

const OTHER_MACHINES = [
  ['another kernel address', '--kernel x.bin@0x80000004', /kernel address: recorded 0x80000000, given 0x80000004/],
  [
    'another address',
    '--load data@0x84000004 --load data.elf',
    /address of data: recorded 0x84000000, given 0x84000004/,
  ],
  ['fewer files', '--load data@0x84000000', /files to load: recorded 2, given 1/],
  [
    'an address for an ELF file',
    '--load data@0x84000000 --load data.elf@1',
    /address of data\.elf: recorded none, given 0x1/,
  ],
] as const;

for (const [what, options, says] of some(OTHER_MACHINES, 1)) {
  test(`a replay with ${what} is rejected as a different machine`, async (t) => {
    const sandbox = placeWithImages(t);
    const recorded = '--kernel x.bin@0x80000000 --load data@0x84000000 --load data.elf --rrfile a.rr --json';
    (await sandbox.cli(['record', ...recorded.split(' ')])).ended(0, 'powerOff');
    const replayed = await sandbox.cli(['replay', '--rrfile', 'a.rr', ...options.split(' '), '--json']);
    assert.match(replayed.refused(2).message, says);
  });
}

longTest('a replay reports which of the given files differ from the recorded ones', async (t) => {
  const sandbox = placeWithImages(t);
  const options = '--kernel x.bin --load data@0x84000000 --load data.elf --rrfile a.rr'.split(' ');
  await sandbox.cli(['record', ...options]);
  sandbox.write('data.elf', 'other');
  const { stderr, status } = await sandbox.cli(['replay', ...options]);
  assert.equal(status, 0);
  assert.match(stderr, /^blkreplay: data\.elf differs from the recorded file\. The replay uses the recorded/);
  assert.doesNotMatch(stderr, /data differs|x\.bin differs/);
});

async function deviceTree(sandbox: Sandbox): Promise<Uint8Array> {
  await sandbox.cli(['run', '--dumpdtb', 'dumped.dtb']);
  return sandbox.read('dumped.dtb');
}

const lastLine = (console: string): string => console.replaceAll('\r', '').split('\n').slice(-2).join('\n');

/** U-Boot's output without the parts that differ between the boards: CPU, number of devices, flash, network. */
function answers(console: string): string[] {
  const lines = console
    .replaceAll('\r', '')
    .split('\n')
    .map((line) => line.trimEnd());
  const start = lines.findIndex((line) => line.startsWith('U-Boot 20'));
  return lines
    .slice(start)
    .filter((line) => line !== '' && !/^(CPU|Core|Flash|Net): |^Hit any key|^Working FDT/.test(line));
}

function requireFile(file: string, t: TestContext): boolean {
  if (fs.existsSync(file)) return true;
  if (process.env.CI) throw new Error(`${file} is missing: CI must have it`);
  t.skip(`${file} is not installed`);
  return false;
}

/** Everything that a guest printed until it powered off. */
function underQemu(sandbox: Sandbox, options: readonly string[], typed?: Typed): Promise<string> {
  const machine = '-M virt -m 128M -display none -monitor none -net none -serial stdio'.split(' ');
  return consoleOf(sandbox, [QEMU, ...machine, ...options], typed);
}
