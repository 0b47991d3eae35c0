/** Boot arguments, initrd and reservations are added to a user's device tree, which is otherwise unchanged. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { UserError } from '../../../../debug-adapter/messages/userError.ts';
import { writeFdt } from '../../../../debug-adapter/engine/machine/boot/fdt.ts';
import { EditableFdt } from '../../../../debug-adapter/engine/machine/boot/fdtEdit.ts';
import { userDeviceTree } from '../../../../debug-adapter/engine/machine/boot/userDeviceTree.ts';
import { withSeeds } from '../../../support/seededRandom.ts';

const skip = spawnSync('dtc', ['--version']).error ? 'dtc is not installed' : false;

/** The text that dtc prints for the tree. */
function decompiled(blob: Uint8Array): string {
  const { stdout, status, stderr } = spawnSync('dtc', ['-q', '-I', 'dtb', '-O', 'dts', '-'], { input: blob });
  assert.equal(status, 0, String(stderr));
  return String(stdout);
}

function compiled(dts: string, ...options: string[]): Uint8Array {
  const { stdout, status, stderr } = spawnSync('dtc', ['-q', '-I', 'dts', '-O', 'dtb', ...options, '-'], {
    input: dts,
  });
  assert.equal(status, 0, String(stderr));
  return stdout;
}

const MINE = `/dts-v1/;
/memreserve/ 0x81000000 0x1000;
/ {
  model = "mine";
  soc { chosen { bootargs = "not this one"; }; };
  chosen { bootargs = "old"; stdout-path = "/soc/serial"; };
  memory@80000000 { reg = <0 0x80000000 0 0x8000000>; };
};`;

test('boot arguments and initrd are added to /chosen, and all other properties stay the same', { skip }, () => {
  const tree = userDeviceTree(
    { name: 't.dtb', bytes: compiled(MINE, '-b', '3') },
    { bootargs: 'console=ttyS0 longer than before', initrd: { start: 0x8400_0000, end: 0x8400_1388 } },
  );
  const expected = MINE.replace(
    '{ bootargs = "old";',
    '{ linux,initrd-end = <0x84001388>; linux,initrd-start = <0x84000000>; bootargs = "console=ttyS0 longer than before";',
  );
  assert.equal(decompiled(tree), decompiled(compiled(expected)));
  assert.equal(new DataView(tree.buffer).getUint32(28), 3, 'the boot hart');
});

test('without changes the tree stays the same, regardless of the bytes that follow it in the file', { skip }, () => {
  const bytes = compiled(MINE);
  const file = { name: 't.dtb', bytes: Uint8Array.from([...bytes, ...new Uint8Array(500).fill(7)]) };
  assert.deepEqual(userDeviceTree(file, {}), Uint8Array.from(bytes));
  assert.equal(decompiled(userDeviceTree({ ...file, bytes: compiled(MINE, '-S', '9000') }, {})), decompiled(bytes));
});

test('if a tree has no /chosen node, one is added', { skip }, () => {
  const bytes = compiled('/dts-v1/; / { model = "x"; soc { }; };');
  const expected = compiled('/dts-v1/; / { model = "x"; chosen { bootargs = "a"; }; soc { }; };');
  assert.equal(decompiled(userDeviceTree({ name: 't', bytes }, { bootargs: 'a' })), decompiled(expected));
  const empty = compiled('/dts-v1/; / { };');
  assert.match(
    decompiled(userDeviceTree({ name: 't', bytes: empty }, { bootargs: 'a' })),
    /chosen \{\s+bootargs = "a"/,
  );
});

test("the built-in firmware's memory is reserved in addition to the tree's reservations", { skip }, () => {
  const reserved = { start: 0x8000_0000, lengthBytes: 0x4_0000 };
  const dts = decompiled(userDeviceTree({ name: 't', bytes: compiled(MINE) }, { reserved }));
  assert.match(dts, /memreserve\/\s+0x0*80000000 0x0*40000;\s+\/memreserve\/\s+0x0*81000000 0x0*1000;/);
});

const SMALL = writeFdt({ name: '', properties: { a: [1] }, children: [{ name: 'chosen', properties: { b: 'x' } }] });

function changed(change: (view: DataView) => void): Uint8Array {
  const bytes = SMALL.slice();
  change(new DataView(bytes.buffer));
  return bytes;
}

for (const [what, bytes, says] of [
  ['an empty file', new Uint8Array(0), /shorter than its header/],
  ['text', new TextEncoder().encode(MINE), /does not begin with the magic number 0xd00dfeed/],
  ['a truncated file', SMALL.subarray(0, SMALL.length - 1), /it is truncated/],
  ['version 3', changed((view) => view.setUint32(20, 3)), /version 3, but blkreplay reads version 17/],
  ['strings outside the file', changed((view) => view.setUint32(12, 0xffff_fff0)), /its header is damaged/],
  ['reservations without an end', changed((view) => view.setUint32(16, SMALL.length - 8)), /its header is damaged/],
  ['an unknown token', changed((view) => view.setUint32(56, 7)), /its structure block is damaged/],
  ['a property without a name', changed((view) => view.setUint32(56 + 16, 5000)), /a property has no name/],
  [
    'a property longer than the file',
    changed((view) => view.setUint32(56 + 12, 5000)),
    /its structure block is damaged/,
  ],
  ['no end token', changed((view) => view.setUint32(36, 24)), /its structure block has no FDT_END token/],
  ['a node without an end', changed((view) => view.setUint32(SMALL.length - 4 - 12, 4)), /a node is not closed/],
] as const) {
  test(`rejected: ${what}`, () => {
    assert.throws(
      () => new EditableFdt(bytes, 'bad.dtb'),
      (error) =>
        error instanceof UserError &&
        says.test(error.message) &&
        /^bad\.dtb is not a valid device tree: .*\. Use a \.dtb file/.test(error.message),
    );
  });
}

test('random damage never causes an error other than a UserError', () => {
  withSeeds(500, (random) => {
    const bytes = SMALL.slice();
    for (let i = 0; i <= random.below(4); i++) bytes[random.below(bytes.length)] = random.pick([0, 1, 4, 255]);
    try {
      userDeviceTree({ name: 'fuzz', bytes }, { bootargs: 'x', initrd: { start: 1, end: 2 } });
    } catch (error) {
      assert(error instanceof UserError, String(error));
    }
  });
});
