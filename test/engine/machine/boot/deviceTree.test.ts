/** The generated device tree matches QEMU's for the hardware that both machines have, and dtc accepts it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  buildDeviceTree,
  deviceTreeAddress,
  type DeviceTreeOptions,
} from '../../../../debug-adapter/engine/machine/boot/deviceTree.ts';
import { LEGACY_ISA, ISA } from '../../../../debug-adapter/engine/machine/cpu/extensions.ts';
import { cells64, writeFdt } from '../../../../debug-adapter/engine/machine/boot/fdt.ts';

const MIB = 1024 * 1024;
const missing = (tool: string) => (spawnSync(tool, ['--version']).error ? `${tool} is not installed` : false);

/** The text that dtc prints for a device tree; dtc also checks the format. */
function decompile(blob: Uint8Array): string {
  const { stdout, status, stderr } = spawnSync('dtc', ['-q', '-I', 'dtb', '-O', 'dts', '-'], { input: blob });
  assert.equal(status, 0, String(stderr));
  return String(stdout);
}

/** A node in the DTS source of a device tree: its property lines and its child nodes. */
type Tree = { [line: string]: Tree | true };

function parse(dts: string): Tree {
  const root: Tree = {};
  const path: Tree[] = [root];
  for (const line of dts.split('\n').map((text) => text.trim())) {
    if (line.endsWith('{')) path.push((path.at(-1)![line.slice(0, -2)] = {}));
    else if (line === '};') path.pop();
    else if (line.endsWith(';')) path.at(-1)![line] = true;
  }
  return root;
}

test('the device tree writer produces version 17 trees and stores each string once', () => {
  const blob = writeFdt({
    name: '',
    properties: { a: [1], b: 'x' },
    children: [{ name: 'n@1', properties: { a: true } }],
  });
  const word = (offset: number) => new DataView(blob.buffer).getUint32(offset);
  assert.deepEqual([word(0), word(4), word(20), word(24)], [0xd00dfeed, blob.length, 17, 16]);
  assert.deepEqual(blob.subarray(word(12)), new TextEncoder().encode('a\0b\0'));
  assert.deepEqual(cells64(0x1_8000_0000), [1, 0x8000_0000]);
});

test('dtc can read the generated tree', { skip: missing('dtc') }, () => {
  const dts = decompile(
    buildDeviceTree({
      memoryBytes: 5 * 1024 * MIB,
      bootargs: 'root=/dev/vda',
      initrd: { start: 0x8400_0000, end: 0x8400_1388 },
      reserved: { start: 0x8000_0000, lengthBytes: 0x4_0000 },
    }),
  );
  for (const line of [
    'firmware@80000000 {',
    'reg = <0x00 0x80000000 0x00 0x40000>;',
    'no-map;',
    'reg = <0x00 0x80000000 0x01 0x40000000>;',
    'bootargs = "root=/dev/vda";',
    'linux,initrd-start = <0x84000000>;',
    'linux,initrd-end = <0x84001388>;',
    'stdout-path = "/soc/serial@10000000";',
    `riscv,isa = "${ISA}";`,
    'interrupts-extended = <0x02 0x0b 0x02 0x09>;',
  ]) {
    assert(dts.includes(line), line);
  }
});

test('a machine from an old recording has the device tree of its format version', { skip: missing('dtc') }, () => {
  const dts = decompile(buildDeviceTree({ memoryBytes: 128 * MIB, isa: LEGACY_ISA }));
  assert(dts.includes('riscv,isa = "rv64imafdc_zicsr_zifencei_zba_zbb_zbs_sstc_svinval";'));
  assert(!dts.includes('riscv,isa-base'));
});

test("the instruction set is written in QEMU 10's format", { skip: missing('dtc') }, () => {
  const dts = decompile(buildDeviceTree({ memoryBytes: 128 * MIB }));
  const [, listed] = /riscv,isa-extensions = (.*);/.exec(dts)!;
  // dtc prints a list of strings either as one string with NULs or as separate strings.
  const extensions = listed.split(/\\0|", "/).map((name) => name.replaceAll('"', ''));
  assert.deepEqual(extensions.slice(0, 6), ['i', 'm', 'a', 'f', 'd', 'c']);
  assert.equal(ISA, ['rv64imafdc', ...extensions.slice(6)].join('_'));
  assert(dts.includes('riscv,isa-base = "rv64i";'));
  const positions = extensions.slice(6).map((name) => QEMU_10_ORDER.indexOf(name));
  assert(!positions.includes(-1));
  assert.deepEqual(
    positions,
    [...positions].sort((a, b) => a - b),
  );
});

/** The multi-letter extensions in the `riscv,isa` property of QEMU 10.0 with `-cpu max` (from `-M virt,dumpdtb=`). */
const QEMU_10_ORDER = (
  'zic64b zicbom zicbop zicboz ziccamoa ziccif zicclsm ziccrse zicfilp zicfiss zicond zicntr zicsr zifencei zihintntl ' +
  'zihintpause zihpm zimop zmmul za64rs zaamo zabha zacas zama16b zalrsc zawrs zfa zfbfmin zfh zfhmin zca zcb zcd zcmop ' +
  'zba zbb zbc zbkb zbkc zbkx zbs zk zkn zknd zkne zknh zkr zks zksed zksh zkt ztso zvbb zvbc zve32f zve32x zve64f zve64d ' +
  'zve64x zvfbfmin zvfbfwma zvfh zvfhmin zvkb zvkg zvkn zvknc zvkned zvkng zvknha zvknhb zvks zvksc zvksed zvksg zvksh zvkt ' +
  'shcounterenw sha shgatpa shtvala shvsatpa shvstvala shvstvecd smaia smcdeleg smcntrpmf smcsrind smepmp smmpm smnpm ' +
  'smstateen ssaia ssccfg ssccptr sscofpmf sscounterenw sscsrind ssdbltrp ssnpm sspm ssstateen sstc sstvala sstvecd ssu64xl ' +
  'supm smctr ssctr svadu svinval svnapot svpbmt svvptc'
).split(' ');

const skipComparison = missing('dtc') || missing('qemu-system-riscv64');

/** Nodes that exist only in QEMU, and properties whose values differ between QEMU's harts and blkreplay's. */
const NODES_LEFT_OUT = /^(pmu|fw-cfg@|flash@|platform-bus@|pci@)/;
const LINES_THAT_DIFFER = /^(riscv,isa|riscv,isa-base|riscv,isa-extensions|riscv,cbo[mpz]-block-size|mmu-type) =/;

/** Hides the eight cells of the random seed. */
const withoutSeed = (dts: string): string =>
  dts.replace(/(rng-seed = )<0x[0-9a-f]+( 0x[0-9a-f]+){7}>/, '$1eight cells');

function withoutDifferences(tree: Tree): Tree {
  const kept = Object.entries(tree).filter(([line]) => !NODES_LEFT_OUT.test(line) && !LINES_THAT_DIFFER.test(line));
  return Object.fromEntries(kept.map(([line, value]) => [line, value === true ? true : withoutDifferences(value)]));
}

function treeOfQemu(args: string[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'blkreplay-dtb-'));
  try {
    const file = join(folder, 'virt.dtb');
    const result = spawnSync('qemu-system-riscv64', ['-M', `virt,dumpdtb=${file}`, '-bios', 'none', ...args]);
    assert.equal(result.status, 0, String(result.stderr));
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const cases: [string[], DeviceTreeOptions][] = [
  [['-m', '128M'], { memoryBytes: 128 * MIB }],
  [
    ['-m', '2G', '-kernel', 'test/guests/demo/demo.elf', '-append', 'root=/dev/vda ro'],
    { memoryBytes: 2048 * MIB, bootargs: 'root=/dev/vda ro' },
  ],
  ...[1, 2, 4, 8].map((harts): [string[], DeviceTreeOptions] => [
    ['-smp', String(harts)],
    { memoryBytes: 128 * MIB, harts },
  ]),
  [['-m', '5G', '-smp', '3'], { memoryBytes: 5120 * MIB, harts: 3 }],
];
for (const [args, options] of cases) {
  test(
    `for the hardware that both machines have, the nodes match QEMU's and have the same order (${args.join(' ')})`,
    { skip: skipComparison },
    () => {
      const theirs = withoutDifferences(parse(withoutSeed(decompile(treeOfQemu(args)))));
      const rngSeed = Uint8Array.from({ length: 32 }, (_, i) => 0x11 * (i % 16));
      const ours = withoutDifferences(parse(withoutSeed(decompile(buildDeviceTree({ ...options, rngSeed })))));
      assert.match(JSON.stringify(ours), /rng-seed = eight cells/);
      assert.equal(JSON.stringify(ours, null, 1), JSON.stringify(theirs, null, 1));
    },
  );
}

test('the tree is loaded at the address that QEMU 7.2 chooses', () => {
  // The values of a1 after QEMU's reset vector has run, with -bios none.
  const seen: [number, number][] = [
    [4, 0x8020_0000],
    [16, 0x80e0_0000],
    [100, 0x8620_0000],
    [127, 0x87e0_0000],
    [128, 0x87e0_0000],
    [129, 0x8800_0000],
    [130, 0x8800_0000],
    [1024, 0xbfe0_0000],
    [4096, 0xbfe0_0000],
  ];
  for (const [memory, address] of seen) {
    assert.equal(deviceTreeAddress({ memoryBytes: memory * MIB, sizeBytes: 4222 }), address, `${memory}M`);
  }
});

test('a machine with too little RAM for the kernel and the tree is rejected', () => {
  assert.throws(
    () => deviceTreeAddress({ memoryBytes: 2 * MIB, sizeBytes: 4222 }),
    /do not fit .* Use a smaller device tree/,
  );
});
