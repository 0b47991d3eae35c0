/** A machine has exactly the extensions of its instruction set; instructions from other extensions are illegal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ALL_INSTRUCTIONS,
  EXTENSION_BIT,
  extensionsIn,
  LEGACY_ISA,
  instructionSet,
  ISA,
  unsupportedIn,
} from '../../../../debug-adapter/engine/machine/cpu/extensions.ts';
import { a, type Item, REGISTER_OPERATIONS } from './assembler.ts';
import { FLOAT_OPERATIONS } from './floatAssembler.ts';
import { type BareOptions, machineWith, START, steps, trapOf } from './bareMachine.ts';

const [T0, A0, A1, A2] = [5, 10, 11, 12];

/** One instruction from each optional extension that adds instructions; a1 holds an address in RAM. */
const SAMPLES: Record<string, number> = {
  zfh: FLOAT_OPERATIONS['fadd.h'].encode({ rd: A0, rs1: A1, rs2: A2 }),
  zfhmin: FLOAT_OPERATIONS['fcvt.h.s'].encode({ rd: A0, rs1: A1 }),
  zbc: REGISTER_OPERATIONS.clmulh(A0, A1, A2),
  zicbom: a.cboClean(A1),
  zicboz: a.cboZero(A1),
  zicond: REGISTER_OPERATIONS['czero.nez'](A0, A1, A2),
  zawrs: a.wrsSto,
};
const WITHOUT_INSTRUCTIONS = ['svpbmt'];

const FS_DIRTY = 3n << 13n;

const without = (name: string): string =>
  ISA.split('_')
    .filter((part) => part !== name)
    .join('_');

/** Runs code, which can use t0 as a loop counter (initially 1000). Returns the cause of the last trap. */
function trapWith(isa: string, items: Item[], options: BareOptions = {}): bigint {
  const machine = machineWith(items, { ...options, isa });
  machine.hart.setSlot('MTVEC', BigInt(START + 0x800));
  machine.hart.setRegister(A1, BigInt(START + 0x907));
  machine.hart.setRegister(T0, 1000n);
  machine.hart.setSlot('MSTATUS', FS_DIRTY);
  for (let piece = 0; piece < 100; piece++) steps(machine, 30);
  if (options.translationThreshold) assert.ok(machine.hart.regionCount > 0);
  return trapOf(machine).cause;
}

test('this test has a sample instruction for each optional extension', () => {
  assert.deepEqual([...Object.keys(SAMPLES), ...WITHOUT_INSTRUCTIONS].sort(), Object.keys(EXTENSION_BIT).sort());
});

for (const [name, sample] of Object.entries(SAMPLES)) {
  test(`${name} instructions are illegal on a machine without the extension, and legal with it`, () => {
    assert.equal(trapWith(ISA, [sample, 'end', a.j('end')]), 0n);
    for (const isa of [without(name), LEGACY_ISA]) {
      assert.equal(trapWith(isa, [sample, 'end', a.j('end')]), 2n, isa);
    }
  });

  test(`${name} instructions are also illegal in translated code`, () => {
    const loop: Item[] = [
      'loop',
      a.addi(T0, T0, -1),
      a.to('loop', (offset) => a.bne(T0, 0, offset)),
      sample,
      'end',
      a.j('end'),
    ];
    for (const translationThreshold of [0, 2]) {
      assert.equal(trapWith(ISA, loop, { translationThreshold }), 0n);
      assert.equal(trapWith(without(name), loop, { translationThreshold }), 2n);
    }
  });
}

test('an unsupported instruction set is rejected, and the message names the missing or unknown extension', () => {
  assert.equal(LEGACY_ISA, 'rv64imafdc_zicsr_zifencei_zba_zbb_zbs_sstc_svinval');
  for (const isa of [LEGACY_ISA, ISA]) assert.equal(unsupportedIn(isa), undefined);
  assert.deepEqual(extensionsIn('rv64imafdc_zicsr_zba'), ['i', 'm', 'a', 'f', 'd', 'c', 'zicsr', 'zba']);
  assert.equal(unsupportedIn('rv32i'), 'rv32i');
  assert.equal(unsupportedIn(''), '');
  assert.equal(unsupportedIn('rv64imafdc_zicsr_zifencei_zba_zbb_sstc_svinval'), 'no zbs');
  assert.equal(unsupportedIn(`${LEGACY_ISA}_zvfoo`), 'zvfoo');
  assert.equal(unsupportedIn(`${LEGACY_ISA}_constructor`), 'constructor');
  assert.equal(instructionSet(LEGACY_ISA).bits, 0);
  assert.equal(
    ALL_INSTRUCTIONS.bits,
    Object.values(EXTENSION_BIT).reduce((all, bit) => all | bit, 0),
  );
});
